// deny CALL MASK ERRNO COMMAND...: runs a command to which the system refuses a call, as containers
// do. CALL is `link` (linkat) or `open` (openat with one of the bits of MASK in its flags).
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int count, char **arguments)
{
    if (count < 5)
        return 2;
    int is_link = !strcmp(arguments[1], "link");
    unsigned mask = strtoul(arguments[2], NULL, 0);
    unsigned refusal = SECCOMP_RET_ERRNO | (atoi(arguments[3]) & SECCOMP_RET_DATA);
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, is_link ? SYS_linkat : SYS_openat, 0, 3),
        // Flags are openat's third argument; those of a link are not looked at.
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, mask, 0, is_link ? 0 : 1),
        BPF_STMT(BPF_RET | BPF_K, refusal),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, 2, &program)) {
        perror("seccomp");
        return 99;
    }
    execv(arguments[4], arguments + 4);
    perror(arguments[4]);
    return 98;
}
