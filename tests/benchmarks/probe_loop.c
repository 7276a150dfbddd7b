/* The probe's loop in C: stamp, clock, pwrite, fdatasync, clock. Returns 0, or errno. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int probe_loop(int fd, int64_t *block, int64_t block_bytes, int64_t offset, int64_t file_bytes,
               int64_t count, int64_t *latencies_ns)
{
    int64_t ended_ns = now_ns();

    for (int64_t index = 0; index < count; index++) {
        for (int64_t word = 0; word < block_bytes / 8; word += 512)
            block[word] = ended_ns;
        int64_t started_ns = now_ns();
        if (pwrite(fd, block, (size_t)block_bytes, offset) != block_bytes)
            return errno ? errno : EIO;
        if (fdatasync(fd))
            return errno;
        ended_ns = now_ns();
        latencies_ns[index] = ended_ns - started_ns;
        offset = (offset + block_bytes) % file_bytes;
    }
    return 0;
}
