/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/advice/evidence.h"

#include <string.h>

#include "core/database/history.h"
#include "core/hosting/past.h"
#include "core/policy/text.h"

#define DAY apr_time_from_sec(86400)

int tlsrpt_evidence_counts(int is_verified)
{
    return is_verified;
}

const char *tlsrpt_evidence_name(int is_verified)
{
    return tlsrpt_evidence_counts(is_verified) ? "verified" : "unverified";
}

tlsrpt_filter tlsrpt_evidence_filter(apr_time_t since, const char *domain)
{
    return (tlsrpt_filter){.since = since, .domain = domain, .is_verified = 1};
}

int tlsrpt_evidence_is_mta_sts(const char *policy_type)
{
    return strcmp(policy_type, "tlsa") != 0;
}

int tlsrpt_evidence_is_about_enforce(const tlsrpt_policy *policy, int is_verified)
{
    return tlsrpt_evidence_counts(is_verified) && tlsrpt_evidence_is_mta_sts(policy->type) &&
           (strcmp(policy->type, "sts") == 0 || policy->failed || policy->failures->nelts);
}

int tlsrpt_evidence_days(const tlsrpt_domain *evidence, apr_time_t now)
{
    int i, count = 0;

    for (i = 0; evidence && i < evidence->days->nelts; i++) {
        const tlsrpt_day *day = &APR_ARRAY_IDX(evidence->days, i, tlsrpt_day);

        count += day->day && day->day <= now && (day->successful || day->failed);
    }
    return count;
}

/* If the policy cannot be fetched, senders deliver without it; and DANE makes them refuse in any
 * mode. So only problems of the mail servers block mail, and MX hosts that the policy does not
 * cover. */
int tlsrpt_evidence_blocks_mail(const tlsrpt_explanation *explanation)
{
    return explanation->owner == TLSRPT_OWNER_MX || explanation->owner == TLSRPT_OWNER_PROVIDER ||
           strcmp(explanation->cause, "mx-not-in-policy") == 0;
}

const tlsrpt_explanation *tlsrpt_evidence_refusal(apr_pool_t *p, const char *domain,
                                                  const tlsrpt_cause *cause)
{
    const apr_array_header_t *list;
    int i;

    if (!tlsrpt_evidence_is_mta_sts(cause->policy_type)) {
        return NULL;
    }
    list = tlsrpt_explain_cause(p, domain, cause);
    for (i = 0; i < list->nelts; i++) {
        const tlsrpt_explanation *explanation = APR_ARRAY_IDX(list, i, const tlsrpt_explanation *);

        if (tlsrpt_evidence_blocks_mail(explanation)) {
            return explanation;
        }
    }
    return NULL;
}

static int is_enforce(const mta_sts_history_entry *entry, apr_pool_t *p)
{
    return mta_sts_policy_text_read(p, entry->text, strlen(entry->text), mta_sts_findings_make(p))
               ->mode == MTA_STS_MODE_ENFORCE;
}

/* Moves `from` to the day after a policy in another mode was last served. */
static void begin_after(apr_time_t *from, apr_time_t last)
{
    if (last >= *from) {
        *from = last - last % DAY + DAY;
    }
}

/* The same for the past rows of a hosted domain. */
static const char *skip_rows(mta_sts_database *db, const char *domain, apr_pool_t *p,
                             apr_time_t *from)
{
    apr_array_header_t *past;
    const char *error = mta_sts_past_read(db, domain, apr_time_now(), p, &past);
    int i;

    for (i = 0; !error && i < past->nelts; i++) {
        const mta_sts_past_policy *one = &APR_ARRAY_IDX(past, i, mta_sts_past_policy);

        if (!one->is_current && one->policy->policy.mode != MTA_STS_MODE_ENFORCE) {
            begin_after(from, one->until);
        }
    }
    return error;
}

const char *tlsrpt_evidence_enforced_since(mta_sts_database *db, const char *domain,
                                           apr_time_t since, apr_pool_t *p, apr_time_t *from)
{
    apr_array_header_t *entries;
    const char *error = mta_sts_history_read(db, domain, p, &entries);
    int i;

    *from = since;
    for (i = 0; !error && i < entries->nelts; i++) {
        const mta_sts_history_entry *entry = &APR_ARRAY_IDX(entries, i, mta_sts_history_entry);

        /* A policy that another machine still serves is not in the past. */
        if (!entry->is_served && entry->last >= *from && !is_enforce(entry, p)) {
            begin_after(from, entry->last);
        }
    }
    return error ? error : skip_rows(db, domain, p, from);
}
