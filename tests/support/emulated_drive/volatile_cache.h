/* What a drive was given and has not yet made durable, in the order in which it came.
 *
 * Two images: `current` has every write, and is what reads see; `durable` has what a flush (or a
 * full cache) brought there, and is what a power cut leaves, with as much of the rest as one says.
 * Thread-safe.
 */
#ifndef VOLATILE_CACHE_H
#define VOLATILE_CACHE_H

#include <stdint.h>
#include <stdio.h>

/* `durable_fd` has the image; `capacity_bytes` is what the cache holds. */
void cache_init(int durable_fd, uint64_t capacity_bytes);

/* A write that is done. Takes a copy. Returns 0 or an errno. */
int cache_add(const void *data, uint64_t offset, uint64_t bytes);

/* How many writes are done by now: what a flush that arrives now must make durable. */
uint64_t cache_written(void);

/* Makes the writes up to that number durable. Returns 0 or an errno. */
int cache_flush(uint64_t written);

/* When a cut was, on the monotonic clock; how many writes the cache held, and how many of them were
 * kept in whole or in part. */
struct cut {
    int64_t at_ns;
    uint64_t held, kept;
};

/* The image as a power cut leaves it, in a new file: "lose" nothing of the cache is kept; "prefix"
 * the oldest of it; "reorder" any of its writes; "torn" any of their sectors. An empty
 * cache is given `wait_ms` to get a write. Returns 0 or an errno. */
int cache_cut(const char *mode, uint64_t seed, unsigned wait_ms, const char *path, struct cut *cut);

#endif
