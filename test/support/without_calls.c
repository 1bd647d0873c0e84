// without_calls NUMBER,NUMBER… PROGRAM ARGUMENT…: executes a program for which these system calls don't exist (ENOSYS),
// as an older kernel would have it. Its children inherit that.
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { most = 64 };

int main(int count, char** words) {
  struct sock_filter filter[2 * most + 2];
  unsigned short length = 0;
  if (count < 3) return 2;
  filter[length++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
  for (char* each = strtok(words[1], ","); each != NULL && length < 2 * most; each = strtok(NULL, ",")) {
    filter[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)atoi(each), 0, 1);
    filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
  }
  filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  struct sock_fprog program = {.len = length, .filter = filter};
  // As root no_new_privs isn't needed, which a container's program would see.
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) {
    perror("seccomp");
    return 2;
  }
  execv(words[2], words + 2);
  perror(words[2]);
  return 2;
}
