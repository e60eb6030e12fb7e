/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/hosting/renewal.h"

#include <pthread.h>
#include <string.h>

#include <apr_hash.h>
#include <apr_shm.h>
#include <apr_strings.h>
#include <http_log.h>
#include <mpm_common.h>

#include "core/base/format.h"
#include "core/base/monotonic.h"
#include "httpd/hosting/pairs.h"
#include "httpd/shared/log.h"
#include "httpd/shared/module.h"

APLOG_USE_MODULE(mta_sts);

/* In bytes. Pages that are never written to take no memory. A pair needs 3 to 10 KiB. */
#define AREA_SIZE (8 * 1024 * 1024)

/* Checking the files takes at most 1/COST_SHARE of the parent's time. */
#define COST_SHARE 20

/* A pair in the area; it is followed by its NUL-terminated path, the certificate and the key. */
typedef struct entry {
    mta_sts_pairs_users users;
    apr_size_t path_len, certificate_len, key_len; /* certificate_len 0: only the users are new */
} entry;

/* Child processes can write to the memory, so its contents are not trusted: the parent process,
 * which is root, never reads it, and child processes check all lengths. */
typedef struct area {
    unsigned count; /* of complete entries; atomic */
    mts_pair_numbers numbers;
    _Alignas(entry) char bytes[AREA_SIZE];
} area;

static area *shared; /* the area of this start; NULL: no virtual host has MTASTSCertificates, or
                        there is no memory */
static server_rec *main_server;

/* --- children --- */

/* Up to where this process has read; in the parent process, up to where it has written. */
static struct {
    pthread_mutex_t lock;
    unsigned count; /* atomic */
    apr_size_t offset;
    int is_stopped; /* atomic: whether the rest is damaged */
} done = {.lock = PTHREAD_MUTEX_INITIALIZER};

static apr_size_t size_of(const entry *e)
{
    apr_size_t size = sizeof(*e) + e->path_len + e->certificate_len + e->key_len;

    return APR_ALIGN(size, sizeof(entry));
}

/* Whether an entry, including its header, is within the next `left` bytes. */
static int fits(const entry *e, apr_size_t left)
{
    const apr_size_t lens[] = {sizeof(*e), e->path_len, e->certificate_len, e->key_len};
    apr_size_t i;

    for (i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
        if (lens[i] > left) {
            return 0;
        }
        left -= lens[i];
    }
    return e->path_len > 0;
}

/* Stores the pair of the next entry. Another child process may change the bytes at the same time,
 * so lengths and path are copied before they are used. Returns whether the entry was valid. */
static int apply_next(apr_pool_t *scratch)
{
    const char *at = shared->bytes + done.offset;
    mta_sts_pair_text text;
    const char *path;
    entry next;

    if (AREA_SIZE - done.offset < sizeof(next)) {
        return 0;
    }
    memcpy(&next, at, sizeof(next));
    if (!fits(&next, AREA_SIZE - done.offset)) {
        return 0;
    }
    at += sizeof(next);
    path = apr_pstrmemdup(scratch, at, next.path_len - 1);
    at += next.path_len;
    text = (mta_sts_pair_text){at, next.certificate_len, at + next.certificate_len, next.key_len};
    mts_pairs_put(path, next.users, next.certificate_len ? &text : NULL, scratch);
    done.offset += size_of(&next);
    __atomic_store_n(&done.count, done.count + 1, __ATOMIC_RELEASE);
    return 1;
}

static void stop(void)
{
    __atomic_store_n(&done.is_stopped, 1, __ATOMIC_RELEASE);
    ap_log_error(APLOG_MARK, APLOG_ERR, 0, main_server,
                 "the shared memory with renewed key pairs is damaged, so this child presents them "
                 "only after httpd is reloaded: apachectl graceful [pair-waits-for-reload]");
}

static int is_behind(void)
{
    return shared && !__atomic_load_n(&done.is_stopped, __ATOMIC_ACQUIRE) &&
           __atomic_load_n(&done.count, __ATOMIC_ACQUIRE) !=
               __atomic_load_n(&shared->count, __ATOMIC_ACQUIRE);
}

void mts_renewal_apply(void)
{
    apr_pool_t *scratch;

    if (!is_behind()) {
        return;
    }
    pthread_mutex_lock(&done.lock);
    if (apr_pool_create_unmanaged_ex(&scratch, NULL, NULL) == APR_SUCCESS) {
        while (is_behind()) {
            if (!apply_next(scratch)) {
                stop();
            }
            apr_pool_clear(scratch);
        }
        apr_pool_destroy(scratch);
    }
    pthread_mutex_unlock(&done.lock);
}

mts_pair_numbers mts_renewal_numbers(void)
{
    mts_pair_numbers numbers = {{0, 0, 0, 0}, 0, 0};

    if (!shared) {
        return numbers;
    }
    numbers = shared->numbers;
    numbers.changes = (int)__atomic_load_n(&shared->count, __ATOMIC_ACQUIRE);
    return numbers;
}

void mts_renewal_note_missing(int missing)
{
    if (shared) {
        shared->numbers.missing = missing;
    }
}

/* --- the parent process --- */

/* Appends a pair for existing child processes; those that are created later inherit the pairs of
 * the parent. */
static void append(void *baton, mta_sts_pairs_slot *slot, const mta_sts_pair_text *text)
{
    entry e = {.users = slot->users, .path_len = strlen(slot->files.certificate) + 1};
    char *at = shared->bytes + done.offset;

    if (text) {
        e.certificate_len = text->certificate_len;
        e.key_len = text->key_len;
    }
    if (size_of(&e) > AREA_SIZE - done.offset) {
        slot->is_waiting = 1;
        return;
    }
    memcpy(at, &e, sizeof(e));
    at += sizeof(e);
    memcpy(at, slot->files.certificate, e.path_len);
    if (text) {
        memcpy(at + e.path_len, text->certificate, e.certificate_len);
        memcpy(at + e.path_len + e.certificate_len, text->key, e.key_len);
        slot->is_waiting = 0;
    }
    ++*(int *)baton;
    done.offset += size_of(&e);
    done.count++;
    __atomic_store_n(&shared->count, done.count, __ATOMIC_RELEASE);
}

/* Logs the problems if they have changed since the last time. */
static void log_problems(server_rec *main, apr_pool_t *p, int is_start)
{
    static unsigned last;
    mta_sts_findings *findings = mta_sts_findings_make(p);
    mta_sts_pairs_counts counts;
    unsigned hash = 0;
    int i;

    mts_pairs_check(main, &counts, findings);
    shared->numbers.pairs = counts;
    for (i = 0; i < findings->list->nelts; i++) {
        const mta_sts_finding *finding = mta_sts_findings_at(findings, i);
        apr_ssize_t len = APR_HASH_KEY_STRING;

        hash += apr_hashfunc_default(finding->message, &len);
        len = APR_HASH_KEY_STRING;
        hash += apr_hashfunc_default(finding->subject, &len);
    }
    if (hash != last && !is_start) {
        mts_log_findings(main, p, findings, 0, 0);
    }
    last = hash;
}

static void look(server_rec *main)
{
    int count = 0;
    apr_pool_t *scratch;

    apr_pool_create(&scratch, NULL);
    mts_pairs_read_again(main, append, &count, scratch);
    log_problems(main, scratch, 0);
    if (count) {
        ap_log_error(APLOG_MARK, APLOG_INFO, 0, main, "%s from now on [pairs-renewed]",
                     mta_sts_format_count(scratch, count, "new or renewed key pair is presented",
                                          "new or renewed key pairs are presented"));
    }
    apr_pool_destroy(scratch);
}

static int monitor(apr_pool_t *p, server_rec *main)
{
    static apr_time_t next;
    apr_time_t start = mta_sts_monotonic_now();

    (void)p;
    if (shared && mts_pairs_are_used() && start >= next) {
        look(main);
        next = mta_sts_monotonic_now() + (mta_sts_monotonic_now() - start) * COST_SHARE;
    }
    return DECLINED;
}

/* --- start --- */

static apr_status_t forget(void *unused)
{
    (void)unused;
    shared = NULL;
    return APR_SUCCESS;
}

/* Creates new memory at each start, because child processes of the previous generation may still
 * read theirs. */
void mts_renewal_prepare(apr_pool_t *pconf, server_rec *main)
{
    apr_shm_t *memory;
    apr_status_t status;

    shared = NULL;
    done.count = 0;
    done.offset = 0;
    done.is_stopped = 0;
    main_server = main;
    if (!mts_pairs_are_used()) {
        return;
    }
    status = apr_shm_create(&memory, sizeof(area), NULL, pconf);
    if (status != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, status, main,
                     "shared memory cannot be allocated, so renewed key pairs are presented only "
                     "after httpd is reloaded [shared-memory-missing]");
        return;
    }
    shared = apr_shm_baseaddr_get(memory);
    apr_pool_cleanup_register(pconf, NULL, forget, apr_pool_cleanup_null);
    log_problems(main, pconf, 1);
}

void mts_renewal_register_hooks(void)
{
    ap_hook_monitor(monitor, NULL, NULL, APR_HOOK_MIDDLE);
}
