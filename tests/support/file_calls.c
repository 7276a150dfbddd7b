/* Faults in the calls that look at or change files below one folder, or the way to it; preloaded
 * (LD_PRELOAD) and chosen by environment variables, which are read at each call:
 *
 *   FILE_CALLS_IN=DIR      which calls are meant: of a path or descriptor in DIR, or on the way to
 *                          it; where a folder above it is looked through, that is for others
 *   FILE_CALLS_CHANGE=1    of them only those that change something
 *   FILE_CALLS_STEP=N      the Nth of them, counted from 1,
 *   FILE_CALLS_DO=ERRNO    fails with that number,
 *   FILE_CALLS_DO=before   or SIGKILL comes before it; of a write, when half is written,
 *   FILE_CALLS_DO=after    or after it
 *   FILE_CALLS_LOG=FD      each of them is told there, a line "NAME PATH"
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_long steps;

enum fate { GO_ON, FAIL, DIE_BEFORE, DIE_AFTER };

static int lies_on_the_way(const char *name, const char *path, const char *folder)
{
    size_t mine = strlen(path), its = strlen(folder);
    if (!strncmp(path, folder, its) && (path[its] == '/' || !path[its]))
        return 1;
    if (!strcmp(name, "stat") || strstr(name, "dir"))
        return 0;
    return !strcmp(path, "/") || (mine < its && !strncmp(path, folder, mine) && folder[mine] == '/');
}

static void path_of(int fd, char *path, size_t size)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    long length = syscall(SYS_readlink, link, path, size - 1);
    path[length < 0 ? 0 : length] = 0;
}

static enum fate fate_of(const char *name, int fd, const char *relative, int changes)
{
    const char *folder = getenv("FILE_CALLS_IN"), *step = getenv("FILE_CALLS_STEP");
    const char *what = getenv("FILE_CALLS_DO"), *log = getenv("FILE_CALLS_LOG");
    char path[8192] = "";
    int kept = errno;

    if (!folder || !*folder || (getenv("FILE_CALLS_CHANGE") && !changes))
        return GO_ON;
    if (relative && *relative == '/') {
        snprintf(path, sizeof path, "%s", relative);
    } else if (fd != AT_FDCWD) {
        path_of(fd, path, 4096);
        if (relative && *relative && strcmp(relative, ".")) {
            size_t length = strlen(path);
            const char *slash = length && path[length - 1] == '/' ? "" : "/";
            snprintf(path + length, sizeof path - length, "%s%s", slash, relative);
        }
    }
    errno = kept;
    if (*path != '/' || !lies_on_the_way(name, path, folder))
        return GO_ON;
    long number = atomic_fetch_add(&steps, 1) + 1;
    if (log)
        dprintf(atoi(log), "%s %s\n", name, path);
    errno = kept;
    if (!step || !what || number != atol(step))
        return GO_ON;
    if (!strcmp(what, "before"))
        return DIE_BEFORE;
    if (!strcmp(what, "after"))
        return DIE_AFTER;
    errno = atoi(what);
    return FAIL;
}

#define REAL(result, name, ...) ((result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name))
#define WITH_FATE(type, failed, changes, name, fd, path, call)                                     \
    enum fate fate = fate_of(#name, fd, path, changes);                                            \
    if (fate == FAIL)                                                                              \
        return failed;                                                                             \
    if (fate == DIE_BEFORE)                                                                        \
        kill(getpid(), SIGKILL);                                                                   \
    type result = call;                                                                            \
    if (fate == DIE_AFTER)                                                                         \
        kill(getpid(), SIGKILL);                                                                   \
    return result;

static int opened(int directory, const char *path, int flags, mode_t mode)
{
    WITH_FATE(int, -1, (flags & O_CREAT) != 0, openat, directory, path,
              REAL(int, openat64, int, const char *, int, ...)(directory, path, flags, mode))
}

int openat64(int directory, const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = va_arg(rest, mode_t);
    va_end(rest);
    return opened(directory, path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = va_arg(rest, mode_t);
    va_end(rest);
    return opened(AT_FDCWD, path, flags, mode);
}

/* After it has failed the descriptor is closed all the same: so does Linux. */
int close(int fd)
{
    enum fate fate = fate_of("close", fd, NULL, 0);
    int number = errno;
    if (fate == DIE_BEFORE)
        kill(getpid(), SIGKILL);
    int result = REAL(int, close, int)(fd);
    if (fate == DIE_AFTER)
        kill(getpid(), SIGKILL);
    if (fate == FAIL) {
        errno = number;
        return -1;
    }
    return result;
}

ssize_t write(int fd, const void *data, size_t bytes)
{
    ssize_t (*real)(int, const void *, size_t) = REAL(ssize_t, write, int, const void *, size_t);
    enum fate fate = fate_of("write", fd, NULL, 1);
    if (fate == FAIL)
        return -1;
    ssize_t taken = real(fd, data, fate == DIE_BEFORE ? bytes / 2 : bytes);
    if (fate != GO_ON)
        kill(getpid(), SIGKILL);
    return taken;
}

ssize_t read(int fd, void *data, size_t bytes)
{
    WITH_FATE(ssize_t, -1, 0, read, fd, NULL,
              REAL(ssize_t, read, int, void *, size_t)(fd, data, bytes))
}

int fsync(int fd) { WITH_FATE(int, -1, 1, fsync, fd, NULL, REAL(int, fsync, int)(fd)) }

int fchmod(int fd, mode_t mode)
{
    WITH_FATE(int, -1, 1, fchmod, fd, NULL, REAL(int, fchmod, int, mode_t)(fd, mode))
}

int fchown(int fd, uid_t user, gid_t group)
{
    WITH_FATE(int, -1, 1, fchown, fd, NULL, REAL(int, fchown, int, uid_t, gid_t)(fd, user, group))
}

int flock(int fd, int how)
{
    WITH_FATE(int, -1, 0, flock, fd, NULL, REAL(int, flock, int, int)(fd, how))
}

int fstat64(int fd, struct stat64 *found)
{
    WITH_FATE(int, -1, 0, fstat, fd, NULL, REAL(int, fstat64, int, struct stat64 *)(fd, found))
}

int fstatat64(int directory, const char *path, struct stat64 *found, int flags)
{
    WITH_FATE(int, -1, 0, fstatat, directory, path,
              REAL(int, fstatat64, int, const char *, struct stat64 *, int)(directory, path, found,
                                                                            flags))
}

int stat64(const char *path, struct stat64 *found)
{
    WITH_FATE(int, -1, 0, stat, AT_FDCWD, path,
              REAL(int, stat64, const char *, struct stat64 *)(path, found))
}

int lstat64(const char *path, struct stat64 *found)
{
    WITH_FATE(int, -1, 0, lstat, AT_FDCWD, path,
              REAL(int, lstat64, const char *, struct stat64 *)(path, found))
}

int faccessat(int directory, const char *path, int mode, int flags)
{
    WITH_FATE(int, -1, 0, faccessat, directory, path,
              REAL(int, faccessat, int, const char *, int, int)(directory, path, mode, flags))
}

ssize_t readlinkat(int directory, const char *path, char *target, size_t size)
{
    WITH_FATE(ssize_t, -1, 0, readlinkat, directory, path,
              REAL(ssize_t, readlinkat, int, const char *, char *, size_t)(directory, path, target,
                                                                           size))
}

ssize_t readlink(const char *path, char *target, size_t size)
{
    WITH_FATE(ssize_t, -1, 0, readlink, AT_FDCWD, path,
              REAL(ssize_t, readlink, const char *, char *, size_t)(path, target, size))
}

ssize_t fgetxattr(int fd, const char *name, void *value, size_t size)
{
    WITH_FATE(ssize_t, -1, 0, fgetxattr, fd, NULL,
              REAL(ssize_t, fgetxattr, int, const char *, void *, size_t)(fd, name, value, size))
}

int fsetxattr(int fd, const char *name, const void *value, size_t size, int flags)
{
    WITH_FATE(int, -1, 1, fsetxattr, fd, NULL,
              REAL(int, fsetxattr, int, const char *, const void *, size_t, int)(fd, name, value,
                                                                                 size, flags))
}

int linkat(int from, const char *old, int to, const char *new, int flags)
{
    WITH_FATE(int, -1, 1, linkat, to, new,
              REAL(int, linkat, int, const char *, int, const char *, int)(from, old, to, new,
                                                                           flags))
}

int link(const char *old, const char *new)
{
    return linkat(AT_FDCWD, old, AT_FDCWD, new, 0);
}

int renameat(int from, const char *old, int to, const char *new)
{
    WITH_FATE(int, -1, 1, renameat, to, new,
              REAL(int, renameat, int, const char *, int, const char *)(from, old, to, new))
}

int rename(const char *old, const char *new)
{
    return renameat(AT_FDCWD, old, AT_FDCWD, new);
}

int renameat2(int from, const char *old, int to, const char *new, unsigned flags)
{
    WITH_FATE(int, -1, 1, renameat2, to, new,
              REAL(int, renameat2, int, const char *, int, const char *, unsigned)(from, old, to,
                                                                                   new, flags))
}

int unlinkat(int directory, const char *path, int flags)
{
    WITH_FATE(int, -1, 1, unlinkat, directory, path,
              REAL(int, unlinkat, int, const char *, int)(directory, path, flags))
}

int unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}

DIR *opendir(const char *path)
{
    WITH_FATE(DIR *, NULL, 0, opendir, AT_FDCWD, path, REAL(DIR *, opendir, const char *)(path))
}

DIR *fdopendir(int fd)
{
    WITH_FATE(DIR *, NULL, 0, fdopendir, fd, NULL, REAL(DIR *, fdopendir, int)(fd))
}

struct dirent64 *readdir64(DIR *stream)
{
    WITH_FATE(struct dirent64 *, NULL, 0, readdir, dirfd(stream), NULL,
              REAL(struct dirent64 *, readdir64, DIR *)(stream))
}

int closedir(DIR *stream)
{
    int fd = dirfd(stream);
    WITH_FATE(int, -1, 0, closedir, fd, NULL, REAL(int, closedir, DIR *)(stream))
}
