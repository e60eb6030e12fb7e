/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/status/json_values.h"

#include <apr_strings.h>

#include "core/base/format.h"
#include "httpd/status/html.h"

#define TEXTS_MAX 50

json_t *mts_json_time(apr_pool_t *p, apr_time_t time)
{
    return time ? json_string(mta_sts_format_timestamp(p, time)) : json_null();
}

json_t *mts_json_text(const char *text)
{
    json_t *string = text ? json_string(text) : NULL;

    return string ? string : text ? json_string("(not UTF-8)") : json_null();
}

json_t *mts_json_texts(const apr_array_header_t *texts)
{
    json_t *array = json_array();
    int i;

    for (i = 0; i < texts->nelts; i++) {
        json_array_append_new(array, mts_json_text(APR_ARRAY_IDX(texts, i, const char *)));
    }
    return array;
}

json_t *mts_json_short(apr_pool_t *p, const char *text)
{
    return mts_json_text(mts_html_shorten(p, text));
}

json_t *mts_json_shorts(apr_pool_t *p, const apr_array_header_t *texts)
{
    json_t *array = json_array();
    int i;

    for (i = 0; i < texts->nelts && i < TEXTS_MAX; i++) {
        json_array_append_new(array, mts_json_short(p, APR_ARRAY_IDX(texts, i, const char *)));
    }
    return array;
}
