/* A slower drive, preloaded (LD_PRELOAD): what makes data durable takes longer, after the real call.
 *
 *   SLOW_DRIVE_US=N,N,...   microseconds, of which each call draws one
 *   SLOW_DRIVE_US=/PATH     ... or a file with one per line
 *   SLOW_DRIVE_SEED=N       of the draws; every process and thread has its own row of them
 *   SLOW_DRIVE_LOG=/PATH    where each delay is logged: the process, and the nanoseconds drawn
 *
 * Delayed are fsync, fdatasync, and write, writev, pwrite, pwritev, pwritev2 on a descriptor that
 * was opened with O_DSYNC or O_SYNC (or with RWF_DSYNC). Writes by io_uring or libaio, and those
 * that libc makes for itself (stdio), pass by. Calls of several threads take their time side by
 * side, as on a drive that has a queue.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static int64_t *delays_ns;
static size_t delays;
static uint64_t seed;
static int log_fd = -1;
static atomic_ullong threads;

static __thread uint64_t state;
static __thread pid_t drawn_by; /* a child has its parent's state, and must not repeat its draws */

/* A test that believes in a slow drive and has none would measure nothing, so it ends here. */
static void give_up(const char *why, const char *what)
{
    fprintf(stderr, "slow_drive: %s: %s\n", why, what);
    _exit(127);
}

static char *text_of(const char *path)
{
    char *text = NULL;
    size_t room = 0;
    FILE *file = fopen(path, "r");

    if (!file || getdelim(&text, &room, '\0', file) < 0)
        give_up("cannot be read", path);
    fclose(file);
    return text;
}

__attribute__((constructor)) static void set_up(void)
{
    const char *text = getenv("SLOW_DRIVE_US"), *number = getenv("SLOW_DRIVE_SEED");
    const char *log = getenv("SLOW_DRIVE_LOG");

    seed = number ? strtoull(number, NULL, 10) : 0;
    if (!text)
        return; /* a program started by the one it is meant for */
    if (*text == '/')
        text = text_of(text);
    for (char *end; *(text += strspn(text, ", \n")); text = end) {
        double us = strtod(text, &end);
        if (end == text || !(us >= 0))
            give_up("no microseconds", text);
        if (!(delays & (delays + 1)))
            delays_ns = realloc(delays_ns, (2 * delays + 2) * sizeof *delays_ns);
        delays_ns[delays++] = (int64_t)(us * 1e3);
    }
    if (!delays)
        give_up("SLOW_DRIVE_US", "empty");
    if (log && (log_fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666)) < 0)
        give_up("cannot be written", log);
}

/* splitmix64 */
static uint64_t draw(void)
{
    pid_t process = getpid();

    if (drawn_by != process) {
        /* The machine's default lets a sleep end 50 us late. */
        prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
        drawn_by = process;
        state = (seed << 48) ^ ((uint64_t)process << 24) ^ atomic_fetch_add(&threads, 1);
    }
    uint64_t mixed = (state += 0x9e3779b97f4a7c15);
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    return mixed ^ (mixed >> 31);
}

/* No signal ends a drive's work early: the end is a point in time, not a length. */
static void take_longer(void)
{
    struct timespec until;
    int kept = errno;
    int64_t ns = delays ? delays_ns[draw() % delays] : 0;

    if (log_fd >= 0)
        dprintf(log_fd, "%d %lld\n", (int)getpid(), (long long)ns);
    if (!ns)
        return;
    clock_gettime(CLOCK_MONOTONIC, &until);
    ns += until.tv_nsec;
    until.tv_sec += ns / 1000000000;
    until.tv_nsec = ns % 1000000000;
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
        ;
    errno = kept;
}

static int is_synced(int fd)
{
    int kept = errno, flags = fcntl(fd, F_GETFL);

    errno = kept;
    return flags >= 0 && flags & O_DSYNC; /* O_SYNC has that bit, too */
}

#define FIND_REAL(name)                                                                            \
    static __typeof__(&name) real;                                                                 \
    if (!real)                                                                                     \
        real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

#define SLOW_SYNC(name)                                                                            \
    int name(int fd)                                                                               \
    {                                                                                              \
        FIND_REAL(name);                                                                           \
        int result = real(fd);                                                                     \
        if (!result)                                                                               \
            take_longer();                                                                         \
        return result;                                                                             \
    }

#define SLOW_WRITE(name, synced, parameters, ...)                                                  \
    ssize_t name parameters                                                                        \
    {                                                                                              \
        FIND_REAL(name);                                                                           \
        ssize_t taken = real(__VA_ARGS__);                                                         \
        if (taken > 0 && (synced))                                                                 \
            take_longer();                                                                         \
        return taken;                                                                              \
    }

typedef const struct iovec *vectors;

SLOW_SYNC(fsync)
SLOW_SYNC(fdatasync)
SLOW_WRITE(write, is_synced(fd), (int fd, const void *data, size_t bytes), fd, data, bytes)
SLOW_WRITE(writev, is_synced(fd), (int fd, vectors data, int count), fd, data, count)
SLOW_WRITE(pwrite, is_synced(fd), (int fd, const void *data, size_t bytes, off_t at), fd, data, bytes, at)
SLOW_WRITE(pwrite64, is_synced(fd), (int fd, const void *data, size_t bytes, off64_t at), fd, data, bytes, at)
SLOW_WRITE(pwritev, is_synced(fd), (int fd, vectors data, int count, off_t at), fd, data, count, at)
SLOW_WRITE(pwritev64, is_synced(fd), (int fd, vectors data, int count, off64_t at), fd, data, count, at)
SLOW_WRITE(pwritev2, flags & (RWF_DSYNC | RWF_SYNC) || is_synced(fd),
           (int fd, vectors data, int count, off_t at, int flags), fd, data, count, at, flags)
SLOW_WRITE(pwritev64v2, flags & (RWF_DSYNC | RWF_SYNC) || is_synced(fd),
           (int fd, vectors data, int count, off64_t at, int flags), fd, data, count, at, flags)
