// The least that any OCI runtime has to do for a container, for comparison: new namespaces, a root file system with
// /proc in it, pivot_root, exec, wait. No cgroup, no /dev, no configuration, no state.
//   bare_clone ROOTFS PROGRAM [ARGUMENT…]
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char **arguments;
static char stack[65536];

static void must(int result, const char *step) {
  if (result >= 0) return;
  perror(step);
  _exit(125);
}

static int container(void *unused) {
  (void)unused;
  const char *root = arguments[1];
  must(mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL), "mount slave");
  must(mount(root, root, NULL, MS_BIND | MS_REC, NULL), "bind root");
  must(chdir(root), "chdir");
  must(mount("proc", "proc", "proc", 0, NULL), "mount proc");
  must((int)syscall(SYS_pivot_root, ".", "."), "pivot_root");
  must(umount2(".", MNT_DETACH), "umount old root");
  must(sethostname("box", 3), "sethostname");
  execv(arguments[2], arguments + 2);
  perror("exec");
  return 127;
}

int main(int count, char **words) {
  if (count < 3) return 2;
  arguments = words;
  const int flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWCGROUP;
  const pid_t child = clone(container, stack + sizeof(stack), flags | SIGCHLD, NULL);
  must(child, "clone");
  int status = 0;
  must(waitpid(child, &status, 0), "waitpid");
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
