/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import/share.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "core/database/database.h"
#include "tlsrpt/spool/area.h"

#define FREE_PART 16    /* up to this part of the quota nothing is counted */
#define SENDER_PART 4   /* of what others leave */
#define SIGNER_PART 256 /* the same, of the space for verified mail */
#define SIGNER_LEAST (16 * 1024)
#define MAIL_PART 16  /* reserved for verified mail */
#define DRIFT_PART 64 /* of the quota: a spool that has changed that much is counted anew */

#define SENDERS_MAX 1000 /* distinguished; all others have one share */
#define UNVERIFIED "-"
#define OTHERS "*"
#define KEY_SIZE 256

#define MARK "mta-sts mail shares 1"
#define END "end\n"
#define FILE_LIMIT (1 << 20) /* bytes */
#define COUNT_AGE 60         /* seconds: nothing is refused because of an older count */
#define LOCK_TRIES 100
#define LOCK_PAUSE apr_time_from_msec(50)

typedef struct shares {
    apr_pool_t *p;
    apr_hash_t *held;               /* sender -> apr_int64_t: bytes in this area */
    apr_int64_t used[TLSRPT_AREAS]; /* of all files, when they were counted, and stored since */
    apr_int64_t counted;            /* when: seconds since 1970 */
} shares;

/* What is noted is about both areas: their senders are distinguished by this prefix. */
static const char prefixes[TLSRPT_AREAS][2] = {"r", "q"};

typedef struct share_key {
    char text[KEY_SIZE];
} share_key;

static share_key key_of(tlsrpt_area area, const char *sender)
{
    share_key key;

    apr_snprintf(key.text, sizeof(key.text), "%s%s", prefixes[area], sender);
    return key;
}

/* The last two labels of the signer's domain. */
static const char *sender_of(const char *verified)
{
    const char *at = verified ? verified + strlen(verified) : UNVERIFIED;
    int dots = 0;

    while (verified && at > verified && dots < 2) {
        dots += *--at == '.';
    }
    return dots == 2 ? at + 1 : at;
}

static apr_int64_t held(const shares *all, share_key key)
{
    const apr_int64_t *bytes = apr_hash_get(all->held, key.text, APR_HASH_KEY_STRING);

    return bytes ? *bytes : 0;
}

static void add(shares *all, share_key key, apr_int64_t bytes)
{
    apr_int64_t *known = apr_hash_get(all->held, key.text, APR_HASH_KEY_STRING);

    if (!known) {
        known = apr_pcalloc(all->p, sizeof(*known));
        apr_hash_set(all->held, apr_pstrdup(all->p, key.text), APR_HASH_KEY_STRING, known);
    }
    *known += bytes;
}

/* The key of a sender, or that of all who are not distinguished. */
static share_key find_key(const shares *all, tlsrpt_area area, const char *verified)
{
    share_key key = key_of(area, sender_of(verified));

    return !verified || apr_hash_get(all->held, key.text, APR_HASH_KEY_STRING) ||
                   apr_hash_count(all->held) < SENDERS_MAX
               ? key
               : key_of(area, OTHERS);
}

/* --- counting --- */

typedef struct counting {
    shares *all;
    tlsrpt_area area;
} counting;

static void count_file(void *baton, const char *digest, apr_int64_t bytes,
                       const tlsrpt_receipt *receipt)
{
    const counting *state = baton;

    (void)digest;
    state->all->used[state->area] += bytes;
    if (receipt && strcmp(receipt->channel, "mail") == 0) {
        add(state->all, find_key(state->all, state->area, receipt->verified), bytes);
    }
}

static void count(shares *all, const tlsrpt_spool *spool)
{
    counting state = {all, TLSRPT_REPORTS};
    int directory;

    all->held = apr_hash_make(all->p);
    all->counted = apr_time_sec(apr_time_now());
    for (; state.area < TLSRPT_AREAS; state.area++) {
        all->used[state.area] = 0;
        for (directory = 0; directory < TLSRPT_SPOOL_DIRECTORIES; directory++) {
            tlsrpt_spool_directory_receipts(spool, state.area, directory, count_file, &state);
        }
    }
}

/* --- the file --- */

/* Other calls work in turn. If one was stopped, this one goes on without it, since the quota holds
 * in any case. */
static int open_locked(apr_pool_t *p, const char *state_dir)
{
    const char *path = apr_pstrcat(p, state_dir, "/" CLI_SHARE_FILE, NULL);
    int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    int left = LOCK_TRIES;

    while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0 && left-- > 0) {
        apr_sleep(LOCK_PAUSE);
    }
    return fd;
}

/* All of a file as text, or "". */
static const char *read_all(apr_pool_t *p, int fd)
{
    struct stat info;
    char *text;
    ssize_t len;

    if (fd < 0 || fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size > FILE_LIMIT) {
        return "";
    }
    text = apr_palloc(p, (apr_size_t)info.st_size + 1);
    len = pread(fd, text, (apr_size_t)info.st_size, 0);
    text[len > 0 ? len : 0] = '\0';
    return text;
}

/* Reads what was noted. Returns 0 if that is nothing, or damaged. */
static int read_noted(shares *all, const char *text)
{
    share_key key;
    long long used[TLSRPT_AREAS], counted, bytes;
    int len = 0;

    all->held = apr_hash_make(all->p);
    if (sscanf(text, MARK " %lld %lld %lld\n%n", &counted, &used[TLSRPT_REPORTS],
               &used[TLSRPT_QUARANTINE], &len) != 3 ||
        len == 0) {
        return 0;
    }
    all->counted = counted;
    all->used[TLSRPT_REPORTS] = used[TLSRPT_REPORTS];
    all->used[TLSRPT_QUARANTINE] = used[TLSRPT_QUARANTINE];
    for (text += len; sscanf(text, "%255s %lld\n%n", key.text, &bytes, &len) == 2; text += len) {
        add(all, key, bytes);
    }
    return strcmp(text, END) == 0;
}

static void write_noted(const shares *all, int fd)
{
    const char *text = apr_psprintf(
        all->p, MARK " %" APR_INT64_T_FMT " %" APR_INT64_T_FMT " %" APR_INT64_T_FMT "\n",
        all->counted, all->used[TLSRPT_REPORTS], all->used[TLSRPT_QUARANTINE]);
    apr_array_header_t *lines = apr_array_make(all->p, 16, sizeof(const char *));
    apr_hash_index_t *h;
    apr_size_t len;

    APR_ARRAY_PUSH(lines, const char *) = text;
    for (h = apr_hash_first(all->p, all->held); h; h = apr_hash_next(h)) {
        APR_ARRAY_PUSH(lines, const char *) =
            apr_psprintf(all->p, "%s %" APR_INT64_T_FMT "\n", (const char *)apr_hash_this_key(h),
                         *(const apr_int64_t *)apr_hash_this_val(h));
    }
    APR_ARRAY_PUSH(lines, const char *) = END;
    text = apr_array_pstrcat(all->p, lines, '\0');
    len = strlen(text);
    /* What is incomplete is counted anew. */
    if (pwrite(fd, text, len, 0) != (ssize_t)len || ftruncate(fd, (off_t)len) != 0) {
        (void)!ftruncate(fd, 0);
    }
}

/* --- the decision --- */

static apr_int64_t larger(apr_int64_t a, apr_int64_t b)
{
    return a > b ? a : b;
}

/* The bytes of all verified reports by mail. */
static apr_int64_t sum_verified(const shares *all)
{
    const share_key unverified = key_of(TLSRPT_REPORTS, UNVERIFIED);
    apr_int64_t sum = 0;
    apr_hash_index_t *h;

    for (h = apr_hash_first(all->p, all->held); h; h = apr_hash_next(h)) {
        const char *key = apr_hash_this_key(h);

        if (*key == *prefixes[TLSRPT_REPORTS] && strcmp(key, unverified.text) != 0) {
            sum += *(const apr_int64_t *)apr_hash_this_val(h);
        }
    }
    return sum;
}

/* The index counts towards the quota, as in httpd; here only if it has its usual name. */
static apr_int64_t index_bytes(apr_pool_t *p, const char *state_dir)
{
    static const char *const suffixes[] = {"", "-wal"};
    apr_int64_t bytes = 0;
    struct stat info;
    apr_size_t i;

    for (i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        const char *path = apr_pstrcat(p, state_dir, "/" MTA_STS_DATABASE_FILE, suffixes[i], NULL);

        bytes += stat(path, &info) == 0 ? (apr_int64_t)info.st_size : 0;
    }
    return bytes;
}

/* Whether verified mail has space beyond that which all share. */
static int is_of_reserve(const shares *all, const cli_share_question *q, apr_int64_t own,
                         apr_int64_t used)
{
    if (!q->verified || q->area != TLSRPT_REPORTS || used > q->quota ||
        own > larger((q->quota - (used - own)) / SIGNER_PART, SIGNER_LEAST)) {
        return 0;
    }
    return used <= q->quota / 8 * 7 || sum_verified(all) + q->cost <= q->quota / MAIL_PART;
}

/* In bytes: with this report, and with the index. */
static apr_int64_t used_with(apr_pool_t *p, const cli_share_question *q)
{
    return q->used + q->cost + (q->area == TLSRPT_REPORTS ? index_bytes(p, q->state_dir) : 0);
}

static int may_have(const shares *all, const cli_share_question *q)
{
    apr_int64_t used = used_with(all->p, q);
    apr_int64_t shared = q->area == TLSRPT_REPORTS ? q->quota / 4 * 3 : q->quota;
    apr_int64_t own = held(all, find_key(all, q->area, q->verified)) + q->cost;

    return (used <= shared && own <= (shared - (used - own)) / SENDER_PART) ||
           is_of_reserve(all, q, own, used);
}

static int has_drifted(const shares *all, const cli_share_question *q)
{
    return llabs((long long)(all->used[q->area] - q->used)) > q->quota / DRIFT_PART;
}

static int is_recent(const shares *all)
{
    return llabs((long long)(apr_time_sec(apr_time_now()) - all->counted)) < COUNT_AGE;
}

static const char *refuse(apr_pool_t *p, const cli_share_question *q)
{
    const char *of = q->verified ? apr_pstrcat(p, "mail signed by ", sender_of(q->verified), NULL)
                                 : "mail without a verified signature";

    return apr_psprintf(p,
                        "%s has used up its share of %s/%s: remove old files there, or raise "
                        "MTASTSReportQuota (and --quota)",
                        of, q->state_dir, tlsrpt_spool_areas[q->area]);
}

/* The caller goes by the result as well: otherwise each of its reports would find a drift. */
static void count_anew(shares *all, cli_share_question *q)
{
    count(all, q->spool);
    q->used = all->used[q->area];
}

const char *cli_share_take(apr_pool_t *p, cli_share_question *q)
{
    shares all = {.p = p};
    int fd, may;

    if (used_with(p, q) <= q->quota / FREE_PART) {
        return NULL;
    }
    fd = open_locked(p, q->state_dir);
    if (!read_noted(&all, read_all(p, fd)) || has_drifted(&all, q)) {
        count_anew(&all, q);
    }
    may = may_have(&all, q);
    if (!may && !is_recent(&all)) {
        count_anew(&all, q);
        may = may_have(&all, q);
    }
    if (may) {
        add(&all, find_key(&all, q->area, q->verified), q->cost);
        all.used[q->area] += q->cost;
    }
    if (fd >= 0) {
        write_noted(&all, fd);
        close(fd);
    }
    return may ? NULL : refuse(p, q);
}
