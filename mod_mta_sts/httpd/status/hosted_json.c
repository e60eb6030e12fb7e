/* SPDX-License-Identifier: Apache-2.0 */
/* Hosted domains as JSON. */
#include <jansson.h>

#include "core/base/format.h"
#include "httpd/status/hosted.h"
#include "httpd/status/json_values.h"

static json_t *row_json(const mts_status_view *view, const mta_sts_list_row *row)
{
    const char *mode =
        row->text ? mta_sts_mode_name(mta_sts_policy_rendered_mode(row->text)) : NULL;

    return json_pack("{s:o, s:o, s:o, s:b, s:o, s:o}", "domain", mts_json_text(row->domain), "mode",
                     mts_json_text(mode), "policy_id", mts_json_text(row->id), "is_configured",
                     mts_domains_find(view->domains, row->domain) != NULL, "wrong",
                     mts_json_text(row->wrong), "fix", mts_json_text(row->fix));
}

json_t *mts_status_hosted_json(const mts_status_view *view)
{
    const mts_status_hosted *hosted = view->hosted;
    json_t *rows = json_array();
    int i;

    if (!hosted) {
        json_decref(rows);
        return json_null();
    }
    for (i = 0; i < hosted->rows->nelts; i++) {
        json_array_append_new(rows,
                              row_json(view, &APR_ARRAY_IDX(hosted->rows, i, mta_sts_list_row)));
    }
    return json_pack(
        "{s:o, s:I, s:I, s:I, s:o, s:I, s:i, s:o}", "problem", mts_json_text(hosted->problem),
        "served", (json_int_t)hosted->state.served, "wrong", (json_int_t)hosted->state.wrong,
        "held", (json_int_t)hosted->state.held, "synced_at",
        mts_json_text(hosted->state.synced ? mta_sts_format_timestamp(view->p, hosted->state.synced)
                                           : NULL),
        "matching", (json_int_t)hosted->found, "pages", hosted->pages, "list", rows);
}
