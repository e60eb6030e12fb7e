/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/advice/explain.h"

#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "core/base/format.h"
#include "core/base/name.h"
#include "core/base/text.h"
#include "core/policy/provider.h"
#include "core/policy/text.h"
#include "tlsrpt/summary/fold.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- finding the rule --- */

/* Whether both bytes are digits, so that there is no boundary of a number between them. */
static int are_digits(char a, char b)
{
    return apr_isdigit(a) && apr_isdigit(b);
}

/* The number of bytes of a reason that are searched: real reasons are shorter, and a page explains
 * hundreds of them. */
#define SEARCHED 2000

/* Whether a hint occurs in a reason, ignoring case. */
static int has_hint(const char *reason, const char *hint, apr_size_t len)
{
    int first = apr_tolower(*hint);
    const char *at;

    for (at = reason; *at && at < reason + SEARCHED; at++) {
        if (apr_tolower(*at) == first && strncasecmp(at, hint, len) == 0 &&
            (at == reason || !are_digits(at[-1], *hint)) && !are_digits(hint[len - 1], at[len])) {
            return 1;
        }
    }
    return 0;
}

static int has_any_hint(const char *reason, const char *hints)
{
    const char *hint = hints;

    while (reason) {
        apr_size_t len = strcspn(hint, "|");

        if (has_hint(reason, hint, len)) {
            return 1;
        }
        if (!hint[len]) {
            return 0;
        }
        hint += len + 1;
    }
    return 0;
}

static int matches(const tlsrpt_rule *rule, tlsrpt_result_type type, const tlsrpt_facts *facts)
{
    return (rule->result_type == TLSRPT_ANY_TYPE || rule->result_type == (int)type) &&
           (!rule->policy_type ||
            (facts->policy_type && strcmp(rule->policy_type, facts->policy_type) == 0)) &&
           (!rule->hint || has_any_hint(facts->reason, rule->hint));
}

/* --- the texts of a rule --- */

/* A host name that can be used in a sentence and in a command, or NULL, also for the name under
 * which several names are added up. Some senders append a dot or the port, or put the name in
 * square brackets. */
static const char *host_of(apr_pool_t *p, const char *name)
{
    const char *host, *colon, *end;
    apr_size_t len;

    if (name && *name == '[' && (end = strchr(name, ']')) != NULL) {
        name = apr_pstrcat(p, apr_pstrmemdup(p, name + 1, (apr_size_t)(end - name) - 1), end + 1,
                           NULL);
    }
    colon = name ? strchr(name, ':') : NULL;
    len = name ? strlen(name) : 0;

    if (colon && colon[1] && strspn(colon + 1, "0123456789") == strlen(colon + 1)) {
        len = (apr_size_t)(colon - name);
    }
    len -= len > 1 && name[len - 1] == '.';
    name = name ? apr_pstrmemdup(p, name, len) : NULL;
    return name && strcmp(name, TLSRPT_OTHER) != 0 &&
                   !mta_sts_name_parse_host(p, name, MTA_STS_NAME_ALABEL, &host)
               ? host
               : NULL;
}

/* A placeholder in braces and its value. */
typedef struct value {
    const char *name, *in_sentence, *in_command;
} value;

static const char *fill(apr_pool_t *p, const char *text, const value *values, apr_size_t count,
                        int is_command)
{
    const char *filled = "", *brace;
    apr_size_t i;

    for (; text && (brace = strchr(text, '{')) != NULL; text = strchr(brace, '}') + 1) {
        const char *found = "";

        for (i = 0; i < count; i++) {
            if (strncmp(brace + 1, values[i].name, strlen(values[i].name)) == 0) {
                found = is_command ? values[i].in_command : values[i].in_sentence;
            }
        }
        filled = apr_pstrcat(p, filled, apr_pstrmemdup(p, text, (apr_size_t)(brace - text)), found,
                             NULL);
    }
    return text ? apr_pstrcat(p, filled, text, NULL) : NULL;
}

/* Replaces the action if a mail provider runs the MX host, because the domain's admin cannot renew
 * certificates, reload servers or publish TLSA records there. With DANE, what senders do does not
 * depend on the mode of the policy. */
static void blame_provider(apr_pool_t *p, const char *mx, int is_dane,
                           tlsrpt_explanation *explanation)
{
    const char *name = mta_sts_provider_of_host(mx)->name;

    if (explanation->owner == TLSRPT_OWNER_SENDER) { /* dane-required */
        explanation->action = apr_psprintf(
            p,
            "Other senders are not affected. Only your mail provider, %s, can publish TLSA records "
            "for %s; contact that sender.",
            name, mx);
        return;
    }
    explanation->owner = TLSRPT_OWNER_PROVIDER;
    if (is_dane) {
        explanation->action = apr_psprintf(
            p,
            "%s is run by your mail provider, %s: report it there. Only the provider can change "
            "the certificate and the TLSA records of this host, and the mode of your policy makes "
            "no difference to senders that use DANE.",
            mx, name);
        return;
    }
    explanation->action = apr_psprintf(
        p,
        "%s is run by your mail provider, %s: report it there. Check that your MX "
        "records are those that %s documents; if mail is held up meanwhile, go back to "
        "mode testing (publish its new id).",
        mx, name, name);
}

static const tlsrpt_explanation *apply(apr_pool_t *p, const tlsrpt_rule *rule,
                                       tlsrpt_result_type type, const tlsrpt_facts *facts)
{
    const char *domain = host_of(p, facts->domain), *mx = host_of(p, facts->mx);
    const char *name = facts->result_type ? facts->result_type : "";
    const char *pattern = mx ? mta_sts_provider_pattern(p, mx) : "it";
    const value values[] = {
        {"pattern", pattern, pattern},
        {"domain", domain ? domain : "your domain", domain ? domain : "DOMAIN"},
        {"mx", mx ? mx : "your mail server", mx ? mx : "MX-HOST"},
        {"type", mta_sts_text_quote(p, name, strlen(name)), ""},
    };
    tlsrpt_explanation *explanation = apr_palloc(p, sizeof(*explanation));

    explanation->cause = rule->cause ? rule->cause : tlsrpt_result_type_cause(type);
    explanation->owner = rule->owner;
    explanation->may_be_at_sender = rule->may_be_at_sender;
    explanation->what = fill(p, rule->what, values, COUNT(values), 0);
    explanation->action = fill(p, rule->action, values, COUNT(values), 0);
    explanation->command = fill(p, rule->command, values, COUNT(values), 1);
    if (mx && mta_sts_provider_of_host(mx) &&
        (rule->owner == TLSRPT_OWNER_MX || strcmp(explanation->cause, "tlsa-invalid") == 0 ||
         strcmp(explanation->cause, "dane-required") == 0)) {
        blame_provider(p, mx,
                       strcmp(explanation->cause, "tlsa-invalid") == 0 ||
                           (facts->policy_type && strcmp(facts->policy_type, "tlsa") == 0),
                       explanation);
    }
    return explanation;
}

/* Whether none of the policies that the senders applied covers the MX host. Texts that cannot be
 * parsed as a policy are ignored. */
static int is_uncovered(apr_pool_t *p, const tlsrpt_facts *facts)
{
    const char *mx = host_of(p, facts->mx);
    int i, read = 0;

    for (i = 0; mx && facts->policies && i < facts->policies->nelts; i++) {
        const char *text = APR_ARRAY_IDX(facts->policies, i, const char *);
        const mta_sts_policy *policy =
            mta_sts_policy_text_read(p, text, strlen(text), mta_sts_findings_make(p));

        if (policy->mx->nelts && mta_sts_policy_covers(policy, mx)) {
            return 0;
        }
        read += policy->mx->nelts > 0;
    }
    return read > 0;
}

/* Whether the fact that the policy does not cover the MX host may explain more than the rule. A
 * reason that says the same makes no difference, so that a failure has the same explanation with
 * and without it. */
static int can_be_uncovered(const tlsrpt_rule *rule, tlsrpt_result_type type,
                            const tlsrpt_facts *facts)
{
    return (!facts->policy_type || strcmp(facts->policy_type, "sts") == 0) &&
           ((!rule->hint && tlsrpt_result_type_is_general(type)) ||
            (rule->cause && strcmp(rule->cause, tlsrpt_rule_not_covered.cause) == 0));
}

const tlsrpt_explanation *tlsrpt_explain(apr_pool_t *p, const tlsrpt_facts *facts)
{
    tlsrpt_result_type type = tlsrpt_result_type_of(facts->result_type);
    const tlsrpt_rule *rule = tlsrpt_rules;

    while (!matches(rule, type, facts)) { /* the last rule matches everything */
        rule++;
    }
    if (can_be_uncovered(rule, type, facts) && is_uncovered(p, facts)) {
        rule = &tlsrpt_rule_not_covered;
    }
    return apply(p, rule, type, facts);
}

const tlsrpt_explanation *tlsrpt_explain_no_details(apr_pool_t *p, const char *domain)
{
    const tlsrpt_facts facts = {.domain = domain};

    return apply(p, &tlsrpt_rule_no_details, TLSRPT_RESULT_UNSPECIFIED, &facts);
}

/* --- failures that were added up --- */

static const tlsrpt_explanation *explain_reason(apr_pool_t *p, const char *domain,
                                                const tlsrpt_cause *cause, const char *reason)
{
    const tlsrpt_facts facts = {.result_type = cause->result_type,
                                .policy_type = cause->policy_type,
                                .reason = reason,
                                .domain = domain,
                                .mx = cause->receiving_mx,
                                .policies = cause->policies};

    return tlsrpt_explain(p, &facts);
}

static int has_cause(const apr_array_header_t *list, const char *cause)
{
    int i;

    for (i = 0; i < list->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(list, i, const tlsrpt_explanation *)->cause, cause) == 0) {
            return 1;
        }
    }
    return 0;
}

apr_array_header_t *tlsrpt_explain_cause(apr_pool_t *p, const char *domain,
                                         const tlsrpt_cause *cause)
{
    apr_array_header_t *list = apr_array_make(p, 2, sizeof(const tlsrpt_explanation *));
    const tlsrpt_explanation *general = explain_reason(p, domain, cause, NULL);
    int i;

    for (i = 0; i < cause->reasons->nelts; i++) {
        const tlsrpt_explanation *specific =
            explain_reason(p, domain, cause, APR_ARRAY_IDX(cause->reasons, i, const char *));

        if (strcmp(specific->cause, general->cause) != 0 && !has_cause(list, specific->cause)) {
            APR_ARRAY_PUSH(list, const tlsrpt_explanation *) = specific;
        }
    }
    if (!list->nelts) {
        APR_ARRAY_PUSH(list, const tlsrpt_explanation *) = general;
    }
    return list;
}

/* --- names --- */

static const struct {
    const char *name, *text;
} owners[] = {
    [TLSRPT_OWNER_POLICY_HOST] = {"policy-host", "your policy host (the web server)"},
    [TLSRPT_OWNER_MX] = {"mx", "your mail server (MX)"},
    [TLSRPT_OWNER_PROVIDER] = {"mail-provider", "your mail provider"},
    [TLSRPT_OWNER_DNS] = {"dns", "your DNS"},
    [TLSRPT_OWNER_SENDER] = {"sender", "probably the sender, or the network between it and you"},
    [TLSRPT_OWNER_UNKNOWN] = {"unknown", "not specified"},
};

const char *tlsrpt_owner_name(tlsrpt_owner owner)
{
    return owners[owner].name;
}

const char *tlsrpt_owner_text(tlsrpt_owner owner)
{
    return owners[owner].text;
}

const char *tlsrpt_where_text(apr_pool_t *p, const tlsrpt_explanation *explanation, int others)
{
    const char *text = tlsrpt_owner_text(explanation->owner);

    return others && explanation->may_be_at_sender
               ? apr_psprintf(p,
                              "probably this sender, or the network between it and you: %d other "
                              "senders had no failures; otherwise %s",
                              others, text)
               : text;
}

const char *tlsrpt_policy_type_text(apr_pool_t *p, const char *policy_type)
{
    return !*policy_type || strcmp(policy_type, "sts") == 0 ? ""
           : strcmp(policy_type, "tlsa") == 0               ? ", under DANE"
           : strcmp(policy_type, "no-policy-found") == 0
               ? ", no policy found"
               : apr_pstrcat(p, ", under policy type ",
                             mta_sts_text_quote(p, policy_type, strlen(policy_type)), NULL);
}

const char *tlsrpt_detailed_text(apr_pool_t *p, apr_int64_t failed, apr_int64_t detailed)
{
    return detailed > failed ? apr_psprintf(p, " (%s according to the failure details)",
                                            mta_sts_format_number(p, detailed))
                             : "";
}
