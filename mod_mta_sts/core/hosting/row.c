/* SPDX-License-Identifier: Apache-2.0 */
#include "core/hosting/row.h"

#include <string.h>

#include <apr_strings.h>
#include <openssl/sha.h>

#include "core/base/format.h"
#include "core/base/name.h"

#define BLANKS " \t\r\n"

/* The row that is being parsed. */
typedef struct reading {
    apr_pool_t *p;
    const mta_sts_hosted_row *row;
    mta_sts_findings *findings;
    mta_sts_policy *policy;
    int is_wrong;
} reading;

static void refuse(reading *r, const char *fix, const char *column, const char *why)
{
    mta_sts_finding_add(r->findings, MTA_STS_ERROR, "row-wrong",
                        mta_sts_format_name(r->findings->pool, r->row->domain), fix, "%s: %s",
                        column, why);
    r->is_wrong = 1;
}

static void read_domain(reading *r)
{
    apr_pool_t *p = r->findings->pool;
    const char *domain, *error = mta_sts_name_parse_domain(p, r->row->domain, &domain);

    if (error) {
        refuse(r, "correct or delete the row", "domain", error);
    }
    else if (strcmp(domain, r->row->domain) != 0) {
        refuse(r, apr_pstrcat(p, "write ", domain, NULL), "domain",
               "a domain is stored in lower case, as A-labels and without a final dot");
    }
}

static void read_alias(reading *r)
{
    if (r->row->is_alias_broken) {
        /* The customer whose row it is sees the message, but not the fix. */
        refuse(r,
               apr_pstrcat(r->findings->pool, "in place of ",
                           mta_sts_format_name(r->findings->pool, r->row->alias_of),
                           ", name a domain that has a policy of its own", NULL),
               "alias_of", "the domain that it names has no row, or is itself an alias");
    }
}

static void read_mode(reading *r)
{
    const char *error = r->row->mode
                            ? mta_sts_mode_parse(r->findings->pool, r->row->mode, &r->policy->mode)
                            : "it is NULL; allowed are none, testing and enforce";

    if (error) {
        refuse(r, "set it to one of these", "mode", error);
    }
}

static void read_max_age(reading *r)
{
    const char *error = r->row->max_age ? mta_sts_max_age_parse(r->findings->pool, r->row->max_age,
                                                                &r->policy->max_age)
                                        : "it is NULL; allowed are 1 to 31557600 seconds";

    if (error) {
        refuse(r, "set it to a number of seconds such as 604800", "max_age", error);
    }
}

static int holds(const apr_array_header_t *list, const char *pattern)
{
    int i = 0;

    while (i < list->nelts && strcmp(APR_ARRAY_IDX(list, i, const char *), pattern) != 0) {
        i++;
    }
    return i < list->nelts;
}

static const char *read_patterns(reading *r, char *text)
{
    const char *pattern, *error = NULL;
    char *last, *one;

    for (one = apr_strtok(text, BLANKS, &last); one && !error;
         one = apr_strtok(NULL, BLANKS, &last)) {
        error = mta_sts_name_parse_mx(r->p, one, MTA_STS_NAME_ULABEL, &pattern);
        if (!error && !holds(r->policy->mx, pattern)) {
            APR_ARRAY_PUSH(r->policy->mx, const char *) = pattern;
        }
    }
    return error;
}

static void read_mx(reading *r)
{
    const char *mx = r->row->mx ? r->row->mx : "";
    const char *error;

    r->policy->mx = apr_array_make(r->p, 4, sizeof(const char *));
    if (strlen(mx) >= MTA_STS_HOSTED_MX_MAX) {
        refuse(r, "use fewer patterns, or wildcards like *.example.com", "mx",
               "it is longer than a policy may be: some senders only read the first 10240 bytes");
        return;
    }
    error = read_patterns(r, apr_pstrdup(r->p, mx));
    if (error) {
        refuse(r, "separate the patterns by blanks", "mx", error);
    }
    else if (!r->policy->mx->nelts) {
        refuse(r, "set it to the MX hosts of the domain, separated by blanks", "mx",
               "there is no mx pattern; every mode needs one");
    }
}

static const mta_sts_hosted_policy *render(reading *r, mta_sts_hosted_policy *made)
{
    made->text = mta_sts_policy_render(r->p, r->policy, &made->len);
    if (made->len > MTA_STS_POLICY_TEXT_MAX) {
        refuse(r, "use fewer patterns, or wildcards like *.example.com", "mx",
               apr_psprintf(r->p,
                            "the policy text has %" APR_SIZE_T_FMT
                            " bytes: some senders only read the first %d",
                            made->len, MTA_STS_POLICY_TEXT_MAX));
        return NULL;
    }
    made->id = mta_sts_policy_id(r->p, made->text, made->len);
    return made;
}

const mta_sts_hosted_policy *mta_sts_hosted_row_read(apr_pool_t *p, const mta_sts_hosted_row *row,
                                                     mta_sts_findings *findings)
{
    mta_sts_hosted_policy *made = apr_pcalloc(p, sizeof(*made));
    reading r = {p, row, findings, &made->policy, 0};

    read_domain(&r);
    read_alias(&r);
    if (!row->is_alias_broken) {
        read_mode(&r);
        read_mx(&r);
        read_max_age(&r);
    }
    return r.is_wrong ? NULL : render(&r, made);
}

/* Distinguishes NULL from an empty text. */
static const char *known(const char *value)
{
    return value ? value : "\x7f";
}

apr_int64_t mta_sts_hosted_row_digest(apr_pool_t *p, const mta_sts_hosted_row *row)
{
    const char *all =
        apr_pstrcat(p, known(row->mode), "\x1f", known(row->mx), "\x1f", known(row->max_age),
                    "\x1f", known(row->alias_of), row->is_alias_broken ? "\x1f" : "", NULL);
    unsigned char bytes[SHA256_DIGEST_LENGTH];
    apr_int64_t digest;

    SHA256((const unsigned char *)all, strlen(all), bytes);
    memcpy(&digest, bytes, sizeof(digest));
    digest &= APR_INT64_MAX;
    return digest ? digest : 1;
}
