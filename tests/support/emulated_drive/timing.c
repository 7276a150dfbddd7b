#include "timing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_US 1e3
#define NS_PER_S 1e9

/* splitmix64: https://prng.di.unimi.it/splitmix64.c has the constants. */
static double draw(struct timing *t)
{
    uint64_t z = (t->random += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return (double)((z ^ (z >> 31)) >> 11) / 9007199254740992.0;
}

static double latency_us(struct timing *t, enum kind kind)
{
    const struct latency *l = &t->latency[kind];
    double at = draw(t);
    int right = 0;
    while (right < l->points && l->quantile[right] < at)
        right++;
    if (l->points == 0)
        return 0;
    if (right == 0)
        return l->us[0];
    if (right == l->points)
        return l->us[l->points - 1];
    double share = (at - l->quantile[right - 1]) / (l->quantile[right] - l->quantile[right - 1]);
    return l->us[right - 1] + share * (l->us[right] - l->us[right - 1]);
}

/* When the limit lets something of that cost pass. */
static int64_t allowed_ns(struct limit *limit, double cost, int64_t now_ns)
{
    if (limit->per_s <= 0)
        return now_ns;
    double rate = limit->per_s;
    if (limit->burst_per_s > 0) {
        limit->credits += (double)(now_ns - limit->credited_ns) / NS_PER_S * limit->per_s - cost;
        limit->credited_ns = now_ns;
        if (limit->credits > limit->max_credits)
            limit->credits = limit->max_credits;
        if (limit->credits > 0)
            rate = limit->burst_per_s;
        else
            limit->credits = 0;
    }
    int64_t start_ns = limit->next_ns > now_ns ? limit->next_ns : now_ns;
    limit->next_ns = start_ns + (int64_t)(cost / rate * NS_PER_S);
    return start_ns;
}

/* How much slower the drive is, now that so much more is written. */
static double slowdown(struct timing *t, uint64_t bytes, int64_t now_ns)
{
    if (t->fast_bytes <= 0)
        return 1;
    t->fast_left += (double)(now_ns - t->refilled_ns) / NS_PER_S * t->fast_refill_per_s;
    t->refilled_ns = now_ns;
    if (t->fast_left > t->fast_bytes)
        t->fast_left = t->fast_bytes;
    if (t->fast_left <= 0)
        return t->slow_factor;
    t->fast_left -= (double)bytes;
    return 1;
}

/* The head's way to an extent, the wait until it comes round, and the transfer. */
static double access_us(struct timing *t, uint64_t offset, uint64_t bytes, double at_us)
{
    double us = 0;
    if (offset != t->head) {
        uint64_t far = offset > t->head ? offset - t->head : t->head - offset;
        if (far >= t->track_bytes)
            us += t->seek_min_us +
                  (t->seek_max_us - t->seek_min_us) * sqrt((double)far / (double)t->size_bytes);
    }
    double target = (double)(offset % t->track_bytes) / (double)t->track_bytes * t->rotation_us;
    double wait = fmod(target - fmod(at_us + us, t->rotation_us), t->rotation_us);
    us += wait < 0 ? wait + t->rotation_us : wait;
    us += (double)bytes / (double)t->track_bytes * t->rotation_us;
    t->head = offset + bytes;
    return us;
}

static int by_offset(const void *left, const void *right)
{
    uint64_t a = ((const struct extent *)left)->offset, b = ((const struct extent *)right)->offset;
    return a < b ? -1 : a > b;
}

/* The cache, written out from its lowest place to its highest; neighbours go together. */
static double drain_us(struct timing *t, double at_us)
{
    double us = 0;
    if (t->drain_bytes_per_s > 0)
        us += (double)t->pending_bytes / t->drain_bytes_per_s * 1e6;
    if (t->rotation_us > 0) {
        qsort(t->pending, (size_t)t->pending_count, sizeof t->pending[0], by_offset);
        for (int i = 0; i < t->pending_count;) {
            uint64_t begin = t->pending[i].offset, end = begin + t->pending[i].bytes;
            for (i++; i < t->pending_count && t->pending[i].offset <= end; i++)
                if (t->pending[i].offset + t->pending[i].bytes > end)
                    end = t->pending[i].offset + t->pending[i].bytes;
            us += access_us(t, begin, end - begin, at_us + us);
        }
    }
    t->pending_count = 0;
    t->pending_bytes = 0;
    return us;
}

static double service_us(struct timing *t, enum kind kind, uint64_t offset, uint64_t bytes,
                         double at_us)
{
    double us = latency_us(t, kind);
    if (kind == FLUSH)
        return us + drain_us(t, at_us);
    if (kind == WRITE && t->cache_bytes > 0) {
        if (t->pending_bytes + bytes > t->cache_bytes || t->pending_count == MAX_EXTENTS)
            us += drain_us(t, at_us);
        t->pending[t->pending_count++] = (struct extent){offset, bytes};
        t->pending_bytes += bytes;
        return us;
    }
    return t->rotation_us > 0 ? us + access_us(t, offset, bytes, at_us + us) : us;
}

uint64_t timing_bytes(void)
{
    return sizeof(struct timing);
}

void timing_init(struct timing *t, uint64_t size_bytes)
{
    memset(t, 0, sizeof *t);
    t->queue_depth = 32;
    t->size_bytes = size_bytes;
    t->slow_factor = 1;
}

void timing_start(struct timing *t, int64_t now_ns)
{
    t->fast_left = t->fast_bytes;
    t->refilled_ns = now_ns;
    t->operations.credits = t->operations.max_credits;
    t->operations.credited_ns = now_ns;
    t->bytes.credits = t->bytes.max_credits;
    t->bytes.credited_ns = now_ns;
}

void timing_exhaust(struct timing *t, int64_t now_ns)
{
    timing_start(t, now_ns);
    t->fast_left = 0;
    t->operations.credits = 0;
    t->bytes.credits = 0;
}

int64_t timing_done_ns(struct timing *t, enum kind kind, uint64_t offset, uint64_t bytes,
                       int64_t now_ns)
{
    int64_t start_ns = now_ns, limit_ns = now_ns;
    int channel = 0;
    for (int i = 1; i < t->queue_depth; i++)
        if (t->busy_until_ns[i] < t->busy_until_ns[channel])
            channel = i;
    if (t->busy_until_ns[channel] > start_ns)
        start_ns = t->busy_until_ns[channel];

    double slower = kind == READ ? 1 : slowdown(t, bytes, now_ns);
    if (kind != FLUSH || t->flush_is_operation)
        limit_ns = allowed_ns(&t->operations, 1, now_ns);
    if (bytes > 0) {
        int64_t ns = allowed_ns(&t->bytes, (double)bytes * slower, now_ns);
        limit_ns = ns > limit_ns ? ns : limit_ns;
    }
    if (limit_ns > start_ns)
        start_ns = limit_ns;
    double us = service_us(t, kind, offset, bytes, (double)start_ns / NS_PER_US) * slower;
    int64_t done_ns = start_ns + (int64_t)(us * NS_PER_US);
    t->busy_until_ns[channel] = done_ns;
    done_ns -= (int64_t)(t->overhead_us * NS_PER_US);
    return done_ns > now_ns ? done_ns : now_ns;
}

static int set_latency(struct latency *latency, const char *text)
{
    int read;
    double quantile, us;
    latency->points = 0;
    for (; sscanf(text, " %lf:%lf%n", &quantile, &us, &read) == 2; text += read) {
        if (latency->points == MAX_POINTS)
            return -1;
        latency->quantile[latency->points] = quantile;
        latency->us[latency->points++] = us;
    }
    return *text == '\0' && latency->points > 0 ? 0 : -1;
}

int timing_configure(struct timing *t, const char *line)
{
    char key[64];
    int read = 0;
    if (sscanf(line, "%63s %n", key, &read) != 1)
        return -1;
    const char *text = line + read;
    if (strcmp(key, "read_us") == 0)
        return set_latency(&t->latency[READ], text);
    if (strcmp(key, "write_us") == 0)
        return set_latency(&t->latency[WRITE], text);
    if (strcmp(key, "flush_us") == 0)
        return set_latency(&t->latency[FLUSH], text);

    char *end;
    double number = strtod(text, &end);
    if (end == text || *end != '\0')
        return -1;
    const struct {
        const char *key;
        double *where;
    } numbers[] = {
        {"ops_per_s", &t->operations.per_s},
        {"burst_ops_per_s", &t->operations.burst_per_s},
        {"burst_ops", &t->operations.max_credits},
        {"bytes_per_s", &t->bytes.per_s},
        {"burst_bytes_per_s", &t->bytes.burst_per_s},
        {"burst_bytes", &t->bytes.max_credits},
        {"rotation_us", &t->rotation_us},
        {"seek_min_us", &t->seek_min_us},
        {"seek_max_us", &t->seek_max_us},
        {"drain_bytes_per_s", &t->drain_bytes_per_s},
        {"fast_bytes", &t->fast_bytes},
        {"fast_refill_bytes_per_s", &t->fast_refill_per_s},
        {"slow_factor", &t->slow_factor},
        {"overhead_us", &t->overhead_us},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (strcmp(key, numbers[i].key) == 0) {
            *numbers[i].where = number;
            return 0;
        }
    if (strcmp(key, "queue_depth") == 0 && number >= 1 && number <= MAX_CHANNELS)
        t->queue_depth = (int)number;
    else if (strcmp(key, "flush_is_operation") == 0)
        t->flush_is_operation = number != 0;
    else if (strcmp(key, "track_bytes") == 0)
        t->track_bytes = (uint64_t)number;
    else if (strcmp(key, "cache_bytes") == 0)
        t->cache_bytes = (uint64_t)number;
    else if (strcmp(key, "seed") == 0)
        t->random = (uint64_t)number;
    else
        return -1;
    return 0;
}
