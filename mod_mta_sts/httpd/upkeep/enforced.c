/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/upkeep/enforced.h"

#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>
#include <http_log.h>

#include "httpd/shared/log.h"
#include "httpd/shared/module.h"
#include "httpd/config/policies.h"
#include "httpd/hosting/hosting.h"
#include "tlsrpt/advice/evidence.h"
#include "tlsrpt/advice/explain.h"
#include "tlsrpt/index/index.h"

APLOG_USE_MODULE(mta_sts);

#define DAYS 14 /* the same period as mta-sts ready */
#define DAY apr_time_from_sec(86400)

/* The maximum number of domains that are examined, those with most failures first, because reports
 * can name any number of domains. */
#define DOMAINS_MAX 500
#define CAUSES_MAX 20

/* The state of the search. */
typedef struct enforced_search {
    server_rec *main;
    mta_sts_database *db;
    apr_pool_t *p;
    apr_time_t since;
    int found;
} enforced_search;

/* --- which domains are served in mode enforce --- */

enum { NOT_CONFIGURED, NOT_ENFORCED, ENFORCED };

static int is_enforced(const char *text)
{
    return mta_sts_policy_rendered_mode(text) == MTA_STS_MODE_ENFORCE;
}

/* Marks a domain with failures that is configured. */
static void visit(void *baton, const mts_served *served)
{
    apr_hash_t *failed = baton;
    int *state = apr_hash_get(failed, served->domain, APR_HASH_KEY_STRING);

    if (state && *state != ENFORCED && !served->is_pattern && mts_policies_reach_senders(served)) {
        *state = is_enforced(served->policy->text) ? ENFORCED : NOT_ENFORCED;
    }
}

/* The same for hosted domains. */
static void mark_hosted(const enforced_search *search, apr_hash_t *failed)
{
    mta_sts_lookup_policy policy;
    apr_hash_index_t *at;

    for (at = apr_hash_first(search->p, failed); at; at = apr_hash_next(at)) {
        int *state = apr_hash_this_val(at);

        if (*state == NOT_CONFIGURED &&
            mts_hosting_find(search->main, apr_hash_this_key(at), search->p, &policy) ==
                MTA_STS_LOOKUP_FOUND &&
            is_enforced(policy.text)) {
            *state = ENFORCED;
        }
    }
}

/* domain -> int: NOT_CONFIGURED... */
static apr_hash_t *find_enforced(const enforced_search *search, const apr_array_header_t *domains)
{
    apr_hash_t *failed = apr_hash_make(search->p);
    int i;

    for (i = 0; i < domains->nelts; i++) {
        const tlsrpt_domain *domain = &APR_ARRAY_IDX(domains, i, tlsrpt_domain);

        if (domain->failed) {
            apr_hash_set(failed, domain->domain, APR_HASH_KEY_STRING,
                         apr_pcalloc(search->p, sizeof(int)));
        }
    }
    mts_policies_each(search->p, search->main, visit, failed);
    mark_hosted(search, failed);
    return failed;
}

/* --- the failures --- */

static void log_domain(enforced_search *search, const char *domain, apr_int64_t sessions,
                       const tlsrpt_explanation *worst)
{
    search->found++;
    if (search->found > MTS_LOG_LISTED_MAX) {
        return;
    }
    ap_log_error(APLOG_MARK, APLOG_WARNING, 0, search->main,
                 "%s: mode enforce is set, but verified reports about the last %d days show "
                 "%" APR_INT64_T_FMT
                 " failed sessions for which senders refuse to deliver: %s %s For all details run: "
                 "mta-sts ready %s [enforce-failures]",
                 domain, DAYS, sessions, worst->what, worst->action, domain);
}

/* Finds the failures of a domain with their reasons, which may be more specific than the result
 * type. */
static const char *find_causes(enforced_search *search, const char *domain, apr_pool_t *p,
                               const apr_array_header_t **causes)
{
    tlsrpt_filter filter = tlsrpt_evidence_filter(search->since, domain);
    tlsrpt_summary *sum;
    const char *error =
        tlsrpt_evidence_enforced_since(search->db, domain, search->since, p, &filter.since);

    error = error ? error : tlsrpt_index_sum(search->db, &filter, 1, p, &sum);

    *causes = !error && sum->domains->nelts
                  ? APR_ARRAY_IDX(sum->domains, 0, const tlsrpt_domain *)->causes
                  : apr_array_make(p, 1, sizeof(tlsrpt_cause));
    return error;
}

static const char *examine(enforced_search *search, const char *domain, apr_pool_t *p)
{
    const tlsrpt_explanation *worst = NULL;
    const apr_array_header_t *causes;
    apr_int64_t sessions = 0;
    const char *error = find_causes(search, domain, p, &causes);
    int i;

    for (i = 0; i < causes->nelts && i < CAUSES_MAX; i++) {
        const tlsrpt_cause *cause = &APR_ARRAY_IDX(causes, i, tlsrpt_cause);
        const tlsrpt_explanation *explanation = tlsrpt_evidence_refusal(p, domain, cause);

        if (explanation) {
            worst = worst ? worst : explanation; /* the first one has the most sessions */
            sessions = tlsrpt_count_add(sessions, cause->sessions);
        }
    }
    if (worst) {
        log_domain(search, domain, sessions, worst);
    }
    return error;
}

const char *mts_enforced_check(server_rec *main, mta_sts_database *db, apr_pool_t *p)
{
    const apr_time_t now = apr_time_now();
    enforced_search search = {main, db, p, now - now % DAY - DAYS * DAY, 0};
    const tlsrpt_filter filter = tlsrpt_evidence_filter(search.since, NULL);
    apr_array_header_t *domains;
    const char *error = tlsrpt_index_domains(db, &filter, DOMAINS_MAX, p, &domains);
    apr_hash_t *enforced = error ? NULL : find_enforced(&search, domains);
    apr_pool_t *scratch;
    int i;

    apr_pool_create(&scratch, p);
    for (i = 0; !error && i < domains->nelts; i++) {
        const char *domain = APR_ARRAY_IDX(domains, i, tlsrpt_domain).domain;
        const int *state = apr_hash_get(enforced, domain, APR_HASH_KEY_STRING);

        error = state && *state == ENFORCED ? examine(&search, domain, scratch) : NULL;
        apr_pool_clear(scratch);
    }
    apr_pool_destroy(scratch);
    if (search.found > MTS_LOG_LISTED_MAX) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, main,
                     "and %d more domains in mode enforce with such failures [enforce-failures]",
                     search.found - MTS_LOG_LISTED_MAX);
    }
    return error;
}
