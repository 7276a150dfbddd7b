#define _GNU_SOURCE
#include "volatile_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SECTOR_BYTES 512

struct entry {
    struct entry *next;
    uint64_t offset, bytes;
    unsigned char data[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t has_write;
static struct entry *oldest, **newest = &oldest;
static uint64_t written, dropped, held_bytes, capacity_bytes;
static int durable_fd;

void cache_init(int fd, uint64_t capacity)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&has_write, &attributes);
    durable_fd = fd;
    capacity_bytes = capacity;
}

static int write_all(int fd, const unsigned char *data, uint64_t bytes, uint64_t offset)
{
    while (bytes > 0) {
        ssize_t done = pwrite(fd, data, bytes, (off_t)offset);
        if (done < 0)
            return errno;
        data += done, offset += (uint64_t)done, bytes -= (uint64_t)done;
    }
    return 0;
}

static int make_oldest_durable(void)
{
    struct entry *entry = oldest;
    int error = write_all(durable_fd, entry->data, entry->bytes, entry->offset);
    if (error)
        return error;
    oldest = entry->next;
    if (oldest == NULL)
        newest = &oldest;
    held_bytes -= entry->bytes;
    dropped++;
    free(entry);
    return 0;
}

int cache_add(const void *data, uint64_t offset, uint64_t bytes)
{
    struct entry *entry = malloc(sizeof *entry + bytes);
    if (entry == NULL)
        return ENOMEM;
    *entry = (struct entry){.offset = offset, .bytes = bytes};
    memcpy(entry->data, data, bytes);
    pthread_mutex_lock(&lock);
    *newest = entry;
    newest = &entry->next;
    held_bytes += bytes;
    written++;
    int error = 0;
    while (!error && held_bytes > capacity_bytes)
        error = make_oldest_durable();
    pthread_cond_signal(&has_write);
    pthread_mutex_unlock(&lock);
    return error;
}

uint64_t cache_written(void)
{
    pthread_mutex_lock(&lock);
    uint64_t now = written;
    pthread_mutex_unlock(&lock);
    return now;
}

int cache_flush(uint64_t upto)
{
    int error = 0;
    pthread_mutex_lock(&lock);
    while (!error && oldest != NULL && dropped < upto)
        error = make_oldest_durable();
    pthread_mutex_unlock(&lock);
    return error;
}

/* A clone where the file system can, else a copy of what is no hole. */
static int copy_image(int to)
{
    struct stat status;
    if (fstat(durable_fd, &status) || ftruncate(to, status.st_size))
        return errno;
    if (ioctl(to, FICLONE, durable_fd) == 0)
        return 0;
    for (off_t at = 0; (at = lseek(durable_fd, at, SEEK_DATA)) >= 0;) {
        off_t end = lseek(durable_fd, at, SEEK_HOLE);
        if (lseek(to, at, SEEK_SET) < 0)
            return errno;
        while (at < end) {
            ssize_t done = copy_file_range(durable_fd, &at, to, NULL, (size_t)(end - at), 0);
            if (done <= 0)
                return done ? errno : EIO;
        }
    }
    return errno == ENXIO ? 0 : errno; /* ENXIO: no data beyond */
}

static int keep_sectors(int to, const struct entry *entry, unsigned *random)
{
    int kept = 0;
    for (uint64_t at = 0; at < entry->bytes; at += SECTOR_BYTES) {
        uint64_t bytes = entry->bytes - at < SECTOR_BYTES ? entry->bytes - at : SECTOR_BYTES;
        if (rand_r(random) % 2 == 0)
            continue;
        int error = write_all(to, entry->data + at, bytes, entry->offset + at);
        if (error)
            return -error;
        kept = 1;
    }
    return kept;
}

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* With the lock held. */
static void await_write(unsigned wait_ms)
{
    int64_t end_ns = now_ns() + wait_ms * 1000000LL;
    struct timespec end = {end_ns / 1000000000LL, end_ns % 1000000000LL};
    while (oldest == NULL && pthread_cond_timedwait(&has_write, &lock, &end) == 0)
        ;
}

int cache_cut(const char *mode, uint64_t seed, unsigned wait_ms, const char *path, struct cut *cut)
{
    int all = strcmp(mode, "lose") == 0, prefix = strcmp(mode, "prefix") == 0;
    int torn = strcmp(mode, "torn") == 0;
    unsigned random = (unsigned)seed;
    if (!all && !prefix && !torn && strcmp(mode, "reorder") != 0)
        return EINVAL;
    int to = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (to < 0)
        return errno;
    pthread_mutex_lock(&lock);
    await_write(wait_ms);
    *cut = (struct cut){.at_ns = now_ns(), .held = written - dropped};
    int error = copy_image(to);
    uint64_t first = prefix ? (uint64_t)rand_r(&random) % (cut->held + 1) : 0, number = 0;
    for (const struct entry *entry = oldest; !error && entry != NULL; entry = entry->next) {
        int part = 0;
        if (torn)
            part = keep_sectors(to, entry, &random);
        else if (!all && (prefix ? number < first : rand_r(&random) % 2)) {
            part = write_all(to, entry->data, entry->bytes, entry->offset);
            part = part ? -part : 1;
        }
        error = part < 0 ? -part : 0;
        cut->kept += part > 0;
        number++;
    }
    pthread_mutex_unlock(&lock);
    if (close(to) && !error)
        error = errno;
    return error;
}
