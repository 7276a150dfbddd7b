/* What a program's calls took that write to files or sync them, as the program itself waited for
 * them; preloaded (LD_PRELOAD).
 *
 *   TIMED_CALLS_LOG=/PATH   a line for each: "sync" or "write", when it ended, on the monotonic
 *                           clock, what it took, both in ns, and the file
 *
 * Timed are fsync, fdatasync, write, pwrite and pwritev; a call that fails is left out. The line is
 * written after the clock was stopped. Writes by io_uring or libaio pass by.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static int log_fd = -1;

/* A test that believes in times and has none would compare nothing, so the program ends here. */
__attribute__((constructor)) static void set_up(void)
{
    const char *path = getenv("TIMED_CALLS_LOG");

    if (path && (log_fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC)) < 0) {
        fprintf(stderr, "timed_calls: cannot be written: %s\n", path);
        _exit(127);
    }
}

static int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void tell(const char *kind, int fd, int64_t started_ns)
{
    char link[64], path[4096];
    int64_t ended_ns = now_ns();
    int kept = errno;

    if (log_fd < 0 || fd == log_fd)
        return;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length > 0 && *path == '/')
        dprintf(log_fd, "%s %lld %lld %.*s\n", kind, (long long)ended_ns,
                (long long)(ended_ns - started_ns), (int)length, path);
    errno = kept;
}

#define TIMED(kind, type, name, parameters, ...)                                                   \
    type name parameters                                                                           \
    {                                                                                              \
        static __typeof__(&name) real;                                                             \
        if (!real)                                                                                 \
            real = (__typeof__(&name))dlsym(RTLD_NEXT, #name);                                     \
        int64_t started_ns = now_ns();                                                             \
        type result = real(__VA_ARGS__);                                                           \
        if (result >= 0)                                                                           \
            tell(kind, fd, started_ns);                                                            \
        return result;                                                                             \
    }

typedef const struct iovec *vectors;

TIMED("sync", int, fsync, (int fd), fd)
TIMED("sync", int, fdatasync, (int fd), fd)
TIMED("write", ssize_t, write, (int fd, const void *data, size_t bytes), fd, data, bytes)
TIMED("write", ssize_t, pwrite, (int fd, const void *data, size_t bytes, off_t at), fd, data, bytes, at)
TIMED("write", ssize_t, pwrite64, (int fd, const void *data, size_t bytes, off64_t at), fd, data, bytes, at)
TIMED("write", ssize_t, pwritev, (int fd, vectors data, int count, off_t at), fd, data, count, at)
TIMED("write", ssize_t, pwritev64, (int fd, vectors data, int count, off64_t at), fd, data, count, at)
