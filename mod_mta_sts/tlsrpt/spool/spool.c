/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/spool/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <apr_strings.h>

#include "tlsrpt/spool/directory.h"

#define FILE_MODE 0600
#define TRIES 3

tlsrpt_spool *tlsrpt_spool_make(apr_pool_t *p, const char *state_dir)
{
    tlsrpt_spool *spool = apr_pcalloc(p, sizeof(*spool));

    spool->state_dir = state_dir;
    return spool;
}

/* --- directories --- */

/* Opens a directory in the state directory, or the state directory itself if name is NULL. */
static int open_top(const tlsrpt_spool *spool, const char *name,
                    const tlsrpt_directory_rules *rules, mta_sts_findings *findings)
{
    int state = tlsrpt_directory_open_path(spool->state_dir, rules, findings);
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

/* --- storing --- */

/* The state of one call of tlsrpt_spool_store. */
typedef struct storing {
    tlsrpt_spool *spool;
    tlsrpt_area area;
    const char *digest;
    const tlsrpt_receipt *receipt;
    apr_pool_t *p;
    int tmp, directory; /* descriptors of directories, or -1 */
    char tmp_name[64];  /* in tmp, or "" if there is no such file */
    int vanished;       /* the file or a directory was removed in the meantime */
    const char *reason;
} storing;

static int refuse(storing *s, const char *attempt, int error)
{
    char text[120];

    s->vanished = error == ENOENT;
    s->reason = apr_psprintf(s->p, "cannot %s in %s: %s", attempt, s->spool->state_dir,
                             apr_strerror(error, text, sizeof(text)));
    return 0;
}

/* The process that created a directory may not have synced its entry yet, so each process does,
 * once. */
static int sync_entry(storing *s, int area_fd)
{
    ino_t *synced = &s->spool->synced[s->area][tlsrpt_spool_directory_of(s->digest)];
    struct stat info;

    if (fstat(s->directory, &info) != 0) {
        return refuse(s, "examine a directory", errno);
    }
    if (__atomic_load_n(synced, __ATOMIC_RELAXED) == info.st_ino) {
        return 1;
    }
    if (tlsrpt_fsync(area_fd) != 0) {
        return refuse(s, "sync a directory", errno);
    }
    __atomic_store_n(synced, info.st_ino, __ATOMIC_RELAXED);
    return 1;
}

/* Opens a directory in another one, and creates it if it does not exist. */
static int open_in(const storing *s, int at, const char *name, const char *path,
                   mta_sts_findings *findings)
{
    tlsrpt_directory_rules rules = {geteuid(), getegid(), 1};

    return tlsrpt_directory_open(at, name, apr_pstrcat(s->p, s->spool->state_dir, path, NULL),
                                 &rules, findings);
}

static int open_directories(storing *s)
{
    mta_sts_findings *findings = mta_sts_findings_make(s->p);
    const char *area_name = tlsrpt_spool_areas[s->area];
    const char name[] = {s->digest[0], s->digest[1], '\0'};
    const char *area_path = apr_pstrcat(s->p, "/", area_name, NULL);
    int state, area = -1, done = 0;

    state = open_in(s, AT_FDCWD, s->spool->state_dir, "", findings); /* never as root */
    if (state >= 0) {
        s->tmp = open_in(s, state, TLSRPT_SPOOL_TMP, "/" TLSRPT_SPOOL_TMP, findings);
        area = open_in(s, state, area_name, area_path, findings);
        close(state);
    }
    if (s->tmp >= 0 && area >= 0) {
        s->directory =
            open_in(s, area, name, apr_pstrcat(s->p, area_path, "/", name, NULL), findings);
        done = s->directory >= 0 && sync_entry(s, area);
    }
    if (area >= 0) {
        close(area);
    }
    if (!done && !s->reason) {
        const mta_sts_finding *finding = mta_sts_findings_at(findings, 0);

        s->reason =
            apr_pstrcat(s->p, finding->subject, ": ", finding->message, "; ", finding->fix, NULL);
    }
    return done;
}

/* Creates a temporary file with a unique name; names of files that a crash has left are skipped. */
static int create_tmp(storing *s)
{
    static apr_uint32_t counter;
    int fd;

    do {
        apr_snprintf(s->tmp_name, sizeof(s->tmp_name), "%ld-%u", (long)getpid(),
                     __atomic_add_fetch(&counter, 1, __ATOMIC_RELAXED));
        fd = openat(s->tmp, s->tmp_name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                    FILE_MODE);
    } while (fd < 0 && (errno == EEXIST || errno == EINTR));
    if (fd < 0) {
        s->tmp_name[0] = '\0';
    }
    return fd;
}

/* Writes all bytes, despite short writes and signals. */
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

/* Writes header and bytes with a single call if possible. */
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

/* Writes the whole file under its name in tmp, and syncs it to disk. */
static int write_tmp(storing *s, const char *bytes, apr_size_t len)
{
    const char *header = tlsrpt_receipt_render(s->p, s->receipt);
    int fd, done;

    if (!header) {
        s->reason = "its receipt is not valid";
        return 0;
    }
    fd = create_tmp(s);
    if (fd < 0) {
        return refuse(s, "create a file", errno);
    }
    done = fchmod(fd, FILE_MODE) == 0 && write_file(fd, header, bytes, len) == 0 &&
                   tlsrpt_fsync(fd) == 0
               ? 1
               : refuse(s, "write a file", errno);
    if (close(fd) != 0 && errno != EINTR && done) {
        done = refuse(s, "close a file", errno);
    }
    return done;
}

static void remove_tmp(storing *s)
{
    if (s->tmp_name[0]) {
        unlinkat(s->tmp, s->tmp_name, 0);
        s->tmp_name[0] = '\0';
    }
}

/* Whether a file with this digest exists whose receipt is at least as good as the new one. */
static int is_as_good(const storing *s)
{
    char line[TLSRPT_RECEIPT_MAX];
    tlsrpt_receipt receipt;
    ssize_t got;
    int fd = openat(s->directory, s->digest, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0) {
        return 0;
    }
    do {
        got = read(fd, line, sizeof(line));
    } while (got < 0 && errno == EINTR);
    close(fd);
    return got > 0 && tlsrpt_receipt_read(s->p, line, (apr_size_t)got, &receipt) > 0 &&
           (receipt.verified || !s->receipt->verified);
}

/* Renames the file unless the target exists. 0, or -1 and errno: EEXIST if it does. */
static int rename_new(const storing *s)
{
    int result = renameat2(s->tmp, s->tmp_name, s->directory, s->digest, RENAME_NOREPLACE);

    if (result != 0 && (errno == EINVAL || errno == ENOSYS)) {
        /* Not every file system supports RENAME_NOREPLACE. */
        result = linkat(s->tmp, s->tmp_name, s->directory, s->digest, 0);
        if (result == 0) {
            unlinkat(s->tmp, s->tmp_name, 0);
        }
    }
    return result;
}

/* Renames the file to its final name; it replaces a file with a worse receipt. */
static tlsrpt_stored publish(storing *s)
{
    tlsrpt_stored stored = TLSRPT_STORED;

    if (rename_new(s) != 0) {
        if (errno != EEXIST) {
            refuse(s, "rename a file", errno);
            return TLSRPT_NOT_STORED;
        }
        stored = TLSRPT_STORED_ALREADY;
        if (is_as_good(s)) {
            return stored;
        }
        if (renameat(s->tmp, s->tmp_name, s->directory, s->digest) != 0) {
            refuse(s, "replace a file", errno);
            return TLSRPT_NOT_STORED;
        }
    }
    s->tmp_name[0] = '\0';
    return stored;
}

static tlsrpt_stored store_in_directories(storing *s, const char *bytes, apr_size_t len)
{
    tlsrpt_stored stored = TLSRPT_STORED_ALREADY;

    if (!is_as_good(s)) {
        stored = write_tmp(s, bytes, len) ? publish(s) : TLSRPT_NOT_STORED;
        remove_tmp(s);
    }
    /* If another process has stored the file, it may not have synced the directory yet. */
    if (stored != TLSRPT_NOT_STORED && tlsrpt_fsync(s->directory) != 0) {
        refuse(s, "sync a directory", errno);
        stored = TLSRPT_NOT_STORED;
    }
    return stored;
}

static tlsrpt_stored store_once(storing *s, const char *bytes, apr_size_t len)
{
    tlsrpt_stored stored =
        open_directories(s) ? store_in_directories(s, bytes, len) : TLSRPT_NOT_STORED;

    if (s->directory >= 0) {
        close(s->directory);
    }
    if (s->tmp >= 0) {
        close(s->tmp);
    }
    return stored;
}

tlsrpt_stored tlsrpt_spool_store(tlsrpt_spool *spool, tlsrpt_area area, const char *digest,
                                 const tlsrpt_receipt *receipt, const char *bytes, apr_size_t len,
                                 apr_pool_t *ptemp, const char **reason)
{
    int left = TRIES;

    *reason = "the digest is not valid";
    if (!tlsrpt_spool_is_digest(digest)) {
        return TLSRPT_NOT_STORED;
    }
    /* If the clock jumps forward, a file in tmp/ may seem stale, and so be removed, while it is
     * being written; other programs may clean up, too. The bytes are still in memory, so they can
     * be written again. */
    for (;;) {
        storing s = {spool, area, digest, receipt, ptemp, -1, -1, "", 0, NULL};
        tlsrpt_stored stored = store_once(&s, bytes, len);

        *reason = s.reason;
        if (!s.vanished || --left == 0) {
            return stored;
        }
    }
}
