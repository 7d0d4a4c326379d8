// SPDX-License-Identifier: Apache-2.0
// The process that holds a plug-in: it maps the buffers of a call between guard pages, calls, and
// says how it ended. It knows no golden value, so that nothing here can be looked up by a kernel.
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "tools/plugin/protocol.h"
#include "tools/plugin/supervise.h"

namespace plumbline::plugin {
namespace {

Control* control = nullptr;
pid_t self = 0;

// A process that the kernel forked shares the control block and the socket, and may run on into
// code that is not for it.
bool is_fork() { return getpid() != self; }

struct Mapped {
  char* base = nullptr;  // of the guard before it
  char* data = nullptr;
};
Mapped mapped[kSlots];

void place_fault(const char* address) {
  for (int i = 0; i < kSlots; ++i) {
    const Buffer& b = control->buffers[i];
    const Mapped& m = mapped[i];
    if (m.base == nullptr || address < m.base || address >= m.base + b.length + 2 * kGuard)
      continue;
    control->fault.slot = i;
    control->fault.before = m.data - address;
    control->fault.past = address - (m.data + b.bytes) + 1;
  }
}

// Nothing that is not safe in a signal handler.
std::uint64_t memory_mib() {
  const int file = open("/proc/self/statm", O_RDONLY);
  char text[32] = {};
  if (file < 0 || read(file, text, sizeof text - 1) <= 0) return 0;
  std::uint64_t pages = 0;
  for (const char* c = text; *c >= '0' && *c <= '9'; ++c)
    pages = 10 * pages + static_cast<std::uint64_t>(*c - '0');
  return pages * kPage >> 20;
}

void on_signal(int number, siginfo_t* info, void* context) {
  if (is_fork()) _exit(128 + number);
  control->fault.signal = number;
  control->fault.memory_mib = memory_mib();
  if (number == SIGSEGV || number == SIGBUS) {
#if defined(__x86_64__)
    const auto* machine = static_cast<const ucontext_t*>(context);
    control->fault.is_write = (machine->uc_mcontext.gregs[REG_ERR] & 2) != 0 ? 1 : 0;
#else
    static_cast<void>(context);
#endif
    place_fault(static_cast<const char*>(info->si_addr));
  }
  _exit(128 + number);
}

void watch_signals() {
  static char stack[1 << 16];
  stack_t alternative{};
  alternative.ss_sp = stack;
  alternative.ss_size = sizeof stack;
  sigaltstack(&alternative, nullptr);
  struct sigaction action {};
  action.sa_sigaction = on_signal;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  for (const int number : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT})
    sigaction(number, &action, nullptr);
}

char* map(const Buffer& b, Mapped& out) {
  void* base = mmap(nullptr, b.length + 2 * kGuard, PROT_NONE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (base == MAP_FAILED) std::abort();
  out.base = static_cast<char*>(base);
  const int access = b.writable != 0 ? PROT_READ | PROT_WRITE : PROT_READ;
  if (mmap(out.base + kGuard, b.length, access, MAP_SHARED | MAP_FIXED, kFile,
           static_cast<off_t>(b.file_offset)) == MAP_FAILED)
    std::abort();
  out.data = out.base + kGuard + b.offset;
  return out.data;
}

void map_all() {
  for (int i = 0; i < kSlots; ++i) {
    mapped[i] = {};
    if (control->buffers[i].length != 0) map(control->buffers[i], mapped[i]);
  }
}

void unmap_all() {
  for (int i = 0; i < kSlots; ++i) {
    if (mapped[i].base != nullptr) munmap(mapped[i].base, control->buffers[i].length + 2 * kGuard);
    mapped[i] = {};
  }
}

template <class T>
T* data(Slot slot) {
  return reinterpret_cast<T*>(mapped[static_cast<int>(slot)].data);
}

void run_call(const plumbline_kernel& kernel) {
  map_all();
  plumbline_case c = control->c;
  c.size = sizeof c;
  c.axis_map = data<std::uint8_t>(Slot::axis_map);
  c.rung = data<std::int32_t>(Slot::rung);
  c.inv_freq = data<double>(Slot::inv_freq);
  c.scaling = data<char>(Slot::scaling);
  c.json = data<char>(Slot::json);
  plumbline_call call = control->call;
  call.size = sizeof call;
  call.c = &c;
  call.position_ids = data<void>(Slot::position_ids);
  call.cu_seqlens = data<std::int32_t>(Slot::cu_seqlens);
  call.q.in = data<void>(Slot::q_in);
  call.k.in = data<void>(Slot::k_in);
  call.q.out = control->in_place != 0 ? data<void>(Slot::q_in) : data<void>(Slot::q_out);
  call.k.out = control->in_place != 0 ? data<void>(Slot::k_in) : data<void>(Slot::k_out);
  // Behind the room for a message lies more, which tells whether it was kept to.
  constexpr std::size_t kRoom = sizeof control->message;
  constexpr char kUntouched = 0x5a;
  static char message[kRoom + kPage];
  std::memset(message, kUntouched, sizeof message);
  message[0] = '\0';
  call.message = message;
  call.message_size = kRoom;
  const plumbline_case told = c;
  const plumbline_call asked = call;
  watch_signals();
  const std::int32_t status =
      control->task == Task::rotate
          ? kernel.rotate(&call)
          : kernel.table(&call, data<void>(Slot::cos), data<void>(Slot::sin));
  if (is_fork()) _exit(0);
  control->status = status;
  std::memcpy(control->message, message, kRoom);
  control->message[kRoom - 1] = '\0';
  control->trespass = std::memcmp(&c, &told, sizeof c) != 0          ? Trespass::its_case
                      : std::memcmp(&call, &asked, sizeof call) != 0 ? Trespass::its_call
                      : std::any_of(message + kRoom, message + sizeof message,
                                    [&](char byte) { return byte != kUntouched; })
                          ? Trespass::its_message
                          : Trespass::none;
  unmap_all();
}

template <std::size_t N>
void copy_text(char (&to)[N], const char* from) {
  std::snprintf(to, N, "%s", from == nullptr ? "" : from);
}

void describe(const plumbline_kernel& kernel) {
  control->abi_version = kernel.abi_version;
  control->kernel_size = kernel.size;
  control->alignment = kernel.alignment;
  control->rotates = kernel.rotate != nullptr;
  control->tables = kernel.table != nullptr;
  copy_text(control->name, kernel.name);
  for (int i = 0; i < PLUMBLINE_DTYPES; ++i) {
    copy_text(control->recipe[i], kernel.recipe[i]);
    control->offers[i] = kernel.recipe[i] != nullptr;
  }
  control->reply = Reply::done;
}

const plumbline_kernel* load(const char* path) {
  void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    copy_text(control->message, dlerror());
    control->reply = Reply::cannot_load;
    return nullptr;
  }
  using Entry = const plumbline_kernel* (*)();
  const auto entry = reinterpret_cast<Entry>(dlsym(library, "plumbline_kernel_v1"));
  const plumbline_kernel* kernel = entry == nullptr ? nullptr : entry();
  if (kernel == nullptr) {
    control->reply = Reply::no_symbol;
  } else if (kernel->abi_version != PLUMBLINE_KERNEL_ABI || kernel->size < sizeof *kernel) {
    control->abi_version = kernel->abi_version;
    control->kernel_size = kernel->size;
    control->reply = Reply::other_abi;
    return nullptr;
  }
  return kernel;
}

void confine(std::uint64_t memory) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  if (memory != 0) {
    const rlimit limit{memory, memory};
    setrlimit(RLIMIT_AS, &limit);
  }
#else
  static_cast<void>(memory);
#endif
  // What a kernel prints is no result of plumbline's.
  dup2(STDERR_FILENO, STDOUT_FILENO);
}

bool answer() {
  const char turn = 1;
  return write(kSocket, &turn, 1) == 1;
}

int serve(const char* path, std::uint64_t memory) {
  void* block = mmap(nullptr, kControlBytes, PROT_READ | PROT_WRITE, MAP_SHARED, kFile, 0);
  if (block == MAP_FAILED) return 1;
  control = static_cast<Control*>(block);
  self = getpid();
  confine(memory);
  watch_signals();
  const plumbline_kernel* kernel = load(path);
  if (is_fork()) _exit(0);
  if (kernel != nullptr) describe(*kernel);
  if (!answer() || kernel == nullptr) return 0;
  for (char turn = 0; read(kSocket, &turn, 1) == 1;) {
    run_call(*kernel);
    control->reply = Reply::done;
    if (!answer()) return 0;
  }
  return 0;
}

}  // namespace
}  // namespace plumbline::plugin

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("plumbline-plugin-host: started by plumbline --plugin, not by hand\n", stderr);
    return 2;
  }
  plumbline::plugin::supervise();
  // The library's own clean-up at exit could hang or crash after everything was answered.
  _exit(plumbline::plugin::serve(argv[1], std::strtoull(argv[2], nullptr, 10)));
}
