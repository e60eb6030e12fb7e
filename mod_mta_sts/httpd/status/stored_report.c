/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/status/stored_report.h"

#include <string.h>

#include <http_protocol.h>
#include <apr_strings.h>

#include "httpd/config/report_config.h"
#include "httpd/config/state.h"
#include "httpd/status/database.h"
#include "tlsrpt/report/digest.h"
#include "tlsrpt/report/inflate.h"

#define PIECE 8192
#define NAME_DIGITS 12 /* number of digits of the digest in the name of the file */

typedef struct search {
    const mts_status_query *query;
    tlsrpt_index_location place;
} search;

static const char *find_place(mta_sts_database *db, apr_pool_t *p, void *baton)
{
    search *s = baton;

    return tlsrpt_index_find(db, s->query->report, s->query->is_in_path ? s->query->domain : NULL,
                             p, &s->place);
}

/* Why there is nothing to send, or NULL. A customer gets the same response for reports that do not
 * exist and for those of others. */
static const char *find_missing(const mts_status_view *view, const tlsrpt_index_location *place)
{
    if (!place->host) {
        return view->query.is_in_path ? "There is no such report about this domain only."
                                      : "No such report is in the index of this server.";
    }
    if (!place->is_here) {
        return view->query.is_in_path
                   ? "This report is stored on another machine, and cannot be shown here."
                   : apr_psprintf(view->p,
                                  "This report is stored on the machine %s: open the same URL on "
                                  "its status page.",
                                  place->host);
    }
    return place->is_unreadable ? "The file of this report is damaged." : NULL;
}

/* Counts the bytes of the JSON, and verifies their digest, without storing the inflated bytes.
 * Returns NULL, or what is wrong. */
static const char *measure(apr_pool_t *p, apr_size_t max, mts_status_stored *stored)
{
    EVP_MD_CTX *digest = tlsrpt_digest_start(p);
    tlsrpt_inflate *stream = tlsrpt_inflate_start(p, stored->file.bytes, stored->file.len);
    char piece[PIECE];
    apr_ssize_t got = -1;

    while (stream && stored->len <= max &&
           (got = tlsrpt_inflate_read(stream, piece, sizeof(piece))) > 0) {
        tlsrpt_digest_add(digest, piece, (apr_size_t)got);
        stored->len += (apr_size_t)got;
    }
    if (stored->len > max) {
        return "it is larger than MTASTSReportMaxSize allows";
    }
    return got == 0 && strcmp(tlsrpt_digest_end(p, digest), stored->file.digest) == 0
               ? NULL
               : "its file has changed since it was received";
}

static const char *read_file(const mts_status_view *view, mts_status_stored *stored)
{
    const tlsrpt_limits limits = mts_report_limits_of(view->r->server);
    tlsrpt_spool *spool = mts_state_spool();
    const char *error = spool ? tlsrpt_spool_read(spool, TLSRPT_REPORTS, view->query.report,
                                                  limits.sent, view->p, &stored->file)
                              : "the state directory cannot be used";

    return error ? error : measure(view->p, limits.inflated, stored);
}

const char *mts_status_stored_find(const mts_status_view *view, mts_status_stored *stored,
                                   int *status)
{
    search s = {.query = &view->query};
    const char *error = mts_status_database_read(view->r, find_place, &s);

    memset(stored, 0, sizeof(*stored));
    if (error) {
        *status = HTTP_SERVICE_UNAVAILABLE;
        return view->query.is_in_path
                   ? "The index of reports cannot be read now."
                   : apr_psprintf(view->p, "The index of reports cannot be read: %s.", error);
    }
    *status = HTTP_NOT_FOUND;
    error = find_missing(view, &s.place);
    if (error) {
        return error;
    }
    error = read_file(view, stored);
    return !error ? NULL
           : view->query.is_in_path
               ? "This report cannot be read now."
               : apr_psprintf(view->p, "This report cannot be read: %s.", error);
}

int mts_status_stored_send(request_rec *r, const mts_status_stored *stored)
{
    tlsrpt_inflate *stream = tlsrpt_inflate_start(r->pool, stored->file.bytes, stored->file.len);
    char piece[PIECE];
    apr_ssize_t got;

    if (!stream) {
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    ap_set_content_type(r, "application/json");
    ap_set_content_length(r, (apr_off_t)stored->len);
    apr_table_setn(r->headers_out, "Content-Disposition",
                   apr_psprintf(r->pool, "attachment; filename=\"report-%.*s.json\"", NAME_DIGITS,
                                stored->file.digest));
    while (!r->header_only && (got = tlsrpt_inflate_read(stream, piece, sizeof(piece))) > 0) {
        if (ap_rwrite(piece, (int)got, r) < 0) {
            break; /* the client has disconnected */
        }
    }
    return OK;
}
