/* Real errors for the probe, preloaded (LD_PRELOAD) and chosen by environment variables:
 *
 *   FAULT_SYNC_FAIL_AT=N    the Nth fsync or fdatasync fails with EIO
 *   FAULT_WRITE_FAIL_AT=N   the Nth pwrite fails with ENOSPC
 *   FAULT_WRITE_SHORT_AT=N  the Nth pwrite takes only half of its bytes
 *   FAULT_DELAY_US=N        each fsync and fdatasync takes N us longer
 *   FAULT_NO_TMPFILE=1      O_TMPFILE is refused with EOPNOTSUPP
 *   FAULT_NO_DIRECT=open    O_DIRECT is refused with EINVAL when the file is opened
 *   FAULT_NO_DIRECT=write   ... or at each write
 *   FAULT_MKDIR_PAUSE_US=N  after a directory was made, N us pass; it is announced on stderr
 *   FAULT_COUNT=1           at exit, the bytes that pwrite took are told on stderr
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static atomic_long syncs, writes, written_bytes;

static long number(const char *name)
{
    const char *text = getenv(name);
    return text ? atol(text) : 0;
}

static int is_set(const char *name, const char *value)
{
    const char *text = getenv(name);
    return text && !strcmp(text, value);
}

static void pause_us(long us)
{
    struct timespec rest = {us / 1000000, us % 1000000 * 1000};
    if (us > 0)
        nanosleep(&rest, NULL); /* a signal that is not held back ends it */
}

static int sync_with_faults(const char *name, int fd)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    long count = atomic_fetch_add(&syncs, 1) + 1;
    int result = real(fd);

    pause_us(number("FAULT_DELAY_US"));
    if (count == number("FAULT_SYNC_FAIL_AT")) {
        errno = EIO;
        return -1;
    }
    return result;
}

int fsync(int fd) { return sync_with_faults("fsync", fd); }
int fdatasync(int fd) { return sync_with_faults("fdatasync", fd); }

ssize_t pwrite64(int fd, const void *data, size_t bytes, off64_t offset)
{
    ssize_t (*real)(int, const void *, size_t, off64_t) =
        (ssize_t(*)(int, const void *, size_t, off64_t))dlsym(RTLD_NEXT, "pwrite64");
    long count = atomic_fetch_add(&writes, 1) + 1;

    if (count == number("FAULT_WRITE_FAIL_AT")) {
        errno = ENOSPC;
        return -1;
    }
    if (is_set("FAULT_NO_DIRECT", "write") && fcntl(fd, F_GETFL) & O_DIRECT) {
        errno = EINVAL;
        return -1;
    }
    if (count == number("FAULT_WRITE_SHORT_AT"))
        bytes /= 2;
    ssize_t taken = real(fd, data, bytes, offset);
    if (taken > 0)
        atomic_fetch_add(&written_bytes, taken);
    return taken;
}

ssize_t pwrite(int fd, const void *data, size_t bytes, off_t offset)
{
    return pwrite64(fd, data, bytes, offset);
}

int openat64(int directory, const char *path, int flags, ...)
{
    int (*real)(int, const char *, int, ...) =
        (int (*)(int, const char *, int, ...))dlsym(RTLD_NEXT, "openat64");
    va_list rest;
    va_start(rest, flags);
    mode_t mode = va_arg(rest, mode_t);
    va_end(rest);

    if (number("FAULT_NO_TMPFILE") && (flags & O_TMPFILE) == O_TMPFILE) {
        errno = EOPNOTSUPP;
        return -1;
    }
    if (is_set("FAULT_NO_DIRECT", "open") && flags & O_DIRECT) {
        errno = EINVAL;
        return -1;
    }
    return real(directory, path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = va_arg(rest, mode_t);
    va_end(rest);
    return openat64(AT_FDCWD, path, flags, mode);
}

int mkdirat(int directory, const char *path, mode_t mode)
{
    int (*real)(int, const char *, mode_t) =
        (int (*)(int, const char *, mode_t))dlsym(RTLD_NEXT, "mkdirat");
    int result = real(directory, path, mode);
    long rest_us = number("FAULT_MKDIR_PAUSE_US");

    if (rest_us > 0) {
        fprintf(stderr, "made a directory\n");
        pause_us(rest_us);
    }
    return result;
}

__attribute__((destructor)) static void tell(void)
{
    if (number("FAULT_COUNT"))
        fprintf(stderr, "pwrite took %ld bytes\n", atomic_load(&written_bytes));
}
