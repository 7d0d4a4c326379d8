// SPDX-License-Identifier: Apache-2.0
#include "golden/hdf5/gate_child.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <stdexcept>
#include <system_error>

#include "golden/hdf5/file_walk.h"
#include "golden/hdf5/hdf5_handle.h"

namespace plumbline {
namespace {

constexpr unsigned kSeconds = 60;
constexpr std::size_t kMaxMessageBytes = std::size_t{256} << 20;
constexpr rlim_t kMaxExtraMemory = rlim_t{2} << 30;

[[noreturn]] void cannot_start() {
  throw std::runtime_error(fmt::format("cannot start a process to read metadata: {}",
                                       std::generic_category().message(errno)));
}

// Signals of the library end the child without the parent's handlers, which could print or hang.
void confine_child() {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int number : {SIGALRM, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGPIPE}) {
    std::signal(number, SIG_DFL);
  }
  alarm(kSeconds);
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  std::uint64_t pages = 0;
  if (std::ifstream("/proc/self/statm") >> pages) {
    const rlim_t memory = pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE)) + kMaxExtraMemory;
    const rlimit limit{memory, memory};
    setrlimit(RLIMIT_AS, &limit);
  }
  // The C library and sanitizers report there what is no news to the user.
  const int null = ::open("/dev/null", O_WRONLY);
  if (null >= 0) dup2(null, STDERR_FILENO);
}

std::vector<std::uint8_t> walk_message(const std::filesystem::path& path) {
  try {
    return encode(walk_file(path));
  } catch (const std::bad_alloc&) {
    return encode_refusal("its metadata need too much memory");
  } catch (const std::exception& error) {
    return encode_refusal(error.what());
  }
}

// _exit, because the library's exit handlers would flush what the parent is writing elsewhere.
[[noreturn]] void be_child(const std::filesystem::path& path, int to) {
  confine_child();
  const std::vector<std::uint8_t> message = walk_message(path);
  for (std::size_t at = 0; at < message.size();) {
    const ssize_t put = ::write(to, message.data() + at, message.size() - at);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) break;
    at += static_cast<std::size_t>(put);
  }
  _exit(0);
}

// What the child says until it ends, or until it has said too much.
std::vector<std::uint8_t> listen(int from) {
  std::vector<std::uint8_t> message;
  std::array<std::uint8_t, 65536> buffer;
  while (message.size() <= kMaxMessageBytes) {
    const ssize_t got = ::read(from, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    message.insert(message.end(), buffer.begin(), buffer.begin() + got);
  }
  return message;
}

}  // namespace

FileIndex walk_in_child(const std::filesystem::path& path) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) cannot_start();
  const pid_t child = [] {
    const std::lock_guard lock(hdf5_mutex());
    return ::fork();
  }();
  if (child == 0) be_child(path, ends[1]);
  ::close(ends[1]);
  if (child < 0) {
    ::close(ends[0]);
    cannot_start();
  }
  const std::vector<std::uint8_t> message = listen(ends[0]);
  ::close(ends[0]);
  if (message.size() > kMaxMessageBytes) ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (message.size() > kMaxMessageBytes) throw Refused("its metadata are too large");
  try {
    return decode(message);
  } catch (const Refused&) {
    throw;
  } catch (const std::exception&) {
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) {
      throw Refused(fmt::format("HDF5 library was not done with its metadata in {} s", kSeconds));
    }
    throw Refused("HDF5 library failed on its metadata");
  }
}

}  // namespace plumbline
