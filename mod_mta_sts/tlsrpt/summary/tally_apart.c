/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "tlsrpt/summary/plausible.h"
#include "tlsrpt/summary/tally_internal.h"

#define DAY (86400 * APR_USEC_PER_SEC)

/* What one sender reports about one domain and day, separately for verified and unverified
 * reports. */
typedef struct group {
    tlsrpt_apart_key key;
    int verified;
    apr_int64_t successful, failed, details;
} group;

tlsrpt_apart_key tlsrpt_apart_key_of(const tlsrpt_stored_report *report,
                                     const tlsrpt_stored_policy *policy)
{
    return (tlsrpt_apart_key){policy->domain, report->organization,
                              report->end > 0 ? (report->end - 1) / DAY : -1};
}

static apr_int64_t size_of(const group *of)
{
    apr_int64_t size = of->successful > of->failed ? of->successful : of->failed;

    return of->details > size ? of->details : size;
}

static void add_policy(apr_hash_t *groups, const tlsrpt_stored_report *report,
                       const tlsrpt_stored_policy *policy)
{
    apr_pool_t *p = apr_hash_pool_get(groups);
    tlsrpt_apart_key key = tlsrpt_apart_key_of(report, policy);
    group *of = apr_hash_get(groups, &key, sizeof(key));
    int i;

    if (!of) {
        of = apr_pcalloc(p, sizeof(*of));
        of->key = key;
        of->verified = report->verified;
        apr_hash_set(groups, &of->key, sizeof(of->key), of);
    }
    of->successful = tlsrpt_count_add(of->successful, policy->successful);
    of->failed = tlsrpt_count_add(of->failed, policy->failed);
    for (i = 0; i < policy->failure_count; i++) {
        of->details = tlsrpt_count_add(of->details, policy->failures[i].sessions);
    }
}

/* Orders groups by domain, then by size. */
static int compare(const void *a, const void *b)
{
    const group *x = *(const group *const *)a, *y = *(const group *const *)b;

    if (x->key.domain != y->key.domain) {
        return x->key.domain < y->key.domain ? -1 : 1;
    }
    return size_of(x) < size_of(y) ? -1 : size_of(x) > size_of(y);
}

/* Returns the groups of both tables in this order. */
static group **sort_groups(apr_pool_t *p, apr_hash_t *const groups[2], int *count)
{
    group **sorted;
    int i, n = 0;

    *count = (int)(apr_hash_count(groups[0]) + apr_hash_count(groups[1]));
    sorted = apr_palloc(p, sizeof(*sorted) * (apr_size_t)(*count + 1));
    for (i = 0; i < 2; i++) {
        apr_hash_index_t *at;

        for (at = apr_hash_first(p, groups[i]); at; at = apr_hash_next(at)) {
            sorted[n++] = apr_hash_this_val(at);
        }
    }
    qsort(sorted, (size_t)n, sizeof(*sorted), compare);
    return sorted;
}

static int is_in_question(const group *of)
{
    return !of->verified && size_of(of) >= TLSRPT_PLAUSIBLE_MIN;
}

static void set_apart(apr_hash_t *apart, const group *of)
{
    tlsrpt_apart *made = apr_pcalloc(apr_hash_pool_get(apart), sizeof(*made));

    made->domain = of->key.domain;
    made->organization = of->key.organization;
    made->day = of->key.last_day * DAY;
    made->successful = of->successful;
    made->failed = of->failed > of->details ? of->failed : of->details;
    apr_hash_set(apart, &of->key, sizeof(of->key), made);
}

/* Judges the groups of one domain. */
static void judge(apr_hash_t *apart, group *const *groups, int count)
{
    apr_int64_t *sizes = apr_palloc(apr_hash_pool_get(apart), sizeof(*sizes) * (apr_size_t)count);
    apr_int64_t base = -1, limit;
    int i, n = 0;

    for (i = 0; i < count; i++) {
        apr_int64_t size = size_of(groups[i]);

        if (is_in_question(groups[i])) {
            sizes[n++] = size;
        }
        else {
            base = size > base ? size : base;
        }
    }
    limit = tlsrpt_plausible_limit(base, sizes, n);
    for (i = 0; i < count; i++) {
        if (is_in_question(groups[i]) && size_of(groups[i]) > limit) {
            set_apart(apart, groups[i]);
        }
    }
}

/* Whether a policy is large enough to make a difference. */
static int has_large(const struct tlsrpt_tally *tally)
{
    int i, k;

    for (i = 0; i < tally->reports->nelts; i++) {
        const tlsrpt_stored_report *report =
            APR_ARRAY_IDX(tally->reports, i, const tlsrpt_stored_report *);

        for (k = 0; !report->verified && k < report->policy_count; k++) {
            const tlsrpt_stored_policy *policy = &report->policies[k];
            int n;

            if (policy->successful >= TLSRPT_PLAUSIBLE_MIN / TLSRPT_PLAUSIBLE_FACTOR ||
                policy->failed >= TLSRPT_PLAUSIBLE_MIN / TLSRPT_PLAUSIBLE_FACTOR) {
                return 1;
            }
            for (n = 0; n < policy->failure_count; n++) {
                if (policy->failures[n].sessions >=
                    TLSRPT_PLAUSIBLE_MIN / TLSRPT_PLAUSIBLE_FACTOR) {
                    return 1;
                }
            }
        }
    }
    return 0;
}

apr_hash_t *tlsrpt_tally_find_apart(const struct tlsrpt_tally *tally, apr_pool_t *p)
{
    apr_hash_t *groups[2] = {apr_hash_make(p), apr_hash_make(p)}, *apart = apr_hash_make(p);
    int i, k, first, count = 0;
    group **sorted;

    if (!has_large(tally)) {
        return NULL;
    }
    for (i = 0; i < tally->reports->nelts; i++) {
        const tlsrpt_stored_report *report =
            APR_ARRAY_IDX(tally->reports, i, const tlsrpt_stored_report *);

        for (k = 0; k < report->policy_count; k++) {
            add_policy(groups[report->verified != 0], report, &report->policies[k]);
        }
    }
    sorted = sort_groups(p, groups, &count);
    for (first = i = 0; i < count; i++) {
        if (i + 1 == count || sorted[i + 1]->key.domain != sorted[first]->key.domain) {
            judge(apart, sorted + first, i + 1 - first);
            first = i + 1;
        }
    }
    return apr_hash_count(apart) ? apart : NULL;
}

static int order_apart(const void *a, const void *b)
{
    return tlsrpt_order_apart(a, b);
}

void tlsrpt_tally_list_apart(apr_hash_t *apart, apr_pool_t *p, tlsrpt_summary *summary)
{
    apr_hash_index_t *at;

    summary->apart = apr_array_make(p, 1, sizeof(tlsrpt_apart));
    summary->apart_count = apart ? apr_hash_count(apart) : 0;
    for (at = apart ? apr_hash_first(apr_hash_pool_get(apart), apart) : NULL; at;
         at = apr_hash_next(at)) {
        APR_ARRAY_PUSH(summary->apart, tlsrpt_apart) = *(tlsrpt_apart *)apr_hash_this_val(at);
    }
    qsort(summary->apart->elts, (size_t)summary->apart->nelts, sizeof(tlsrpt_apart), order_apart);
    if (summary->apart->nelts > TLSRPT_APART_MAX) {
        summary->apart->nelts = TLSRPT_APART_MAX;
    }
}
