// SPDX-License-Identifier: Apache-2.0
#include "tools/plugin/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "golden/file.h"
#include "golden/plain_text.h"
#include "tools/plugin/request.h"

namespace plumbline::plugin {
namespace {

[[noreturn]] void system_failure(const char* what) {
  throw std::runtime_error(
      fmt::format("{} for a plug-in: {}", what, std::generic_category().message(errno)));
}

// Beside the running program, or where the environment says.
std::string host_program() {
  namespace fs = std::filesystem;
  if (const char* told = std::getenv("PLUMBLINE_PLUGIN_HOST")) return told;
  std::error_code none;
  const fs::path self = fs::read_symlink("/proc/self/exe", none);
  const fs::path beside = self.parent_path() / "plumbline-plugin-host";
  if (fs::exists(beside, none)) return beside;
  throw std::runtime_error("plumbline-plugin-host is not beside " + self.string() +
                           "; PLUMBLINE_PLUGIN_HOST names it elsewhere");
}

using Clock = std::chrono::steady_clock;

int left_until(Clock::time_point end) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, INT_MAX));
}

std::string signal_name(int number) {
  const char* name = sigabbrev_np(number);
  return name == nullptr ? fmt::format("signal {}", number) : fmt::format("SIG{}", name);
}

}  // namespace

PluginProcess::PluginProcess(std::string library, Limits limits)
    : library_(std::move(library)), limits_(limits) {
  std::error_code none;
  if (!std::filesystem::is_regular_file(library_, none))
    throw Refused(library_ + ": no such plug-in");
  // dlopen searches the system's folders for a name without a slash.
  library_ = std::filesystem::absolute(library_);
  try {
    start();
    description_ = read_description();
  } catch (...) {
    stop();
    throw;
  }
}

PluginProcess::~PluginProcess() { stop(); }

void PluginProcess::restart() {
  if (fresh_) return;
  stop();
  start();
}

void PluginProcess::start() {
  const std::string host = host_program();
  file_ = memfd_create("plumbline-plugin", MFD_CLOEXEC);
  if (file_ < 0) system_failure("no shared memory");
  reserve(kControlBytes);
  new (memory_) Control{};
  std::array<int, 2> ends{}, leash{};
  for (auto* pair : {&ends, &leash}) {
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair->data()) != 0)
      system_failure("no socket");
  }
  const std::uint64_t cap = limits_.memory_mib == 0 ? 0 : limits_.memory_mib + far_mib_;
  std::string library = library_, memory = fmt::to_string(cap << 20), name = host;
  char* const words[] = {name.data(), library.data(), memory.data(), nullptr};
  supervisor_ = fork();
  if (supervisor_ < 0) system_failure("no process");
  if (supervisor_ == 0) {
    // Out of the way of the targets first; dup2 clears close-on-exec.
    const int socket = fcntl(ends[1], F_DUPFD, 10), file = fcntl(file_, F_DUPFD, 10),
              held = fcntl(leash[1], F_DUPFD, 10);
    if (dup2(socket, kSocket) < 0 || dup2(file, kFile) < 0 || dup2(held, kLeash) < 0) _exit(127);
    close_range(kLeash + 1, ~0U, 0);
    execv(words[0], words);
    _exit(127);
  }
  close(ends[1]);
  close(leash[1]);
  socket_ = ends[0];
  leash_ = leash[0];
  bool late = false;
  if (!wait_for_answer(late)) {
    const Result result = ended(late);
    throw PluginFailed(library_ + ": while being loaded, the plug-in " + result.why);
  }
  fresh_ = true;
}

void PluginProcess::stop() {
  if (socket_ >= 0) close(socket_);
  if (supervisor_ > 0) bury();
  if (leash_ >= 0) close(leash_);
  if (memory_ != nullptr) munmap(memory_, size_);
  if (file_ >= 0) close(file_);
  socket_ = file_ = leash_ = -1;
  memory_ = nullptr;
  size_ = 0;
}

// Waits until the supervisor has killed everything. It shares a user with the plug-in, which may
// have stopped it.
int PluginProcess::bury() {
  constexpr auto kPatience = std::chrono::seconds(5);
  shutdown(leash_, SHUT_WR);
  const auto end = Clock::now() + kPatience;
  int status = 0;
  for (pollfd watched{leash_, POLLIN, 0};;) {
    const int ready = poll(&watched, 1, left_until(end));
    if (ready < 0 && errno == EINTR) continue;
    if (ready == 0) kill(supervisor_, SIGKILL);
    // A status that nobody waited for comes before the end.
    if (ready <= 0 || recv(leash_, &status, sizeof status, 0) <= 0) break;
  }
  while (waitpid(supervisor_, &status, 0) < 0 && errno == EINTR) {
  }
  supervisor_ = -1;
  return status;
}

void PluginProcess::reserve(std::uint64_t bytes) {
  if (bytes <= size_) return;
  if (ftruncate(file_, static_cast<off_t>(bytes)) != 0) system_failure("no shared memory");
  void* at = memory_ == nullptr ? mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file_, 0)
                                : mremap(memory_, size_, bytes, MREMAP_MAYMOVE);
  if (at == MAP_FAILED) system_failure("no shared memory");
  memory_ = static_cast<std::byte*>(at);
  size_ = bytes;
}

bool PluginProcess::wait_for_answer(bool& late) {
  const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                      std::chrono::duration<double>(limits_.seconds));
  // Neither an end of the socket nor its lack says how the process is: the plug-in may close it, or
  // hand it to a process of its own.
  pollfd watched[] = {{socket_, POLLIN, 0}, {leash_, POLLIN, 0}};
  for (;;) {
    const int ready = poll(watched, 2, left_until(end));
    if (ready < 0 && errno == EINTR) continue;
    late = ready == 0;
    if (ready <= 0) return false;
    char turn = 0;
    // Of a process that answered and ended, the answer counts.
    if (recv(socket_, &turn, 1, MSG_DONTWAIT) == 1) return true;
    if (watched[1].revents != 0) return false;
    watched[0].fd = -1;
  }
}

// Says why the process no longer answers, and buries it.
Result PluginProcess::ended(bool late) {
  const Fault fault = reinterpret_cast<const Control*>(memory_)->fault;
  if (late) {
    stop();
    return {Trouble::timed_out, fmt::format("timed out after {:g} s", limits_.seconds), false};
  }
  int status = 0;
  // A supervisor that did not come to tell died itself.
  if (recv(leash_, &status, sizeof status, 0) != sizeof status) status = bury();
  stop();
  if (fault.signal != 0) {
    Result result = describe_fault(fault);
    const std::uint64_t cap = limits_.memory_mib + far_mib_;
    if (limits_.memory_mib != 0 && fault.memory_mib > far_mib_ + limits_.memory_mib / 4 * 3)
      result.why += fmt::format(", at {} of the {} MiB that it may have", fault.memory_mib, cap);
    return result;
  }
  if (WIFSIGNALED(status))
    return {Trouble::crashed, "crashed with " + signal_name(WTERMSIG(status)), false};
  return {Trouble::crashed, fmt::format("ended the process with exit code {}", WEXITSTATUS(status)),
          false};
}

Description PluginProcess::read_description() {
  const Control& control = *reinterpret_cast<const Control*>(memory_);
  switch (control.reply) {
    case Reply::cannot_load:
      throw Refused(library_ + ": cannot be loaded: " + in_one_line(control.message));
    case Reply::no_symbol:
      throw Refused(library_ + ": has no plumbline_kernel_v1, or it returned null");
    case Reply::other_abi:
      throw Refused(fmt::format("{}: abi_version {} with a struct of {} bytes: must be {} with {}",
                                library_, control.abi_version, control.kernel_size,
                                PLUMBLINE_KERNEL_ABI, sizeof(plumbline_kernel)));
    default:
      break;
  }
  Description out;
  out.name = control.name;
  const auto legal = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || std::strchr("._+-", c) != nullptr;
  };
  if (out.name.empty() || !std::all_of(out.name.begin(), out.name.end(), legal))
    throw Refused(library_ + ": name = '" + in_one_line(out.name) +
                  "': must be letters, digits and ._+-");
  out.alignment = control.alignment;
  if (out.alignment > kPage || (out.alignment & (out.alignment - 1)) != 0)
    throw Refused(fmt::format("{}: alignment = {}: must be a power of two up to {}", library_,
                              out.alignment, kPage));
  bool any = false;
  for (int i = 0; i < PLUMBLINE_DTYPES; ++i) {
    if (control.offers[i] != 0) out.recipe[i] = control.recipe[i];
    any = any || control.offers[i] != 0;
  }
  out.rotates = control.rotates != 0;
  out.tables = control.tables != 0;
  if (!any || (!out.rotates && !out.tables))
    throw Refused(library_ + ": offers nothing: recipe and rotate or table must not all be null");
  return out;
}

Result PluginProcess::run(CallBytes& call) {
  const Layout layout(call, description_.alignment);
  // The cap is on what the kernel takes: the holes of a call's tensors come on top of it. A process
  // keeps the cap that it started with.
  if (layout.far_bytes() > far_mib_ << 20) {
    stop();
    far_mib_ = (layout.far_bytes() >> 20) + 1;
  }
  if (supervisor_ < 0) start();
  fresh_ = false;
  reserve(layout.end());
  layout.write(memory_);
  const char turn = 1;
  bool late = false;
  // Where nobody listens, how the process ended is waited for.
  ::send(socket_, &turn, 1, MSG_NOSIGNAL);
  if (!wait_for_answer(late)) return ended(late);
  Control& control = *reinterpret_cast<Control*>(memory_);
  Result result = layout.check(memory_);
  constexpr std::string_view kTrespasses[] = {"", "wrote to the plumbline_case, which is an input",
                                              "wrote to the plumbline_call, which is an input",
                                              "wrote past the end of its message"};
  const auto trespass = static_cast<std::size_t>(control.trespass);
  if (result.trouble == Trouble::none && trespass > 0 && trespass < std::size(kTrespasses)) {
    result.trouble =
        control.trespass == Trespass::its_message ? Trouble::wrote_outside : Trouble::wrote_input;
    result.why = kTrespasses[trespass];
  }
  if (result.trouble == Trouble::none && control.status == PLUMBLINE_UNSUPPORTED) {
    result.refused = true;
    control.message[sizeof control.message - 1] = '\0';
    result.why = control.message;
    CallBytes after = call;
    layout.read(memory_, after);
    if (after.q.out != call.q.out || after.k.out != call.k.out || after.q.in != call.q.in ||
        after.k.in != call.k.in || after.cos != call.cos || after.sin != call.sin)
      result = {Trouble::refused_late, "returned unsupported after it had written", false};
  } else if (result.trouble == Trouble::none && control.status != PLUMBLINE_DONE) {
    result.trouble = Trouble::failed;
    result.why = fmt::format("returned {}", control.status);
  }
  layout.read(memory_, call);
  return result;
}

}  // namespace plumbline::plugin
