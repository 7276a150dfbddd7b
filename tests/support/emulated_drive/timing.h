/* When a drive is done with a request: pure arithmetic on times, no clock and no I/O of its own.
 *
 * All times are nanoseconds of one monotonic clock; `now_ns` is handed in. Not thread-safe: the
 * caller holds its lock.
 */
#ifndef TIMING_H
#define TIMING_H

#include <stdint.h>
#include <stdio.h>

enum kind { READ, WRITE, FLUSH, KINDS };

#define MAX_POINTS 16
#define MAX_CHANNELS 1024
#define MAX_EXTENTS 65536

/* A distribution by its quantiles, straight lines between them. */
struct latency {
    int points;
    double quantile[MAX_POINTS], us[MAX_POINTS];
};

/* What is allowed per second; with credits more, until they are used up. */
struct limit {
    double per_s, burst_per_s, credits, max_credits;
    int64_t credited_ns, next_ns;
};

struct extent {
    uint64_t offset, bytes;
};

struct timing {
    struct latency latency[KINDS];
    struct limit operations, bytes;
    int flush_is_operation; /* whether a flush counts against the limit of operations */
    int queue_depth;
    int64_t busy_until_ns[MAX_CHANNELS];
    double overhead_us; /* what the way to this program costs, taken off every latency */

    /* A disk with heads; rotation_us 0: none. */
    double rotation_us, seek_min_us, seek_max_us;
    uint64_t track_bytes, size_bytes, head;

    /* What is written goes to a cache and is drained by a flush, or where it is full. */
    uint64_t cache_bytes;
    double drain_bytes_per_s;
    struct extent pending[MAX_EXTENTS];
    int pending_count;
    uint64_t pending_bytes;

    /* After so many bytes everything is slower by the factor; what is free again refills. */
    double fast_bytes, fast_left, fast_refill_per_s, slow_factor;
    int64_t refilled_ns;

    uint64_t random;
};

/* How much memory a `struct timing` takes. */
uint64_t timing_bytes(void);

/* The defaults: no delay, no limit, 32 at once, no cache. */
void timing_init(struct timing *t, uint64_t size_bytes);

/* One line of the configuration, "key number...". Returns 0, or -1 for what is not known. */
int timing_configure(struct timing *t, const char *line);

/* Once, after the configuration. */
void timing_start(struct timing *t, int64_t now_ns);

/* As after a long load: no credits left, no fast cell free. */
void timing_exhaust(struct timing *t, int64_t now_ns);

/* When a request that arrives now is done. */
int64_t timing_done_ns(struct timing *t, enum kind kind, uint64_t offset, uint64_t bytes,
                       int64_t now_ns);

#endif
