/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/advice/copies.h"

#include "core/base/format.h"

/* A time as JSON; null for 0. */
static json_t *time_json(apr_pool_t *p, apr_time_t time)
{
    return time ? json_string(mta_sts_format_timestamp(p, time)) : json_null();
}

static json_t *hosts_json(const mta_sts_rollout_date *date)
{
    json_t *array = json_array();
    int i;

    for (i = 0; i < date->hosts->nelts; i++) {
        json_array_append_new(array, json_string(APR_ARRAY_IDX(date->hosts, i, const char *)));
    }
    return array;
}

json_t *tlsrpt_copies_to_json(apr_pool_t *p, const mta_sts_rollout_date *date, int has_hosts)
{
    if (!date) {
        return json_null();
    }
    return json_pack("{s:o, s:b, s:o, s:b, s:b, s:o, s:o}", "worst_case_until",
                     time_json(p, date->recorded), "certain", date->is_certain, "recorded_since",
                     time_json(p, date->since), "unrecorded", date->has_unrecorded, "log_complete",
                     date->has_log, "by_log_until", time_json(p, date->has_log ? date->by_log : 0),
                     "served_by", has_hosts ? hosts_json(date) : json_array());
}
