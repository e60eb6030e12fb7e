/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>
#include <jansson.h>

#include "cli/policy/call.h"
#include "core/base/text.h"

/* --- printing --- */

static json_t *text_or_null(const char *text)
{
    json_t *value = text ? json_string(text) : json_null();

    return value ? value : json_string("(not UTF-8)");
}

static json_t *split(apr_pool_t *p, const char *mx)
{
    json_t *list = json_array();
    char *last, *one;

    for (one = apr_strtok(apr_pstrdup(p, mx ? mx : ""), " \t\r\n", &last); one;
         one = apr_strtok(NULL, " \t\r\n", &last)) {
        json_array_append_new(list, text_or_null(one));
    }
    return list;
}

const char *cli_policy_row_to_json(apr_pool_t *p, const mta_sts_hosted_row *row)
{
    json_t *object = json_object();
    char *printed;
    const char *text;

    json_object_set_new(object, "domain", text_or_null(row->domain));
    if (row->alias_of) {
        json_object_set_new(object, "alias_of", text_or_null(row->alias_of));
    }
    else {
        json_object_set_new(object, "mode", text_or_null(row->mode));
        json_object_set_new(object, "mx", split(p, row->mx));
        json_object_set_new(object, "max_age", text_or_null(row->max_age));
    }
    printed = json_dumps(object, JSON_COMPACT);
    text = apr_pstrdup(p, printed);
    free(printed);
    json_decref(object);
    return text;
}

/* --- reading --- */

static const char *read_mx(apr_pool_t *p, const json_t *value, const char **mx)
{
    apr_array_header_t *names = apr_array_make(p, 8, sizeof(const char *));
    const json_t *one;
    size_t i;

    json_array_foreach((json_t *)value, i, one)
    {
        const char *name = json_string_value(one);

        if (!name || !*name || strpbrk(name, " \t\r\n")) {
            return "mx is not an array of host names";
        }
        APR_ARRAY_PUSH(names, const char *) = name;
    }
    *mx = names->nelts ? apr_array_pstrcat(p, names, ' ') : NULL;
    return json_is_array(value) ? NULL : "mx is not an array of host names";
}

static const char *read_max_age(apr_pool_t *p, const json_t *value, const char **max_age)
{
    if (json_is_integer(value)) {
        *max_age = apr_psprintf(p, "%" APR_INT64_T_FMT, (apr_int64_t)json_integer_value(value));
        return NULL;
    }
    *max_age = apr_pstrdup(p, json_string_value(value));
    return *max_age ? NULL : "max_age is neither a number nor a string";
}

static const char *read_text(apr_pool_t *p, const char *name, const json_t *value,
                             const char **text)
{
    *text = apr_pstrdup(p, json_string_value(value));
    return *text ? NULL : apr_psprintf(p, "%s is not a string", name);
}

static const char *read_member(apr_pool_t *p, const char *name, const json_t *value,
                               mta_sts_hosted_row *row)
{
    if (strcmp(name, "domain") == 0) {
        return read_text(p, name, value, &row->domain);
    }
    if (strcmp(name, "mode") == 0) {
        return read_text(p, name, value, &row->mode);
    }
    if (strcmp(name, "alias_of") == 0) {
        return read_text(p, name, value, &row->alias_of);
    }
    if (strcmp(name, "mx") == 0) {
        return read_mx(p, value, &row->mx);
    }
    if (strcmp(name, "max_age") == 0) {
        return read_max_age(p, value, &row->max_age);
    }
    return apr_psprintf(p, "%s is not one of domain, mode, mx, max_age and alias_of",
                        mta_sts_text_quote(p, name, strlen(name)));
}

const char *cli_policy_row_from_json(apr_pool_t *p, const char *text, apr_size_t len,
                                     mta_sts_hosted_row *row)
{
    json_error_t why;
    json_t *object = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why);
    const char *error = NULL, *name;
    json_t *value;

    *row = (mta_sts_hosted_row){.mode = MTA_STS_HOSTED_MODE, .max_age = MTA_STS_HOSTED_MAX_AGE};
    if (!json_is_object(object)) {
        json_decref(object);
        return "it is not a JSON object such as {\"domain\":\"example.com\",\"mx\":"
               "[\"mx1.example.com\"]}, alone on its line";
    }
    json_object_foreach(object, name, value)
    {
        error = error ? error : read_member(p, name, value, row);
    }
    json_decref(object);
    if (!error && row->alias_of) {
        row->mode = row->max_age = NULL;
        error = row->mx ? "a row with alias_of has no other values" : NULL;
    }
    return error ? error : row->domain ? NULL : "it has no domain";
}
