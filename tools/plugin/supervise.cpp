// SPDX-License-Identifier: Apache-2.0
#include "tools/plugin/supervise.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "tools/plugin/protocol.h"

namespace plumbline::plugin {
namespace {

// False where the kernel does not list them.
bool kill_children() {
  std::FILE* list = std::fopen("/proc/thread-self/children", "re");
  if (list == nullptr) return false;
  for (int child = 0; std::fscanf(list, "%d", &child) == 1;) kill(child, SIGKILL);
  std::fclose(list);
  return true;
}

// Children of the dead become children of this process, whatever session they are in: there is
// always one more round until there are none.
void bury_all(pid_t group) {
  kill(-group, SIGKILL);
  for (;;) {
    if (!kill_children()) return;
    pid_t buried = 0;
    while ((buried = waitpid(-1, nullptr, WNOHANG)) > 0) {
    }
    if (buried < 0 && errno == ECHILD) return;
    usleep(500);
  }
}

[[noreturn]] void watch(pid_t host, int deaths) {
  bool told = false;
  while (!told) {
    pollfd watched[] = {{kLeash, POLLIN, 0}, {deaths, POLLIN, 0}};
    if (poll(watched, 2, -1) < 0 && errno != EINTR) break;
    signalfd_siginfo death;
    if (watched[1].revents != 0 && read(deaths, &death, sizeof death) < 0) break;
    int status = 0;
    for (pid_t dead = 0; (dead = waitpid(-1, &status, WNOHANG)) > 0;) {
      if (dead != host) continue;
      send(kLeash, &status, sizeof status, MSG_NOSIGNAL);
      told = true;
    }
    if (watched[0].revents != 0) break;
  }
  bury_all(host);
  _exit(0);
}

}  // namespace

void supervise() {
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  // What is sent to plumbline's group must not keep it from clearing up.
  setsid();
  signal(SIGCHLD, SIG_DFL);
  sigset_t all, before, deaths;
  sigfillset(&all);
  sigemptyset(&deaths);
  sigaddset(&deaths, SIGCHLD);
  sigprocmask(SIG_BLOCK, &all, &before);
  const int file = signalfd(-1, &deaths, SFD_CLOEXEC);
  const pid_t host = fork();
  if (file < 0 || host < 0) _exit(127);
  if (host > 0) {
    close(kSocket);
    close(kFile);
    watch(host, file);
  }
  close(file);
  close(kLeash);
  setsid();
  sigprocmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace plumbline::plugin
