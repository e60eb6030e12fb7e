/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/summary/tally.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "tlsrpt/summary/tally_internal.h"

#define DAY (86400 * APR_USEC_PER_SEC)
#define SAMPLES_MAX 5 /* reasons and addresses of one cause */

/* The key of a row of the summary: interned texts, and a day; compared byte by byte. */
typedef struct key {
    const char *domain, *first, *second, *third;
    apr_time_t day;
    apr_int64_t is_verified; /* as wide as the other members, to avoid padding */
} key;

typedef struct domain_row {
    tlsrpt_domain sum;
    const tlsrpt_stored_report *counted; /* the last report counted: a report with several policies
                                            of the same domain counts once */
} domain_row;

typedef struct summing {
    apr_pool_t *p;
    apr_pool_t *ptemp; /* pool of temporary data, which is needed only while the sums are
                          computed */
    apr_hash_t *domains, *days, *senders, *causes, *seen; /* key -> row */
    apr_hash_t *apart;                                    /* or NULL */
    tlsrpt_summary *sum;
} summing;

/*
 * Finds the row with a key in a table; adds a new one, all 0, if there is none.
 *
 * @param list array of pointers to rows, to which a new row is added
 */
static void *find_row(summing *s, apr_hash_t *table, const key *key_of_row, apr_size_t size,
                      apr_array_header_t *list, int *is_new)
{
    void *row = apr_hash_get(table, key_of_row, sizeof(*key_of_row));

    *is_new = !row;
    if (!row) {
        row = apr_pcalloc(s->p, size);
        apr_hash_set(table, apr_pmemdup(s->ptemp, key_of_row, sizeof(*key_of_row)),
                     sizeof(*key_of_row), row);
        APR_ARRAY_PUSH(list, void *) = row;
    }
    return row;
}

static void add_to(apr_int64_t *sum, apr_int64_t count)
{
    *sum = tlsrpt_count_add(*sum, count);
}

/* Times of 0 are not specified. */
static void widen(apr_time_t *begin, apr_time_t *end, const tlsrpt_stored_report *report)
{
    if (report->begin && (!*begin || report->begin < *begin)) {
        *begin = report->begin;
    }
    if (report->end > *end) {
        *end = report->end;
    }
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Adds a text to a sorted list without duplicates that is limited to the first few. */
static void add_sample(apr_array_header_t *list, const char *text)
{
    const char **at = (const char **)list->elts;
    int i = 0;

    while (text && i < list->nelts && strcmp(at[i], text) < 0) {
        i++;
    }
    if (!text || i == SAMPLES_MAX || (i < list->nelts && strcmp(at[i], text) == 0)) {
        return;
    }
    if (list->nelts < SAMPLES_MAX) {
        apr_array_push(list);
        at = (const char **)list->elts;
    }
    memmove(at + i + 1, at + i, sizeof(*at) * (size_t)(list->nelts - 1 - i));
    at[i] = text;
}

/* Adds a name, in any order and with duplicates; lists of names are sorted at the end. */
static void add_name(apr_array_header_t *list, const char *name)
{
    if (!list->nelts || APR_ARRAY_IDX(list, list->nelts - 1, const char *) != name) {
        APR_ARRAY_PUSH(list, const char *) = name;
    }
}

static void sort_names(apr_array_header_t *list)
{
    const char **at = (const char **)list->elts;
    int i, count = 0;

    qsort(at, (size_t)list->nelts, sizeof(*at), compare_names);
    for (i = 0; i < list->nelts; i++) {
        if (!count || at[count - 1] != at[i]) {
            at[count++] = at[i];
        }
    }
    list->nelts = count;
}

static apr_array_header_t *make_list(summing *s)
{
    return apr_array_make(s->p, 1, sizeof(void *));
}

static domain_row *find_domain(summing *s, const char *name)
{
    const key key_of_row = {.domain = name};
    int is_new;
    domain_row *row = find_row(s, s->domains, &key_of_row, sizeof(*row), s->sum->domains, &is_new);

    if (is_new) {
        tlsrpt_domain *domain = &row->sum;

        domain->domain = name;
        domain->days = make_list(s);
        domain->senders = make_list(s);
        domain->causes = make_list(s);
        domain->seen = make_list(s);
    }
    return row;
}

static void add_day(summing *s, tlsrpt_domain *domain, const tlsrpt_stored_report *report,
                    const tlsrpt_stored_policy *policy)
{
    const key key_of_row = {.domain = domain->domain, .day = report->begin - report->begin % DAY};
    int is_new;
    tlsrpt_day *day = find_row(s, s->days, &key_of_row, sizeof(*day), domain->days, &is_new);

    day->day = key_of_row.day;
    add_to(&day->successful, policy->successful);
    add_to(&day->failed, policy->failed);
    if (report->verified) {
        add_to(&day->verified_successful, policy->successful);
        add_to(&day->verified_failed, policy->failed);
    }
}

static tlsrpt_sender *find_sender(summing *s, tlsrpt_domain *domain,
                                  const tlsrpt_stored_report *report)
{
    const key key_of_row = {
        .domain = domain->domain, .first = report->organization, .is_verified = report->verified};
    int is_new;
    tlsrpt_sender *sender =
        find_row(s, s->senders, &key_of_row, sizeof(*sender), domain->senders, &is_new);

    sender->organization = report->organization;
    sender->is_verified = report->verified;
    return sender;
}

static void add_seen(summing *s, tlsrpt_domain *domain, const tlsrpt_stored_report *report,
                     const tlsrpt_stored_policy *policy)
{
    const key key_of_row = {.domain = domain->domain,
                            .first = policy->type,
                            .second = policy->policy,
                            .is_verified = report->verified};
    int is_new;
    tlsrpt_seen_policy *seen =
        find_row(s, s->seen, &key_of_row, sizeof(*seen), domain->seen, &is_new);

    if (is_new) {
        seen->is_verified = report->verified;
        seen->type = policy->type;
        seen->policy = policy->policy;
        seen->senders = make_list(s);
    }
    add_name(seen->senders, report->organization);
    add_to(&seen->sessions, tlsrpt_count_add(policy->successful, policy->failed));
    seen->last = report->end > seen->last ? report->end : seen->last;
}

static void add_failure(summing *s, tlsrpt_domain *domain, const tlsrpt_stored_report *report,
                        const tlsrpt_stored_policy *policy, const tlsrpt_stored_failure *failure)
{
    const key key_of_row = {.domain = domain->domain,
                            .first = policy->type,
                            .second = failure->result_type,
                            .third = failure->mx,
                            .is_verified = report->verified};
    int is_new;
    tlsrpt_cause *cause =
        find_row(s, s->causes, &key_of_row, sizeof(*cause), domain->causes, &is_new);

    if (is_new) {
        cause->is_verified = report->verified;
        cause->policy_type = policy->type;
        cause->result_type = failure->result_type;
        cause->receiving_mx = failure->mx;
        cause->senders = make_list(s);
        cause->reasons = make_list(s);
        cause->receiving_ips = make_list(s);
        cause->sending_ips = make_list(s);
    }
    add_to(&cause->sessions, failure->sessions);
    widen(&cause->first, &cause->last, report);
    add_name(cause->senders, report->organization);
    add_sample(cause->reasons, failure->reason);
    add_sample(cause->receiving_ips, failure->receiving_ip);
    add_sample(cause->sending_ips, failure->sending_ip);
}

static void add_policy(summing *s, const tlsrpt_stored_report *report,
                       const tlsrpt_stored_policy *policy)
{
    domain_row *row = find_domain(s, policy->domain);
    tlsrpt_domain *domain = &row->sum;
    tlsrpt_sender *sender = find_sender(s, domain, report);
    int i, is_first = row->counted != report;

    row->counted = report;
    domain->reports += is_first;
    domain->verified += is_first && report->verified;
    add_to(&domain->successful, policy->successful);
    add_to(&domain->failed, policy->failed);
    if (report->verified) {
        add_to(&domain->verified_successful, policy->successful);
        add_to(&domain->verified_failed, policy->failed);
    }
    widen(&domain->begin, &domain->end, report);
    sender->reports += is_first;
    add_to(&sender->successful, policy->successful);
    add_to(&sender->failed, policy->failed);
    sender->last = report->end > sender->last ? report->end : sender->last;
    add_day(s, domain, report, policy);
    add_seen(s, domain, report, policy);
    for (i = 0; i < policy->failure_count; i++) {
        add_failure(s, domain, report, policy, &policy->failures[i]);
    }
}

static int is_apart(const summing *s, const tlsrpt_stored_report *report,
                    const tlsrpt_stored_policy *policy)
{
    tlsrpt_apart_key key_of_row;

    if (!s->apart || report->verified) {
        return 0;
    }
    key_of_row = tlsrpt_apart_key_of(report, policy);
    return apr_hash_get(s->apart, &key_of_row, sizeof(key_of_row)) != NULL;
}

/* Whether all parts of a report are set apart, so that it does not count. */
static int is_all_apart(const summing *s, const tlsrpt_stored_report *report)
{
    int i = 0;

    while (i < report->policy_count && is_apart(s, report, &report->policies[i])) {
        i++;
    }
    return i && i == report->policy_count;
}

static void add_report(summing *s, const tlsrpt_stored_report *report)
{
    int i;

    if (is_all_apart(s, report)) {
        return;
    }
    s->sum->reports++;
    s->sum->unverified += !report->verified;
    for (i = 0; i < report->policy_count; i++) {
        if (is_apart(s, report, &report->policies[i])) {
            continue;
        }
        add_to(&s->sum->successful, report->policies[i].successful);
        add_to(&s->sum->failed, report->policies[i].failed);
        add_policy(s, report, &report->policies[i]);
    }
}

/* --- order: the rows are pointers until they are sorted --- */

/* qsort's comparison of pointers to rows. */
#define BY_POINTER(type, names)                                                                    \
    static int order_##names(const void *a, const void *b)                                         \
    {                                                                                              \
        return tlsrpt_order_##names(*(const tlsrpt_##type *const *)a,                              \
                                    *(const tlsrpt_##type *const *)b);                             \
    }

BY_POINTER(domain, domains)
BY_POINTER(day, days)
BY_POINTER(sender, senders)
BY_POINTER(cause, causes)
BY_POINTER(seen_policy, seen_policies)

typedef int comparison(const void *, const void *);

static void sort(apr_array_header_t *rows, comparison *order)
{
    qsort(rows->elts, (size_t)rows->nelts, (size_t)rows->elt_size, order);
}

/* Copies the rows of an array of pointers to an array of rows, sorted. */
static apr_array_header_t *sort_rows(summing *s, apr_array_header_t *rows, apr_size_t size,
                                     comparison *order)
{
    apr_array_header_t *list = apr_array_make(s->p, rows->nelts ? rows->nelts : 1, (int)size);
    int i;

    sort(rows, order);
    for (i = 0; i < rows->nelts; i++) {
        memcpy(apr_array_push(list), APR_ARRAY_IDX(rows, i, void *), size);
    }
    return list;
}

static void finish_domain(summing *s, tlsrpt_domain *domain)
{
    int i;

    domain->days = sort_rows(s, domain->days, sizeof(tlsrpt_day), order_days);
    domain->senders = sort_rows(s, domain->senders, sizeof(tlsrpt_sender), order_senders);
    domain->causes = sort_rows(s, domain->causes, sizeof(tlsrpt_cause), order_causes);
    domain->seen = sort_rows(s, domain->seen, sizeof(tlsrpt_seen_policy), order_seen_policies);
    for (i = 0; i < domain->causes->nelts; i++) {
        sort_names(APR_ARRAY_IDX(domain->causes, i, tlsrpt_cause).senders);
    }
    for (i = 0; i < domain->seen->nelts; i++) {
        sort_names(APR_ARRAY_IDX(domain->seen, i, tlsrpt_seen_policy).senders);
    }
    tlsrpt_domain_join_policies(s->p, domain);
}

/* Removes the unverified reports of identities that have a verified one. */
static void drop_replaced(tlsrpt_tally *tally, tlsrpt_summary *sum)
{
    tlsrpt_stored_report **reports = (tlsrpt_stored_report **)tally->reports->elts;
    int i, count = 0;

    for (i = 0; i < tally->reports->nelts; i++) {
        if (reports[i]->verified || !reports[i]->identity->verified) {
            sum->folded += reports[i]->is_folded;
            reports[count++] = reports[i];
            continue;
        }
        tally->duplicates += reports[i]->is_repeated;
        tally->conflicts += !reports[i]->is_repeated;
    }
    tally->reports->nelts = count;
}

tlsrpt_summary *tlsrpt_tally_sum(tlsrpt_tally *tally)
{
    summing s = {.p = tally->p, .sum = apr_pcalloc(tally->p, sizeof(*s.sum))};
    int i;

    apr_pool_create(&s.ptemp, tally->p);
    s.domains = apr_hash_make(s.ptemp);
    s.days = apr_hash_make(s.ptemp);
    s.senders = apr_hash_make(s.ptemp);
    s.causes = apr_hash_make(s.ptemp);
    s.seen = apr_hash_make(s.ptemp);
    s.sum->domains = apr_array_make(s.p, 16, sizeof(tlsrpt_domain *));
    drop_replaced(tally, s.sum);
    s.sum->duplicates = tally->duplicates;
    s.sum->conflicts = tally->conflicts;
    s.sum->earlier = tally->earlier;
    s.apart = tlsrpt_tally_find_apart(tally, s.ptemp);
    tlsrpt_tally_list_apart(s.apart, s.p, s.sum);
    for (i = 0; i < tally->reports->nelts; i++) {
        add_report(&s, APR_ARRAY_IDX(tally->reports, i, tlsrpt_stored_report *));
    }
    sort(s.sum->domains, order_domains);
    for (i = 0; i < s.sum->domains->nelts; i++) {
        finish_domain(&s, APR_ARRAY_IDX(s.sum->domains, i, tlsrpt_domain *));
    }
    apr_pool_destroy(s.ptemp);
    return s.sum;
}
