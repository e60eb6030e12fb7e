/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/format.h"
#include "httpd/status/query.h"

#include <string.h>

#include <apr_escape.h>
#include <apr_strings.h>

#include "core/base/name.h"
#include "core/base/number.h"
#include "core/base/text.h"
#include "httpd/status/html.h"
#include "tlsrpt/spool/layout.h"

#define NAME_MAX_BYTES 253
#define PAGE_MAX 1000000

const mts_status_range mts_status_ranges[MTS_STATUS_RANGES] = {
    {"7d", "7 days", "in the last 7 days", 7},
    {"30d", "30 days", "in the last 30 days", 30},
    {"90d", "90 days", "in the last 90 days", 90},
    {"400d", "400 days", "in the last 400 days", 400},
    {"all", "All", "in all reports", 0},
};

static const char *const formats[] = {
    [MTS_STATUS_HTML] = "html",
    [MTS_STATUS_JSON] = "json",
    [MTS_STATUS_PROMETHEUS] = "prometheus",
};

static const char *const shows[] = {
    [MTS_STATUS_SHOW_WORST] = "",          [MTS_STATUS_SHOW_ALL] = "all",
    [MTS_STATUS_SHOW_FAILING] = "failing", [MTS_STATUS_SHOW_NO_CERTIFICATE] = "no-certificate",
    [MTS_STATUS_SHOW_HOSTED] = "hosted",   [MTS_STATUS_SHOW_WRONG] = "wrong",
};

static const char *quote(apr_pool_t *p, const char *text)
{
    return mta_sts_text_quote(p, text, strlen(text));
}

/* Wildcard aliases such as mta-sts.* have pages as well. */
static const char *read_domain(apr_pool_t *p, const char *value, mts_status_query *query)
{
    const char *error = NULL;

    query->domain = mta_sts_format_lower(p, value);
    if (*value && !strpbrk(value, "*?")) {
        error = mta_sts_name_parse_host(p, value, MTA_STS_NAME_ULABEL, &query->domain);
    }
    else if (strlen(value) > NAME_MAX_BYTES) {
        error = "is too long for a domain";
    }
    return error ? apr_pstrcat(p, "The domain ", error, ".", NULL) : NULL;
}

static const char *read_since(apr_pool_t *p, const char *value, mts_status_query *query)
{
    int i;

    for (i = 0; i < MTS_STATUS_RANGES; i++) {
        if (strcmp(value, mts_status_ranges[i].name) == 0) {
            query->range = &mts_status_ranges[i];
            return NULL;
        }
    }
    return apr_pstrcat(p, "since=", quote(p, value),
                       " is not valid; use 7d, 30d, 90d, 400d or all.", NULL);
}

static const char *read_search(apr_pool_t *p, const char *value, mts_status_query *query)
{
    if (strlen(value) > NAME_MAX_BYTES) {
        return "The text to search for, q=, is longer than any domain.";
    }
    query->search = *value ? mta_sts_format_lower(p, value) : NULL;
    return NULL;
}

static const char *read_show(apr_pool_t *p, const char *value, mts_status_query *query)
{
    apr_size_t i;

    for (i = MTS_STATUS_SHOW_ALL; i < sizeof(shows) / sizeof(shows[0]); i++) {
        if (strcmp(value, shows[i]) == 0) {
            query->show = (mts_status_show)i;
            return NULL;
        }
    }
    return apr_pstrcat(p, "show=", quote(p, value),
                       " is not valid; use all, failing, no-certificate, hosted or wrong.", NULL);
}

static const char *read_page(apr_pool_t *p, const char *value, mts_status_query *query)
{
    apr_int64_t page;
    const char *error = mta_sts_number_parse(p, value, 1, PAGE_MAX, &page);

    if (error) {
        return apr_pstrcat(p, "The page ", error, ".", NULL);
    }
    query->page = (int)page;
    return NULL;
}

static const char *read_report(apr_pool_t *p, const char *value, mts_status_query *query)
{
    (void)p;
    if (!tlsrpt_spool_is_digest(value)) {
        return "The value of report= must be the digest of a report: 64 hexadecimal digits, in "
               "lower case.";
    }
    query->report = value;
    return NULL;
}

static const char *read_format(apr_pool_t *p, const char *value, mts_status_query *query)
{
    apr_size_t i;

    for (i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        if (strcmp(value, formats[i]) == 0) {
            query->format = (mts_status_format)i;
            return NULL;
        }
    }
    return apr_pstrcat(p, "format=", quote(p, value),
                       " is not valid; use html, json or prometheus.", NULL);
}

static const struct {
    const char *name;
    const char *(*read)(apr_pool_t *p, const char *value, mts_status_query *query);
} parameters[] = {
    {"domain", read_domain}, {"since", read_since},   {"q", read_search},      {"show", read_show},
    {"page", read_page},     {"format", read_format}, {"report", read_report},
};

#define PARAMETERS (sizeof(parameters) / sizeof(parameters[0]))

/* Decodes a name or a value; NULL if that fails or the result would contain NUL. */
static const char *decode(apr_pool_t *p, const char *text)
{
    return apr_punescape_url(p, text, NULL, NULL, 1);
}

static const char *read_parameter(apr_pool_t *p, char *pair, unsigned *seen,
                                  mts_status_query *query)
{
    char *equals = strchr(pair, '=');
    const char *name, *value = equals ? decode(p, equals + 1) : "";
    apr_size_t i;

    if (equals) {
        *equals = '\0';
    }
    name = decode(p, pair);
    if (!name || !value) {
        return "The query contains %00, or a percent sign without two hexadecimal digits.";
    }
    for (i = 0; i < PARAMETERS && strcmp(name, parameters[i].name) != 0; i++) {
    }
    if (i == PARAMETERS) {
        return apr_pstrcat(p, quote(p, name),
                           " is not a parameter of this page; use domain, since, show, q, page, "
                           "format or report.",
                           NULL);
    }
    if (*seen & (1u << i)) {
        return apr_pstrcat(p, "The parameter ", parameters[i].name, " is given twice.", NULL);
    }
    *seen |= 1u << i;
    return parameters[i].read(p, value, query);
}

const char *mts_status_query_read(apr_pool_t *p, const char *args, mts_status_query *query)
{
    char *state, *pair;
    const char *error = NULL, *next;
    unsigned seen = 0;

    *query = (mts_status_query){.range = MTS_STATUS_RANGE_DEFAULT, .page = 1};
    pair = apr_strtok(apr_pstrdup(p, args ? args : ""), "&", &state);
    for (; pair; pair = apr_strtok(NULL, "&", &state)) {
        next = read_parameter(p, pair, &seen, query);
        error = error ? error : next; /* continue, since the format of the error page may follow */
    }
    if (!error && query->report && (seen & (seen - 1))) {
        error = "The parameter report cannot be combined with others.";
    }
    return error;
}

const char *mts_status_query_own(apr_pool_t *p, const char *name, mts_status_query *query)
{
    const char *domain, *error = mta_sts_name_parse_domain(p, name, &domain);
    int asks_for_more = query->domain || mts_status_query_is_list(query);

    query->is_in_path = 1;
    query->domain = query->search = NULL;
    query->show = MTS_STATUS_SHOW_WORST;
    query->page = 1;
    if (error || strcmp(domain, name) != 0) {
        return "The path must end with a policy domain, in lower case and as A-labels.";
    }
    query->domain = domain;
    return asks_for_more ? "This page has only the parameters since, format and report." : NULL;
}

static const char *add(apr_pool_t *p, const char *text, const char *name, const char *value)
{
    return apr_pstrcat(p, text, text[1] ? "&" : "", name, "=", mts_html_parameter(p, value), NULL);
}

int mts_status_query_is_list(const mts_status_query *query)
{
    return query->show != MTS_STATUS_SHOW_WORST || query->search || query->page != 1;
}

int mts_status_query_is_hosted(const mts_status_query *query)
{
    return query->show == MTS_STATUS_SHOW_HOSTED || query->show == MTS_STATUS_SHOW_WRONG;
}

const char *mts_status_query_show_name(const mts_status_query *query)
{
    return query->show == MTS_STATUS_SHOW_WORST ? NULL : shows[query->show];
}

const char *mts_status_query_render(apr_pool_t *p, const mts_status_query *query)
{
    const char *text = "?";

    if (query->report) {
        return add(p, text, "report", query->report);
    }
    if (query->domain && !query->is_in_path) {
        text = add(p, text, "domain", query->domain);
    }
    if (query->range != MTS_STATUS_RANGE_DEFAULT) {
        text = add(p, text, "since", query->range->name);
    }
    if (query->show != MTS_STATUS_SHOW_WORST) {
        text = add(p, text, "show", shows[query->show]);
    }
    if (query->search) {
        text = add(p, text, "q", query->search);
    }
    if (query->page != 1) {
        text = add(p, text, "page", apr_psprintf(p, "%d", query->page));
    }
    if (query->format != MTS_STATUS_HTML) {
        text = add(p, text, "format", formats[query->format]);
    }
    return text;
}
