/* A drive that lies, preloaded (LD_PRELOAD): what should make data durable returns at once, and well.
 *
 * fsync, fdatasync, sync_file_range and msync do nothing. Writes pass by, those on a descriptor that
 * was opened with O_DSYNC or O_SYNC too, and what io_uring or libaio syncs.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

int fsync(int fd)
{
    (void)fd;
    return 0;
}

int fdatasync(int fd)
{
    (void)fd;
    return 0;
}

int sync_file_range(int fd, off64_t offset, off64_t bytes, unsigned int flags)
{
    (void)fd, (void)offset, (void)bytes, (void)flags;
    return 0;
}

int msync(void *address, size_t bytes, int flags)
{
    (void)address, (void)bytes, (void)flags;
    return 0;
}
