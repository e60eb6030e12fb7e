/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/hosting/hosting.h"

#include <pthread.h>
#include <string.h>

#include <apr_strings.h>
#include <http_log.h>

#include "httpd/config/report_config.h"
#include "httpd/shared/limit.h"
#include "httpd/shared/module.h"

APLOG_USE_MODULE(mta_sts);

/* A reader that no thread is using. */
typedef struct idle_reader {
    struct idle_reader *next;
    mta_sts_lookup *lookup;
    apr_pool_t *pool;
} idle_reader;

/* The idle readers of this child process: as many as were ever used at the same time. They are
 * never freed, because other threads may still be running when the process exits. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static idle_reader *idle;

int mts_hosting_is_on(const server_rec *s)
{
    return mts_report_config_of(s)->is_hosting;
}

const char *mts_hosting_file(const server_rec *s, apr_pool_t *p)
{
    return apr_pstrcat(p, mts_report_config_of(s)->state_dir, "/" MTA_STS_SNAPSHOT_FILE, NULL);
}

/* --- readers --- */

static void drop(idle_reader *reader)
{
    mta_sts_lookup_close(reader->lookup);
    apr_pool_destroy(reader->pool);
}

/* Opens a reader, whose memory belongs neither to the child's pool nor to a request. */
static idle_reader *open_reader(const server_rec *s, apr_pool_t *p, const char **error)
{
    idle_reader *reader;
    apr_pool_t *own;

    if (apr_pool_create_unmanaged_ex(&own, NULL, NULL) != APR_SUCCESS) {
        *error = "out of memory";
        return NULL;
    }
    reader = apr_pcalloc(own, sizeof(*reader));
    reader->pool = own;
    *error = mta_sts_lookup_open(own, mts_hosting_file(s, own), &reader->lookup);
    if (*error) {
        *error = apr_pstrdup(p, *error);
        apr_pool_destroy(own);
        return NULL;
    }
    return reader;
}

static idle_reader *pop(void)
{
    idle_reader *reader;

    pthread_mutex_lock(&lock);
    reader = idle;
    idle = reader ? reader->next : NULL;
    pthread_mutex_unlock(&lock);
    return reader;
}

static void push(idle_reader *reader)
{
    pthread_mutex_lock(&lock);
    reader->next = idle;
    idle = reader;
    pthread_mutex_unlock(&lock);
}

/* Returns a reader of the current file, or NULL after an error. */
static idle_reader *take_reader(const server_rec *s, apr_pool_t *p, const char **error)
{
    idle_reader *reader;

    *error = NULL;
    while ((reader = pop()) != NULL) {
        if (mta_sts_lookup_is_current(reader->lookup)) {
            return reader;
        }
        drop(reader);
    }
    return open_reader(s, p, error);
}

/* --- questions for readers --- */

/* One question; the arguments of the two kinds. */
typedef struct question {
    const char *domain;
    mta_sts_lookup_policy *policy; /* NULL: the question is whether reports about the name are
                                      accepted */
    const char *error;
} question;

static const char *read_once(const server_rec *s, apr_pool_t *p, mts_hosting_reading *read,
                             void *baton)
{
    const char *error;
    idle_reader *reader = take_reader(s, p, &error);

    if (!reader) {
        return error;
    }
    error = read(reader->lookup, p, baton);
    if (error) {
        error = apr_pstrdup(p, error);
        drop(reader);
        return error;
    }
    push(reader);
    return NULL;
}

/* A reader may have been opened before the file was replaced, so an error is returned only if it
 * occurs twice. */
const char *mts_hosting_read(const server_rec *s, apr_pool_t *p, mts_hosting_reading *read,
                             void *baton)
{
    const char *error = read_once(s, p, read, baton);

    return error ? read_once(s, p, read, baton) : NULL;
}

static mta_sts_lookup_result ask_once(const server_rec *s, apr_pool_t *p, question *q)
{
    idle_reader *reader = take_reader(s, p, &q->error);
    mta_sts_lookup_result result;

    if (!reader) {
        return MTA_STS_LOOKUP_FAILED;
    }
    result = q->policy ? mta_sts_lookup_find(reader->lookup, q->domain, p, q->policy, &q->error)
                       : mta_sts_lookup_accepts(reader->lookup, q->domain, p, &q->error);
    if (result == MTA_STS_LOOKUP_FAILED) {
        drop(reader);
    }
    else {
        push(reader);
    }
    return result;
}

static void log_failure(const server_rec *s, const question *q)
{
    if (mts_limit_count("hosting-failed", "", 1, apr_time_now()) == MTS_LIMIT_ALLOWED) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, s,
                     "hosted domains cannot be looked up, so requests for their policies get 503: "
                     "%s; the watchdog builds the snapshot again [hosting-failed]",
                     q->error ? q->error : "the snapshot cannot be read");
    }
}

/* The same for a question. */
static mta_sts_lookup_result ask(const server_rec *s, apr_pool_t *p, question *q)
{
    mta_sts_lookup_result result = ask_once(s, p, q);

    if (result == MTA_STS_LOOKUP_FAILED) {
        result = ask_once(s, p, q);
    }
    if (result == MTA_STS_LOOKUP_FAILED) {
        log_failure(s, q);
    }
    return result;
}

mta_sts_lookup_result mts_hosting_find(const server_rec *s, const char *domain, apr_pool_t *p,
                                       mta_sts_lookup_policy *policy)
{
    question q = {domain, policy, NULL};

    return mts_hosting_is_on(s) ? ask(s, p, &q) : MTA_STS_LOOKUP_NONE;
}

int mts_hosting_has_name(const server_rec *s, apr_pool_t *p, const char *name)
{
    question q = {name, NULL, NULL};

    return mts_hosting_is_on(s) && ask(s, p, &q) == MTA_STS_LOOKUP_FOUND;
}

int mts_hosting_has_report(const server_rec *s, apr_pool_t *p, const tlsrpt_report *report)
{
    int i;

    for (i = 0; mts_hosting_is_on(s) && i < report->policies->nelts; i++) {
        const tlsrpt_policy *policy = &APR_ARRAY_IDX(report->policies, i, tlsrpt_policy);

        if (policy->domain && mts_hosting_has_name(s, p, policy->domain)) {
            return 1;
        }
    }
    return 0;
}

/* --- children --- */

static void child_init(apr_pool_t *pchild, server_rec *main)
{
    (void)pchild;
    (void)main;
    idle = NULL;
}

void mts_hosting_register_hooks(void)
{
    ap_hook_child_init(child_init, NULL, NULL, APR_HOOK_MIDDLE);
}
