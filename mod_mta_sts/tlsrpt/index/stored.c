/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/index/query.h"

#include <string.h>

typedef struct search {
    const tlsrpt_query *query;
    tlsrpt_index_location *location;
} search;

/* Prefers a file on this machine. */
static int take_location(void *baton, const char *const *columns)
{
    search *s = baton;
    const char *host = tlsrpt_query_text(s->query->p, columns[0]);

    *s->location = (tlsrpt_index_location){
        .host = host,
        .is_here = tlsrpt_host_is_this(s->query->db, host),
        .is_unreadable = mta_sts_database_number(columns[1]) == TLSRPT_STATE_UNREADABLE,
    };
    return !s->location->is_here;
}

#define FIND                                                                                       \
    "SELECT coalesce(h.whole, h.text), r.state FROM tlsrpt_report r"                               \
    " JOIN tlsrpt_string h ON h.id = r.host WHERE r.digest = %s"
/* Whether a report is about a domain, and about no other one. */
#define IS_ABOUT                                                                                   \
    " AND EXISTS (SELECT 1 FROM tlsrpt_policy p WHERE p.report = r.id AND p.domain = %lld)"        \
    " AND NOT EXISTS (SELECT 1 FROM tlsrpt_policy p WHERE p.report = r.id AND p.domain <> %lld)"

const char *tlsrpt_index_find(mta_sts_database *db, const char *digest, const char *only,
                              apr_pool_t *p, tlsrpt_index_location *location)
{
    const tlsrpt_filter filter = {.domain = only};
    tlsrpt_query query;
    search s = {&query, location};
    const char *error = tlsrpt_query_begin(&query, db, &filter, p);

    memset(location, 0, sizeof(*location));
    if (!error) {
        error = only ? mta_sts_database_rows(db, FIND IS_ABOUT, take_location, &s, digest,
                                             query.domain, query.domain)
                     : mta_sts_database_rows(db, FIND, take_location, &s, digest);
    }
    return tlsrpt_query_end(&query, error);
}
