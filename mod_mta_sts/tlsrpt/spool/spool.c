/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/spool/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include <apr_strings.h>

#include "tlsrpt/spool/directory.h"

#define HEADER_USUAL 80 /* bytes */
#define RESERVE_MAX (APR_INT64_C(64) << 20)
#define FILE_MODE 0600
#define TRIES 3

tlsrpt_spool *tlsrpt_spool_make(apr_pool_t *p, const char *state_dir)
{
    tlsrpt_spool *spool = apr_pcalloc(p, sizeof(*spool));

    spool->state_dir = state_dir;
    return spool;
}

/* --- directories --- */

/* A directory in the state directory, or the state directory itself if name is NULL. */
static int open_top(const tlsrpt_spool *spool, const char *name,
                    const tlsrpt_directory_rules *rules, mta_sts_findings *findings)
{
    int state =
        tlsrpt_directory_open(AT_FDCWD, spool->state_dir, spool->state_dir, rules, findings);
    int fd;

    if (state < 0 || !name) {
        return state;
    }
    fd = tlsrpt_directory_open(state, name,
                               apr_pstrcat(findings->pool, spool->state_dir, "/", name, NULL),
                               rules, findings);
    close(state);
    return fd;
}

int tlsrpt_spool_prepare(const tlsrpt_spool *spool, uid_t owner, gid_t group,
                         mta_sts_findings *findings)
{
    const char *const names[] = {NULL, TLSRPT_SPOOL_TMP, tlsrpt_spool_areas[TLSRPT_REPORTS],
                                 tlsrpt_spool_areas[TLSRPT_QUARANTINE]};
    tlsrpt_directory_rules rules = {owner, group, 1};
    apr_size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *path = names[i]
                               ? apr_pstrcat(findings->pool, spool->state_dir, "/", names[i], NULL)
                               : spool->state_dir;
        int fd = open_top(spool, names[i], &rules, findings);
        int usable = fd >= 0 && tlsrpt_directory_is_writable(fd, path, findings);

        if (fd >= 0) {
            close(fd);
        }
        if (!usable) {
            return 0;
        }
    }
    return 1;
}

tlsrpt_spool *tlsrpt_spool_open(apr_pool_t *p, const char *state_dir, mta_sts_findings *findings)
{
    tlsrpt_spool *spool = tlsrpt_spool_make(p, state_dir);

    if (!tlsrpt_spool_prepare(spool, geteuid(), getegid(), findings)) {
        return NULL;
    }
    tlsrpt_spool_remove_stale(spool);
    return spool;
}

static int directory_number(const char *digest)
{
    static const char digits[] = "0123456789abcdef";

    return (int)(16 * (strchr(digits, digest[0]) - digits) + (strchr(digits, digest[1]) - digits));
}

/* --- keeping --- */

/* What one call of tlsrpt_spool_store works with. */
typedef struct keeping {
    tlsrpt_spool *spool;
    tlsrpt_area area;
    const char *digest;
    const tlsrpt_receipt *receipt;
    apr_pool_t *p;
    int tmp, directory; /* descriptors of directories, or -1 */
    char tmp_name[64];  /* in tmp, or "" if there is no such file */
    int vanished;       /* whether the file, or a directory, was removed under our hands */
    const char *reason;
} keeping;

static int refuse(keeping *k, const char *attempt, int error)
{
    char words[120];

    k->vanished = error == ENOENT;
    k->reason = apr_psprintf(k->p, "cannot %s in %s: %s", attempt, k->spool->state_dir,
                             apr_strerror(error, words, sizeof(words)));
    return 0;
}

/* Whoever made a directory may not have brought its entry to disk yet; so each process does, once.
 */
static int settle_directory(keeping *k, int area_fd)
{
    ino_t *synced = &k->spool->synced[k->area][directory_number(k->digest)];
    struct stat info;

    if (fstat(k->directory, &info) != 0) {
        return refuse(k, "look at a directory", errno);
    }
    if (__atomic_load_n(synced, __ATOMIC_RELAXED) == info.st_ino) {
        return 1;
    }
    if (tlsrpt_fsync(area_fd) != 0) {
        return refuse(k, "bring a directory to disk", errno);
    }
    __atomic_store_n(synced, info.st_ino, __ATOMIC_RELAXED);
    return 1;
}

/* A directory in another one whose name is given, made where it is missing. */
static int open_in(const keeping *k, int at, const char *name, const char *path,
                   mta_sts_findings *findings)
{
    tlsrpt_directory_rules rules = {geteuid(), getegid(), 1};

    return tlsrpt_directory_open(at, name, apr_pstrcat(k->p, k->spool->state_dir, path, NULL),
                                 &rules, findings);
}

static int open_directories(keeping *k)
{
    mta_sts_findings *findings = mta_sts_findings_make(k->p);
    const char *area_name = tlsrpt_spool_areas[k->area];
    const char name[] = {k->digest[0], k->digest[1], '\0'};
    const char *area_path = apr_pstrcat(k->p, "/", area_name, NULL);
    int state, area = -1, done = 0;

    state = open_in(k, AT_FDCWD, k->spool->state_dir, "", findings);
    if (state >= 0) {
        k->tmp = open_in(k, state, TLSRPT_SPOOL_TMP, "/" TLSRPT_SPOOL_TMP, findings);
        area = open_in(k, state, area_name, area_path, findings);
        close(state);
    }
    if (k->tmp >= 0 && area >= 0) {
        k->directory =
            open_in(k, area, name, apr_pstrcat(k->p, area_path, "/", name, NULL), findings);
        done = k->directory >= 0 && settle_directory(k, area);
    }
    if (area >= 0) {
        close(area);
    }
    if (!done && !k->reason) {
        const mta_sts_finding *finding = mta_sts_findings_at(findings, 0);

        k->reason =
            apr_pstrcat(k->p, finding->subject, ": ", finding->message, "; ", finding->fix, NULL);
    }
    return done;
}

/* A name that no other thread of any process uses now; one left by a crash is passed over. */
static int create_tmp(keeping *k)
{
    static apr_uint32_t counter;
    int fd;

    do {
        apr_snprintf(k->tmp_name, sizeof(k->tmp_name), "%ld-%u", (long)getpid(),
                     __atomic_add_fetch(&counter, 1, __ATOMIC_RELAXED));
        fd = openat(k->tmp, k->tmp_name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                    FILE_MODE);
    } while (fd < 0 && (errno == EEXIST || errno == EINTR));
    if (fd < 0) {
        k->tmp_name[0] = '\0';
    }
    return fd;
}

/* Writes all of it, through short writes and signals. */
static int write_all(int fd, const char *bytes, apr_size_t len)
{
    while (len > 0) {
        ssize_t written = write(fd, bytes, len);

        if (written < 0 && errno != EINTR) {
            return -1;
        }
        if (written > 0) {
            bytes += written;
            len -= (apr_size_t)written;
        }
    }
    return 0;
}

/* Header and bytes with one call where the system takes them, so that small reports cost one. */
static int write_file(int fd, const char *header, const char *bytes, apr_size_t len)
{
    apr_size_t header_len = strlen(header), done;
    struct iovec parts[] = {{(void *)header, header_len}, {(void *)bytes, len}};
    ssize_t written;

    do {
        written = writev(fd, parts, 2);
    } while (written < 0 && errno == EINTR);
    if (written < 0) {
        return -1;
    }
    done = (apr_size_t)written;
    if (done < header_len) {
        return write_all(fd, header + done, header_len - done) == 0 ? write_all(fd, bytes, len)
                                                                    : -1;
    }
    return write_all(fd, bytes + (done - header_len), len - (done - header_len));
}

/* The whole file, on disk, under its name in tmp. */
static int write_tmp(keeping *k, const char *bytes, apr_size_t len)
{
    const char *header = tlsrpt_receipt_render(k->p, k->receipt);
    int fd, done;

    if (!header) {
        k->reason = "what is known of its receipt cannot be written down";
        return 0;
    }
    fd = create_tmp(k);
    if (fd < 0) {
        return refuse(k, "make a file", errno);
    }
    done = fchmod(fd, FILE_MODE) == 0 && write_file(fd, header, bytes, len) == 0 &&
                   tlsrpt_fsync(fd) == 0
               ? 1
               : refuse(k, "write a file", errno);
    if (close(fd) != 0 && errno != EINTR && done) {
        done = refuse(k, "close a file", errno);
    }
    return done;
}

static void remove_tmp(keeping *k)
{
    if (k->tmp_name[0]) {
        unlinkat(k->tmp, k->tmp_name, 0);
        k->tmp_name[0] = '\0';
    }
}

/* Whether there is a file of this digest that tells as much as the new one would. */
static int is_as_good(const keeping *k)
{
    char line[TLSRPT_RECEIPT_MAX];
    tlsrpt_receipt receipt;
    ssize_t got;
    int fd = openat(k->directory, k->digest, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0) {
        return 0;
    }
    do {
        got = read(fd, line, sizeof(line));
    } while (got < 0 && errno == EINTR);
    close(fd);
    return got > 0 && tlsrpt_receipt_read(k->p, line, (apr_size_t)got, &receipt) > 0 &&
           (receipt.verified || !k->receipt->verified);
}

/* Puts the file where there is none. 0, or -1 and errno: EEXIST if there is one. */
static int place_new(const keeping *k)
{
    int result = renameat2(k->tmp, k->tmp_name, k->directory, k->digest, RENAME_NOREPLACE);

    if (result != 0 && (errno == EINVAL || errno == ENOSYS)) { /* not every file system can */
        result = linkat(k->tmp, k->tmp_name, k->directory, k->digest, 0);
        if (result == 0) {
            unlinkat(k->tmp, k->tmp_name, 0);
        }
    }
    return result;
}

/* Puts the file in place: where there is none, else over one that tells less. */
static tlsrpt_stored put_in_place(keeping *k)
{
    tlsrpt_stored kept = TLSRPT_STORED;

    if (place_new(k) != 0) {
        if (errno != EEXIST) {
            refuse(k, "put a file in its place", errno);
            return TLSRPT_NOT_STORED;
        }
        kept = TLSRPT_STORED_ALREADY;
        if (is_as_good(k)) {
            return kept;
        }
        if (renameat(k->tmp, k->tmp_name, k->directory, k->digest) != 0) {
            refuse(k, "replace a file", errno);
            return TLSRPT_NOT_STORED;
        }
    }
    k->tmp_name[0] = '\0';
    return kept;
}

static tlsrpt_stored keep_in_directories(keeping *k, const char *bytes, apr_size_t len)
{
    tlsrpt_stored kept = TLSRPT_STORED_ALREADY;

    if (!is_as_good(k)) {
        kept = write_tmp(k, bytes, len) ? put_in_place(k) : TLSRPT_NOT_STORED;
        remove_tmp(k);
    }
    /* Whoever put it there may not have come as far as this yet. */
    if (kept != TLSRPT_NOT_STORED && tlsrpt_fsync(k->directory) != 0) {
        refuse(k, "bring a directory to disk", errno);
        kept = TLSRPT_NOT_STORED;
    }
    return kept;
}

static tlsrpt_stored keep_once(keeping *k, const char *bytes, apr_size_t len)
{
    tlsrpt_stored kept =
        open_directories(k) ? keep_in_directories(k, bytes, len) : TLSRPT_NOT_STORED;

    if (k->directory >= 0) {
        close(k->directory);
    }
    if (k->tmp >= 0) {
        close(k->tmp);
    }
    return kept;
}

tlsrpt_stored tlsrpt_spool_store(tlsrpt_spool *spool, tlsrpt_area area, const char *digest,
                                 const tlsrpt_receipt *receipt, const char *bytes, apr_size_t len,
                                 apr_pool_t *ptemp, const char **reason)
{
    int left = TRIES;

    *reason = "its digest is none";
    if (!tlsrpt_spool_is_digest(digest)) {
        return TLSRPT_NOT_STORED;
    }
    /* A clock that leaps forward makes a file in tmp/ look old to whoever tidies while it is being
     * written; so do other programs that tidy. The report is still at hand. */
    for (;;) {
        keeping k = {spool, area, digest, receipt, ptemp, -1, -1, "", 0, NULL};
        tlsrpt_stored kept = keep_once(&k, bytes, len);

        *reason = k.reason;
        if (!k.vanished || --left == 0) {
            return kept;
        }
    }
}

apr_int64_t tlsrpt_spool_cost(apr_size_t len)
{
    return tlsrpt_spool_blocks((apr_int64_t)len + HEADER_USUAL);
}

apr_int64_t tlsrpt_spool_room(const tlsrpt_spool *spool)
{
    struct statvfs disk;
    apr_int64_t reserve, available;

    if (statvfs(spool->state_dir, &disk) != 0) {
        return -1;
    }
    reserve = (apr_int64_t)disk.f_blocks * (apr_int64_t)disk.f_frsize / 100;
    available = (apr_int64_t)disk.f_bavail * (apr_int64_t)disk.f_frsize;
    available -= reserve < RESERVE_MAX ? reserve : RESERVE_MAX;
    return available > 0 ? available : 0;
}
