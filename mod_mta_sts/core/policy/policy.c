/* SPDX-License-Identifier: Apache-2.0 */
#include "core/policy/policy.h"

#include <string.h>

#include <apr_escape.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <openssl/sha.h>

#include "core/base/name.h"
#include "core/base/text.h"

#define HOUR 3600
#define DAY (24 * HOUR)
#define WEEK (7 * DAY)

#define BEFORE_MODE "version: STSv1\r\nmode: " /* the beginning of a rendered policy */
#define ID_DIGITS 20

static const char *const mode_names[] = {NULL, "none", "testing", "enforce"};

const char *mta_sts_mode_name(mta_sts_mode mode)
{
    return mode_names[mode];
}

mta_sts_mode mta_sts_mode_from_name(const char *name, apr_size_t len)
{
    int mode;

    for (mode = MTA_STS_MODE_NONE; mode <= MTA_STS_MODE_ENFORCE; mode++) {
        if (strlen(mode_names[mode]) == len && memcmp(mode_names[mode], name, len) == 0) {
            return (mta_sts_mode)mode;
        }
    }
    return MTA_STS_MODE_UNSET;
}

const char *mta_sts_mode_parse(apr_pool_t *p, const char *text, mta_sts_mode *mode)
{
    *mode = mta_sts_mode_from_name(text, strlen(text));
    if (*mode == MTA_STS_MODE_UNSET) {
        return apr_pstrcat(p, mta_sts_text_quote(p, text, strlen(text)),
                           " is not a mode; allowed are none, testing and enforce (lower case)",
                           NULL);
    }
    return NULL;
}

/* The number of seconds that the suffix of a text stands for; 0 unless the text is digits and a
 * suffix. */
static apr_int64_t unit_of(const char *text)
{
    static const struct {
        const char *suffix;
        apr_int64_t seconds;
    } units[] = {{"", 1}, {"h", HOUR}, {"d", DAY}, {"w", WEEK}};
    apr_size_t digits = strspn(text, "0123456789");
    apr_size_t i;

    for (i = 0; digits && i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(text + digits, units[i].suffix) == 0) {
            return units[i].seconds;
        }
    }
    return 0;
}

const char *mta_sts_max_age_parse(apr_pool_t *p, const char *text, apr_int64_t *seconds)
{
    static const char *const allowed =
        "allowed are 1 to 31557600 seconds, or hours, days or weeks like 12h, 30d, 4w";
    apr_int64_t unit = unit_of(text), value = 0;
    const char *typed = text;

    if (!unit) {
        return apr_psprintf(p, "%s is not a duration; %s",
                            mta_sts_text_quote(p, text, strlen(text)), allowed);
    }
    for (; apr_isdigit(*text) && value <= MTA_STS_MAX_AGE_MAX; text++) {
        value = value * 10 + (*text - '0');
    }
    value *= unit;
    if (value < MTA_STS_MAX_AGE_MIN || value > MTA_STS_MAX_AGE_MAX) {
        return apr_psprintf(p, "%s is %s; %s", mta_sts_text_quote(p, typed, strlen(typed)),
                            value ? "more than a year" : "zero", allowed);
    }
    *seconds = value;
    return NULL;
}

static char *append(char *out, const char *text)
{
    apr_size_t len = strlen(text);

    memcpy(out, text, len + 1);
    return out + len;
}

const char *mta_sts_policy_render(apr_pool_t *p, const mta_sts_policy *policy, apr_size_t *len)
{
    static const char mx_line[] = "mx: \r\n";
    char head[64], tail[64];
    char *text, *out;
    int i;

    apr_snprintf(head, sizeof(head), BEFORE_MODE "%s\r\n", mta_sts_mode_name(policy->mode));
    apr_snprintf(tail, sizeof(tail), "max_age: %" APR_INT64_T_FMT "\r\n", policy->max_age);
    *len = strlen(head) + strlen(tail);
    for (i = 0; i < policy->mx->nelts; i++) {
        *len += strlen(mx_line) + strlen(APR_ARRAY_IDX(policy->mx, i, const char *));
    }
    text = apr_palloc(p, *len + 1);
    out = append(text, head);
    for (i = 0; i < policy->mx->nelts; i++) {
        out = append(out, "mx: ");
        out = append(out, APR_ARRAY_IDX(policy->mx, i, const char *));
        out = append(out, "\r\n");
    }
    append(out, tail);
    return text;
}

mta_sts_mode mta_sts_policy_rendered_mode(const char *text)
{
    const char *name = text + strlen(BEFORE_MODE);

    return mta_sts_mode_from_name(name, strcspn(name, "\r"));
}

const char *mta_sts_policy_id(apr_pool_t *p, const char *text, apr_size_t len)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];

    SHA256((const unsigned char *)text, len, digest);
    return apr_pescape_hex(p, digest, ID_DIGITS / 2, 0);
}

int mta_sts_policy_covers(const mta_sts_policy *policy, const char *host)
{
    int i;

    for (i = 0; i < policy->mx->nelts; i++) {
        if (mta_sts_name_matches_mx(APR_ARRAY_IDX(policy->mx, i, const char *), host)) {
            return 1;
        }
    }
    return 0;
}

void mta_sts_policy_check(const mta_sts_policy *policy, const char *subject,
                          mta_sts_findings *findings)
{
    int i;

    if (policy->mode == MTA_STS_MODE_ENFORCE && policy->max_age < DAY) {
        mta_sts_finding_add(findings, MTA_STS_WARNING, "max-age-short", subject,
                            "use a max_age of a week or more (604800)",
                            "mode enforce with a max_age of %" APR_INT64_T_FMT
                            " seconds, less than a day: the policy expires between two messages, "
                            "or senders ignore it",
                            policy->max_age);
    }
    if (policy->mode == MTA_STS_MODE_NONE && policy->max_age > WEEK) {
        mta_sts_finding_add(
            findings, MTA_STS_WARNING, "max-age-long", subject,
            "use a max_age of a day (86400) while withdrawing MTA-STS",
            "mode none with a max_age of %" APR_INT64_T_FMT
            " seconds, more than a week: it must be served until the last stored copy has expired",
            policy->max_age);
    }
    for (i = 0; i < policy->mx->nelts; i++) {
        const char *pattern = APR_ARRAY_IDX(policy->mx, i, const char *);

        if (!strchr(pattern[0] == '*' ? pattern + 2 : pattern, '.')) {
            mta_sts_finding_add(
                findings, MTA_STS_WARNING, "mx-single-label", subject,
                "write the fully qualified name of the MX host",
                "mx pattern \"%s\" has a single label: public MX hosts have fully qualified names",
                pattern);
            break; /* one example is enough */
        }
    }
}
