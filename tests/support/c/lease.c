// lease FILE MILLISECONDS: holds a write lease on a file, as file servers do for their clients, and
// gives it up so long after somebody else wants to open the file. Prints "held" once it has it.
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int count, char **arguments)
{
    if (count != 3)
        return 2;
    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGIO);
    sigprocmask(SIG_BLOCK, &wanted, NULL);
    int file = open(arguments[1], O_RDWR);
    if (file < 0 || fcntl(file, F_SETLEASE, F_WRLCK) < 0) {
        perror(arguments[1]);
        return 1;
    }
    puts("held");
    fflush(stdout);
    sigwaitinfo(&wanted, NULL);
    usleep(atoi(arguments[2]) * 1000);
    return fcntl(file, F_SETLEASE, F_UNLCK) < 0;
}
