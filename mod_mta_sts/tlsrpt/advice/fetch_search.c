/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/advice/fetch_search.h"

#include <string.h>

#include "core/database/network_names.h"

#define DAY apr_time_from_sec(86400)
#define SPAN_MAX (7 * DAY) /* the date range in a report is under the control of the reporter */
#define NAMED_MAX 20       /* maximum number of networks that are found by name */

typedef tlsrpt_fetch_search search;

static void count(search *s, const mta_sts_fetch *row)
{
    tlsrpt_fetch_answer *answer = s->answer;
    int outcome = row->outcome >= 0 && row->outcome < MTA_STS_FETCH_OUTCOMES ? row->outcome
                                                                             : MTA_STS_FETCH_FAILED;

    s->outcomes[outcome] = tlsrpt_count_add(s->outcomes[outcome], row->requests);
    s->last[outcome] = row->last > s->last[outcome] ? row->last : s->last[outcome];
    answer->first = !answer->first || row->first < answer->first ? row->first : answer->first;
    answer->last = row->last > answer->last ? row->last : answer->last;
    if (outcome == MTA_STS_FETCH_SERVED) {
        answer->served = tlsrpt_count_add(answer->served, row->requests);
    }
    else {
        answer->refused = tlsrpt_count_add(answer->refused, row->requests);
    }
}

/* Hosts whose names are not recorded were either not local, or served through a wildcard alias; the
 * policy host of the domain may be one of the latter. */
static void count_elsewhere(search *s, const mta_sts_fetch *row)
{
    s->elsewhere = tlsrpt_count_add(s->elsewhere, row->requests);
    s->elsewhere_last = row->last > s->elsewhere_last ? row->last : s->elsewhere_last;
}

/* Counts the requests of a network for the domain of the question, and for hosts that are not
 * recorded by name. */
static void count_network(search *s, const char *network, const apr_array_header_t *rows)
{
    int i, found = 0;

    for (i = 0; i < rows->nelts; i++) {
        const mta_sts_fetch *row = &APR_ARRAY_IDX(rows, i, mta_sts_fetch);

        if (strcmp(row->network, network) == 0 && *row->domain) {
            count(s, row);
            found = 1;
        }
        else if (strcmp(row->network, network) == 0) {
            count_elsewhere(s, row);
        }
    }
    APR_ARRAY_PUSH(found ? s->with : s->without, const char *) = network;
}

static mta_sts_fetches_filter filter_of(const search *s)
{
    return (mta_sts_fetches_filter){s->question->domain, s->begin, s->end};
}

static const char *read_networks(search *s, const apr_array_header_t *networks)
{
    const mta_sts_fetches_filter filter = filter_of(s);
    apr_array_header_t *rows;
    const char *error =
        networks->nelts ? mta_sts_fetches_sum(s->db, &filter, networks, s->p, &rows) : NULL;
    int i;

    for (i = 0; i < networks->nelts && !error; i++) {
        count_network(s, APR_ARRAY_IDX(networks, i, const char *), rows);
    }
    return error;
}

static int is_in(const apr_array_header_t *networks, const char *network)
{
    int i = 0;

    while (i < networks->nelts && strcmp(APR_ARRAY_IDX(networks, i, const char *), network) != 0) {
        i++;
    }
    return i < networks->nelts;
}

/* Reads the networks that requested the policy and belong to the signer according to DNS. */
static const char *read_named(search *s)
{
    const char *signer = s->question->signer ? s->question->signer : "";
    apr_array_header_t *networks;
    const char *error;
    int i;

    if (!*signer) {
        return NULL;
    }
    error = mta_sts_network_names_find(s->db, s->question->domain, signer, s->begin, s->end,
                                       NAMED_MAX, s->p, &networks);
    for (i = 0; i < networks->nelts && !error; i++) {
        const char *network = APR_ARRAY_IDX(networks, i, const char *);

        if (!is_in(s->question->networks, network)) {
            APR_ARRAY_PUSH(s->named, const char *) = network;
        }
    }
    return error ? error : read_networks(s, s->named);
}

static const char *read_log(search *s)
{
    const mta_sts_fetches_filter filter = filter_of(s);
    const char *error =
        mta_sts_fetches_cover(s->db, s->begin, s->end, s->question->now, s->p, &s->coverage);

    error = error ? error : mta_sts_fetches_count_unknown(s->db, &filter, &s->others);
    error = error ? error : read_networks(s, s->question->networks);
    return error ? error : read_named(s);
}

/* Only the last days of a date range that is too long are searched; without dates, nothing is. */
static void set_range(search *s)
{
    s->begin = s->question->begin;
    s->end = s->question->end > s->question->now ? s->question->now : s->question->end;
    if (s->end - s->begin > SPAN_MAX) {
        s->begin = s->end - SPAN_MAX;
    }
}

const char *tlsrpt_fetch_search_read(search *s)
{
    s->coverage.gaps = apr_array_make(s->p, 1, sizeof(mta_sts_fetches_gap));
    s->with = apr_array_make(s->p, 2, sizeof(const char *));
    s->without = apr_array_make(s->p, 2, sizeof(const char *));
    s->named = apr_array_make(s->p, 1, sizeof(const char *));
    set_range(s);
    return s->db && s->question->begin > 0 && s->begin < s->end ? read_log(s) : NULL;
}
