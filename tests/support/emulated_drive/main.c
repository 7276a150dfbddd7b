/* One file, "drive", on FUSE: for a loop device, a drive of the given speed and failings.
 *
 *     emulated-drive MOUNTPOINT CURRENT DURABLE|- SIZE_BYTES <commands
 *
 * The configuration comes first on standard input, a line for each figure (timing.c has the keys,
 * and "lies 1" for a drive that says that a flush is done and does nothing), then "start". After
 * the answer "ready" each line is a command, answered by one line, "ok ..." or "error ERRNO":
 *
 *     cut MODE SEED WAIT_MS PATH   the drive as a power cut now leaves it (volatile_cache.h): when,
 *                            the writes in its cache, how many of them were kept
 *     fail KIND COUNT ERRNO  after so many further reads, writes or flushes all of them fail
 *     counts                 the reads, writes and flushes so far, the bytes read and written, and
 *                            the nanoseconds that reads, writes and flushes took in here
 *     configure KEY ...      another figure from now on
 *     restart                with full credits and fast cells, as after a long rest
 *     exhaust                with neither, as after a long load
 *
 * It ends, and the mount with it, when standard input does.
 */
#define FUSE_USE_VERSION 312
#define _GNU_SOURCE
#include "timing.h"
#include "volatile_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define NAME "drive"
#define INODE 2
#define FOREVER_S 1e9
#define LINE_BYTES 4096
#define THREADS 256
#define REQUEST_BYTES (1u << 20)
#define LATE_STEP_NS 250
#define MOST_LATE_NS 100000

static struct timing timing;
static pthread_mutex_t timing_lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t size_bytes, counts[KINDS], moved_bytes[KINDS], fails_after[KINDS];
static _Atomic int64_t took_ns[KINDS];
static int fails_with[KINDS], current_fd, has_cache, lies;

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* Until then, and no longer: a virtual machine that wakes from a longer sleep takes longer to do so,
 * by tens of microseconds. The median of how late the kernel wakes us, for each kind of request, is
 * taken off the sleep, and what is left of it is waited for awake. */
static void sleep_until(enum kind kind, int64_t ns)
{
    static _Atomic int64_t late_ns[KINDS];
    int64_t early_ns = late_ns[kind], wake_ns = ns - early_ns;
    if (now_ns() < wake_ns) {
        struct timespec until = {wake_ns / 1000000000LL, wake_ns % 1000000000LL};
        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
            ;
        int64_t was_late_ns = now_ns() - wake_ns;
        if (was_late_ns > early_ns && early_ns < MOST_LATE_NS)
            late_ns[kind] += LATE_STEP_NS;
        else if (was_late_ns < early_ns)
            late_ns[kind] -= LATE_STEP_NS;
    }
    while (now_ns() < ns)
        ;
}

/* When a request came, and when it is done. */
struct service {
    int64_t came_ns, done_ns;
};

/* Counts a request; 0 or the errno with which it fails. */
static int admit(enum kind kind, uint64_t offset, uint64_t bytes, struct service *service)
{
    pthread_mutex_lock(&timing_lock);
    service->came_ns = now_ns();
    service->done_ns = timing_done_ns(&timing, kind, offset, bytes, service->came_ns);
    counts[kind]++;
    moved_bytes[kind] += bytes;
    int error = fails_with[kind] && counts[kind] > fails_after[kind] ? fails_with[kind] : 0;
    pthread_mutex_unlock(&timing_lock);
    return error;
}

static void wait_for(enum kind kind, const struct service *service)
{
    sleep_until(kind, service->done_ns);
    took_ns[kind] += now_ns() - service->came_ns;
}

static void stat_of(fuse_ino_t inode, struct stat *status)
{
    *status = (struct stat){.st_ino = inode, .st_nlink = 1, .st_mode = S_IFDIR | 0755};
    if (inode == INODE) {
        status->st_mode = S_IFREG | 0600;
        status->st_size = (off_t)size_bytes;
        status->st_blocks = status->st_size / 512;
    }
}

static void on_lookup(fuse_req_t request, fuse_ino_t parent, const char *name)
{
    if (parent != FUSE_ROOT_ID || strcmp(name, NAME) != 0) {
        fuse_reply_err(request, ENOENT);
        return;
    }
    struct fuse_entry_param entry = {
        .ino = INODE, .attr_timeout = FOREVER_S, .entry_timeout = FOREVER_S};
    stat_of(INODE, &entry.attr);
    fuse_reply_entry(request, &entry);
}

static void on_getattr(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *file)
{
    (void)file;
    struct stat status;
    stat_of(inode, &status);
    fuse_reply_attr(request, &status, FOREVER_S);
}

static void on_setattr(fuse_req_t request, fuse_ino_t inode, struct stat *to, int what,
                       struct fuse_file_info *file)
{
    (void)to, (void)what;
    on_getattr(request, inode, file);
}

static void on_open(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *file)
{
    (void)inode;
    file->direct_io = 1;
    fuse_reply_open(request, file);
}

static void on_read(fuse_req_t request, fuse_ino_t inode, size_t bytes, off_t offset,
                    struct fuse_file_info *file)
{
    (void)inode, (void)file;
    struct service service;
    int error = admit(READ, (uint64_t)offset, bytes, &service);
    void *data = malloc(bytes);
    ssize_t got = data ? pread(current_fd, data, bytes, offset) : -1;
    if (got < 0)
        error = error ? error : data ? errno : ENOMEM;
    wait_for(READ, &service);
    if (error)
        fuse_reply_err(request, error);
    else
        fuse_reply_buf(request, data, (size_t)got);
    free(data);
}

static void on_write(fuse_req_t request, fuse_ino_t inode, const char *data, size_t bytes,
                     off_t offset, struct fuse_file_info *file)
{
    (void)inode, (void)file;
    struct service service;
    int error = admit(WRITE, (uint64_t)offset, bytes, &service);
    if (!error && pwrite(current_fd, data, bytes, offset) != (ssize_t)bytes)
        error = errno ? errno : ENOSPC;
    if (!error && has_cache)
        error = cache_add(data, (uint64_t)offset, bytes);
    wait_for(WRITE, &service);
    if (error)
        fuse_reply_err(request, error);
    else
        fuse_reply_write(request, bytes);
}

static void on_fsync(fuse_req_t request, fuse_ino_t inode, int datasync,
                     struct fuse_file_info *file)
{
    (void)inode, (void)datasync, (void)file;
    struct service service;
    uint64_t written = has_cache ? cache_written() : 0;
    int error = admit(FLUSH, 0, 0, &service);
    wait_for(FLUSH, &service);
    if (!error && has_cache && !lies)
        error = cache_flush(written);
    fuse_reply_err(request, error);
}

/* Discards (fstrim), so that the image does not hold what was deleted; not where a power cut must
 * know what is kept. */
static void on_fallocate(fuse_req_t request, fuse_ino_t inode, int mode, off_t offset, off_t bytes,
                         struct fuse_file_info *file)
{
    (void)inode, (void)file;
    if (has_cache || mode != (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE))
        fuse_reply_err(request, EOPNOTSUPP);
    else
        fuse_reply_err(request, fallocate(current_fd, mode, offset, bytes) ? errno : 0);
}

static void on_init(void *data, struct fuse_conn_info *connection)
{
    (void)data;
    connection->max_write = REQUEST_BYTES;
    connection->max_background = THREADS;
    connection->congestion_threshold = THREADS;
}

static const struct fuse_lowlevel_ops operations = {
    .init = on_init,
    .lookup = on_lookup,
    .getattr = on_getattr,
    .setattr = on_setattr,
    .open = on_open,
    .read = on_read,
    .write = on_write,
    .fsync = on_fsync,
    .fallocate = on_fallocate,
};

static int set_figure(const char *line)
{
    int number;
    if (sscanf(line, "lies %d", &number) == 1) {
        lies = number;
        return 0;
    }
    return timing_configure(&timing, line);
}

static int kind_of(const char *word)
{
    static const char *const words[KINDS] = {"read", "write", "flush"};
    for (int kind = 0; kind < KINDS; kind++)
        if (strcmp(words[kind], word) == 0)
            return kind;
    return -1;
}

/* Returns 0 or an errno, and in `answer` what there is to tell. */
static int obey(const char *line, char *answer)
{
    char word[16], path[LINE_BYTES];
    unsigned long long number;
    unsigned wait_ms;
    struct cut cut;
    int with, error;
    if (sscanf(line, "cut %15s %llu %u %4095[^\n]", word, &number, &wait_ms, path) == 4) {
        if (!has_cache)
            return EOPNOTSUPP;
        error = cache_cut(word, number, wait_ms, path, &cut);
        if (!error)
            sprintf(answer, "%lld %llu %llu", (long long)cut.at_ns, (unsigned long long)cut.held,
                    (unsigned long long)cut.kept);
        return error;
    }
    pthread_mutex_lock(&timing_lock);
    error = 0;
    if (sscanf(line, "fail %15s %llu %d", word, &number, &with) == 3 && kind_of(word) >= 0) {
        fails_after[kind_of(word)] = counts[kind_of(word)] + number;
        fails_with[kind_of(word)] = with;
    } else if (strncmp(line, "counts", 6) == 0) {
        sprintf(answer, "%llu %llu %llu %llu %llu %lld %lld %lld", (unsigned long long)counts[READ],
                (unsigned long long)counts[WRITE], (unsigned long long)counts[FLUSH],
                (unsigned long long)moved_bytes[READ], (unsigned long long)moved_bytes[WRITE],
                (long long)took_ns[READ], (long long)took_ns[WRITE], (long long)took_ns[FLUSH]);
    } else if (strcmp(line, "restart") == 0) {
        timing_start(&timing, now_ns());
    } else if (strcmp(line, "exhaust") == 0) {
        timing_exhaust(&timing, now_ns());
    } else if (strncmp(line, "configure ", 10) != 0 || set_figure(line + 10)) {
        error = EINVAL;
    }
    pthread_mutex_unlock(&timing_lock);
    return error;
}

static int read_line(char *line)
{
    if (fgets(line, LINE_BYTES, stdin) == NULL)
        return 0;
    line[strcspn(line, "\n")] = '\0';
    return 1;
}

static void *take_commands(void *session)
{
    char line[LINE_BYTES];
    while (read_line(line)) {
        char answer[LINE_BYTES] = "";
        int error = obey(line, answer);
        if (error)
            printf("error %d\n", error);
        else
            printf("ok %s\n", answer);
        fflush(stdout);
    }
    fuse_session_unmount(session);
    _exit(0); /* threads sleep for as long as their requests take */
}

int main(int argc, char **argv)
{
    char line[LINE_BYTES];
    pthread_t commands;
    if (argc != 5)
        return 2;
    size_bytes = strtoull(argv[4], NULL, 10);
    current_fd = open(argv[2], O_RDWR | O_CLOEXEC);
    has_cache = strcmp(argv[3], "-") != 0;
    int durable_fd = has_cache ? open(argv[3], O_RDWR | O_CLOEXEC) : current_fd;
    if (current_fd < 0 || durable_fd < 0) {
        perror("an image");
        return 1;
    }
    timing_init(&timing, size_bytes);
    while (read_line(line) && strcmp(line, "start") != 0)
        if (set_figure(line)) {
            fprintf(stderr, "not a figure of a drive: %s\n", line);
            return 2;
        }
    if (has_cache)
        cache_init(durable_fd, timing.cache_bytes);
    timing_start(&timing, now_ns());
    prctl(PR_SET_TIMERSLACK, 1L); /* of this thread and those that it starts, in nanoseconds */

    char *arguments[] = {argv[0], "-o", "fsname=emulated-drive"};
    struct fuse_args args = FUSE_ARGS_INIT(3, arguments);
    struct fuse_session *session = fuse_session_new(&args, &operations, sizeof operations, NULL);
    if (session == NULL || fuse_session_mount(session, argv[1]))
        return 1;
    struct fuse_loop_config *config = fuse_loop_cfg_create();
    fuse_loop_cfg_set_clone_fd(config, 1);
    fuse_loop_cfg_set_max_threads(config, THREADS);
    fuse_loop_cfg_set_idle_threads(config, THREADS);
    puts("ready");
    fflush(stdout);
    pthread_create(&commands, NULL, take_commands, session);
    fuse_session_loop_mt(session, config);
    fuse_session_unmount(session);
    return 0;
}
