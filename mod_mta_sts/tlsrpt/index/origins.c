/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/index/origin.h"

#include <string.h>

#include <apr_strings.h>

#include "core/base/network.h"

#define ROWS_MAX 500 /* maximum number of failures that are read */
/* Maximum number of verified reports, and of addresses in them, that are read. */
#define SIGNED_MAX 5000

/* The reports of a domain are found by the index tlsrpt_policy_domain. */
#define FIND                                                                                       \
    "SELECT coalesce(o.whole, o.text), r.range_begin, r.range_end, r.peer, "                       \
    "coalesce(s.whole, s.text), r.signer FROM tlsrpt_policy q JOIN tlsrpt_report r ON r.id = "     \
    "q.report "                                                                                    \
    "JOIN tlsrpt_policy p ON p.report = q.report AND p.domain = q.domain "                         \
    "JOIN tlsrpt_failure f ON f.report = p.report AND f.n = p.n "                                  \
    "JOIN tlsrpt_organization o ON o.id = r.organization "                                         \
    "LEFT JOIN tlsrpt_string s ON s.id = f.sending_ip "                                            \
    "WHERE q.domain = (SELECT id FROM tlsrpt_domain WHERE text = %s) AND q.is_first = 1 "          \
    "AND q.received >= %lld AND r.state = 0 AND r.verified = %d "                                  \
    "AND f.type = (SELECT id FROM tlsrpt_string WHERE text = %s) "                                 \
    "ORDER BY q.received DESC, q.report DESC LIMIT %d"

typedef struct finding {
    apr_array_header_t *list;
    int max;
} finding;

static void add_network(apr_array_header_t *networks, const char *network)
{
    int i;

    if (!network || !*network || networks->nelts >= TLSRPT_ORIGIN_NETWORKS_MAX) {
        return;
    }
    for (i = 0; i < networks->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(networks, i, const char *), network) == 0) {
            return;
        }
    }
    APR_ARRAY_PUSH(networks, const char *) = apr_pstrdup(networks->pool, network);
}

void tlsrpt_origin_add(apr_array_header_t *networks, const char *address)
{
    if (address) {
        add_network(networks, mta_sts_network_of(networks->pool, address));
    }
}

/* The entry of an organization; NULL if the list is full. */
static tlsrpt_origin *origin_of(finding *f, const char *const *columns)
{
    apr_pool_t *p = f->list->pool;
    tlsrpt_origin *one;
    int i;

    for (i = 0; i < f->list->nelts; i++) {
        one = &APR_ARRAY_IDX(f->list, i, tlsrpt_origin);
        if (strcmp(one->organization, columns[0] ? columns[0] : "") == 0) {
            return one;
        }
    }
    if (f->list->nelts >= f->max) {
        return NULL;
    }
    one = apr_array_push(f->list);
    one->organization = mta_sts_database_text(p, columns[0]);
    one->signer = mta_sts_database_text(p, columns[5]);
    one->begin = mta_sts_database_number(columns[1]);
    one->end = mta_sts_database_number(columns[2]);
    one->networks = apr_array_make(p, 2, sizeof(const char *));
    return one;
}

/* Only the last report of an organization is used. */
static int take_row(void *baton, const char *const *columns)
{
    tlsrpt_origin *one = origin_of(baton, columns);

    if (one && one->begin == mta_sts_database_number(columns[1]) &&
        one->end == mta_sts_database_number(columns[2])) {
        tlsrpt_origin_add(one->networks, columns[4]);
        add_network(one->networks, columns[3]);
    }
    return 1;
}

const char *tlsrpt_index_origins(mta_sts_database *db, const char *domain, const char *result_type,
                                 int is_verified, apr_time_t since, int max, apr_pool_t *p,
                                 apr_array_header_t **list)
{
    finding f = {apr_array_make(p, max + 1, sizeof(tlsrpt_origin)), max};

    *list = f.list;
    return mta_sts_database_rows(db, FIND, take_row, &f, domain, (long long)since, is_verified,
                                 result_type, ROWS_MAX);
}

/* --- addresses in verified reports --- */

#define FIND_SIGNED                                                                                \
    "SELECT r.signer, coalesce(s.whole, s.text), max(r.received) FROM (SELECT id, signer, "        \
    "received FROM tlsrpt_report WHERE signer <> '' AND state = 0 AND received >= %lld "           \
    "ORDER BY received DESC LIMIT %d) r JOIN tlsrpt_failure f ON f.report = r.id "                 \
    "JOIN tlsrpt_string s ON s.id = f.sending_ip GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT %d"

static int take_signed(void *baton, const char *const *columns)
{
    apr_array_header_t *list = baton;
    tlsrpt_signed_address *one = apr_array_push(list);

    one->signer = mta_sts_database_text(list->pool, columns[0]);
    one->address = mta_sts_database_text(list->pool, columns[1]);
    one->received = mta_sts_database_number(columns[2]);
    return 1;
}

const char *tlsrpt_index_signed_addresses(mta_sts_database *db, apr_time_t since, apr_pool_t *p,
                                          apr_array_header_t **list)
{
    *list = apr_array_make(p, 16, sizeof(tlsrpt_signed_address));
    return mta_sts_database_rows(db, FIND_SIGNED, take_signed, *list, (long long)since, SIGNED_MAX,
                                 SIGNED_MAX);
}
