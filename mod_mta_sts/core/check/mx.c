/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <apr_strings.h>

#include "core/check/dangling_alias.h"
#include "core/check/judge.h"
#include "core/base/name.h"
#include "core/base/text.h"
#include "core/policy/provider.h"

#define NAME_SHOWN_MAX 253

/* The results for all addresses of one MX host. */
typedef struct tally {
    int secure; /* number of addresses to which senders in mode enforce deliver */
    mta_sts_mx_effect loss, undeliverable, unknown; /* of the first address with an effect of that
                                                       kind; MTA_STS_MX_SECURE: none */
} tally;

/* Returns whether the host can be examined further. */
static int judge_name(const mta_sts_check_mx *mx, const char *shown, mta_sts_findings *findings)
{
    const char *error, *name;

    error = mta_sts_name_parse_host(findings->pool, mx->host, MTA_STS_NAME_ALABEL, &name);
    if (error) {
        mta_sts_finding_add(findings, MTA_STS_ERROR, "mx-name-invalid", shown,
                            "put a host name into the MX record",
                            "the MX record does not contain a host name: %s", error);
    }
    return error == NULL;
}

static const char *coverage_fix(apr_pool_t *p, const char *host)
{
    const mta_sts_provider *provider = mta_sts_provider_of_host(host);

    return apr_psprintf(p, "add \"mx: %s\" to the policy%s%s%s, then publish its new id",
                        mta_sts_provider_pattern(p, host), provider ? " (" : "",
                        provider ? provider->name : "", provider ? ")" : "");
}

static int judge_coverage(const mta_sts_judge *judge, const char *host, mta_sts_findings *findings)
{
    if (!judge->policy || !judge->policy_valid) {
        return 0;
    }
    if (mta_sts_policy_covers(judge->policy, host)) {
        mta_sts_finding_add(findings, MTA_STS_OK, "mx-in-policy", host, NULL,
                            "the policy covers this host");
        return 1;
    }
    mta_sts_finding_add(
        findings, MTA_STS_ERROR, "mx-not-in-policy", host, coverage_fix(findings->pool, host),
        "the policy does not cover this host: in mode enforce, senders do not deliver to it");
    return 0;
}

/* The effect if the host cannot be probed; MTA_STS_MX_SECURE if there are addresses to probe. */
static mta_sts_mx_effect judge_addresses(const mta_sts_check_mx *mx, mta_sts_findings *findings)
{
    const mta_sts_answer *a = &mx->a, *aaaa = &mx->aaaa;
    const char *alias = a->alias ? a->alias : aaaa->alias;

    mta_sts_answer_check(a, mx->host, "IPv4 address", findings);
    mta_sts_answer_check(aaaa, mx->host, "IPv6 address", findings);
    if (alias && (a->status == MTA_STS_ANSWER_OK || aaaa->status == MTA_STS_ANSWER_OK)) {
        mta_sts_finding_add(findings, MTA_STS_WARNING, "mx-is-alias", mx->host,
                            apr_psprintf(findings->pool, "put %s into the MX record",
                                         mta_sts_text_quote(findings->pool, alias, strlen(alias))),
                            "the MX host is an alias (CNAME), which RFC 5321 does not allow");
    }
    if (mta_sts_answer_is_empty(a) && mta_sts_answer_is_empty(aaaa)) {
        if (alias) {
            mta_sts_finding_add(findings, MTA_STS_ERROR, "alias-dangling", mx->host,
                                "put a host with an address into the MX record", "%s",
                                mta_sts_dangling_alias_text(findings->pool, a->alias ? a : aaaa,
                                                            "no mail gets there", "gets the mail"));
        }
        else {
            mta_sts_finding_add(findings, MTA_STS_ERROR, "mx-no-address", mx->host,
                                "publish an address, or remove the MX record",
                                "the MX host has no address");
        }
    }
    else if (mta_sts_answer_is_empty(a) && aaaa->status == MTA_STS_ANSWER_OK) {
        mta_sts_finding_add(
            findings, MTA_STS_INFO, "mx-ipv6-only", mx->host, NULL,
            "the MX host has IPv6 addresses only: senders without IPv6 cannot use it");
    }
    return a->status == MTA_STS_ANSWER_OK || aaaa->status == MTA_STS_ANSWER_OK ? MTA_STS_MX_SECURE
           : a->status == MTA_STS_ANSWER_TIMEOUT || aaaa->status == MTA_STS_ANSWER_TIMEOUT
               ? MTA_STS_MX_NOT_NOW
               : MTA_STS_MX_ABSENT;
}

static void report_secured(const mta_sts_judge *judge, const char *host,
                           const mta_sts_mx_probe *probe, mta_sts_findings *findings)
{
    mta_sts_finding_add(findings, MTA_STS_OK, "mx-secured", host, NULL,
                        "%s offers STARTTLS with %s; its certificate is valid for %d more days",
                        probe->address, probe->peer.version,
                        mta_sts_certificate_days(probe->peer.certificate, judge->limits->now));
}

static void note(tally *sum, mta_sts_mx_effect effect)
{
    mta_sts_mx_effect *kind = mta_sts_mx_effect_is_loss(effect)            ? &sum->loss
                              : mta_sts_mx_effect_is_undeliverable(effect) ? &sum->undeliverable
                                                                           : &sum->unknown;

    if (effect == MTA_STS_MX_SECURE) {
        sum->secure++;
    }
    else if (*kind == MTA_STS_MX_SECURE) {
        *kind = effect;
    }
}

/* The effect of an address, taking into account that senders do not use a host that the policy does
 * not cover. */
static mta_sts_mx_effect with_coverage(mta_sts_mx_effect effect, int covered)
{
    return covered || mta_sts_mx_effect_is_undeliverable(effect) ? effect : MTA_STS_MX_UNCOVERED;
}

/* A sender that cannot use one address tries the next, so a single failure only delays delivery. */
static void judge_probes(const mta_sts_judge *judge, const mta_sts_check_mx *mx, int covered,
                         tally *sum, mta_sts_findings *findings)
{
    mta_sts_findings *unseen = mta_sts_findings_make(judge->p);
    int i;

    for (i = 0; i < mx->probes->nelts; i++) {
        const mta_sts_mx_probe *probe = APR_ARRAY_IDX(mx->probes, i, const mta_sts_mx_probe *);

        note(sum, with_coverage(mta_sts_mx_probe_check(probe, mx->host, judge->limits, unseen),
                                covered));
    }
    for (i = 0; i < mx->probes->nelts; i++) {
        const mta_sts_mx_probe *probe = APR_ARRAY_IDX(mx->probes, i, const mta_sts_mx_probe *);
        int index = findings->list->nelts;
        mta_sts_mx_effect effect = mta_sts_mx_probe_check(probe, mx->host, judge->limits, findings);

        if (effect == MTA_STS_MX_SECURE) {
            report_secured(judge, mx->host, probe, findings);
        }
        else if (sum->secure && !mta_sts_mx_effect_is_loss(effect)) {
            mta_sts_judge_lower_severity(findings, index, MTA_STS_ERROR, MTA_STS_WARNING);
            mta_sts_judge_lower_severity(findings, index, MTA_STS_UNKNOWN, MTA_STS_INFO);
        }
    }
}

/* The first error that explains an effect. The policy cannot be the reason if no mode delivers. */
static const mta_sts_finding *find_first_error(const mta_sts_findings *findings,
                                               mta_sts_mx_effect effect)
{
    int i;

    for (i = 0; i < findings->list->nelts; i++) {
        const mta_sts_finding *finding = mta_sts_findings_at(findings, i);

        if (finding->severity == MTA_STS_ERROR && (!mta_sts_mx_effect_is_undeliverable(effect) ||
                                                   strcmp(finding->id, "mx-not-in-policy") != 0)) {
            return apr_pmemdup(findings->pool, finding, sizeof(*finding));
        }
    }
    return NULL;
}

static void note_trouble(mta_sts_judge *judge, const mta_sts_check_section *section)
{
    int is_loss = mta_sts_mx_effect_is_loss(section->effect);

    if (section->trouble && (!judge->bad || (is_loss && !judge->mx_lost))) {
        judge->bad = section->subject;
        judge->bad_reason = section->trouble->message;
        judge->bad_effect = section->effect;
    }
    if (!judge->unknown && mta_sts_mx_effect_is_unknown(section->effect)) {
        judge->unknown = section->subject;
    }
}

/* Stores what senders do at the MX host of the last section. */
static void conclude(mta_sts_judge *judge, const tally *sum)
{
    mta_sts_check_section *section = &APR_ARRAY_IDX(
        judge->result->sections, judge->result->sections->nelts - 1, mta_sts_check_section);

    section->effect = sum->loss != MTA_STS_MX_SECURE      ? sum->loss
                      : sum->secure                       ? MTA_STS_MX_SECURE
                      : sum->unknown != MTA_STS_MX_SECURE ? sum->unknown
                                                          : sum->undeliverable;
    section->trouble = mta_sts_mx_effect_is_loss(section->effect) ||
                               mta_sts_mx_effect_is_undeliverable(section->effect)
                           ? find_first_error(section->findings, section->effect)
                           : NULL;
    section->enforce = section->effect == MTA_STS_MX_SECURE         ? MTA_STS_SAFETY_YES
                       : mta_sts_mx_effect_is_loss(section->effect) ? MTA_STS_SAFETY_NO
                                                                    : MTA_STS_SAFETY_UNKNOWN;
    note_trouble(judge, section);
    judge->mx_good += sum->secure > 0;
    judge->mx_lost += mta_sts_mx_effect_is_loss(section->effect);
    judge->mx_undeliverable += mta_sts_mx_effect_is_undeliverable(section->effect);
    judge->mx_unknown += mta_sts_mx_effect_is_unknown(section->effect);
}

static void judge_host(mta_sts_judge *judge, const mta_sts_check_mx *mx)
{
    /* Names from DNS are escaped; one that is too long for a host name is not shown at all. */
    const char *shown = strlen(mx->host) <= NAME_SHOWN_MAX ? mx->host : "MX";
    mta_sts_findings *findings = mta_sts_judge_section(judge, MTA_STS_CHECK_MX, shown);
    tally sum = {0, MTA_STS_MX_SECURE, MTA_STS_MX_SECURE, MTA_STS_MX_SECURE};
    mta_sts_mx_effect found = MTA_STS_MX_ABSENT;
    int covered;

    if (judge_name(mx, shown, findings)) {
        covered = judge_coverage(judge, mx->host, findings) || !judge->policy_valid;
        found = judge_addresses(mx, findings);
        if (judge->facts->smtp == MTA_STS_CHECK_SMTP_PROBED) {
            judge_probes(judge, mx, covered, &sum, findings);
        }
        else if (found == MTA_STS_MX_SECURE) {
            note(&sum, with_coverage(MTA_STS_MX_UNSEEN, covered));
        }
        found = mx->probes->nelts ? MTA_STS_MX_SECURE : with_coverage(found, covered);
    }
    if (found != MTA_STS_MX_SECURE) {
        note(&sum, found);
    }
    conclude(judge, &sum);
}

/* Whether an MX host of the domain is run by this provider; a pattern may be left over from a
 * former provider. */
static int is_used(const mta_sts_check_facts *facts, const mta_sts_provider *provider)
{
    int i;

    for (i = 0; provider && i < facts->mxs->nelts; i++) {
        const mta_sts_provider *other =
            mta_sts_provider_of_host(APR_ARRAY_IDX(facts->mxs, i, const mta_sts_check_mx *)->host);

        if (other && strcmp(other->name, provider->name) == 0) {
            return 1;
        }
    }
    return 0;
}

static const char *pattern_fix(const mta_sts_judge *judge, const char *pattern)
{
    static const char *const leftover = "remove the pattern, unless it is for a future MX host";
    const mta_sts_provider *provider = mta_sts_provider_of_pattern(pattern);
    int used = is_used(judge->facts, provider);
    apr_pool_t *p = judge->p;

    if (provider && mta_sts_provider_documents(provider, pattern)) {
        return used ? apr_psprintf(p, "keep it: %s documents it for its MX hosts", provider->name)
                    : leftover;
    }
    return !provider ? leftover
                     : apr_psprintf(p, "%s%s the patterns of %s%s%s: %s", used ? "" : leftover,
                                    !used                 ? "; for such a host, use"
                                    : *provider->patterns ? "use"
                                                          : "check",
                                    provider->name, *provider->patterns ? ", " : "",
                                    provider->patterns, provider->pitfall);
}

/* A pattern that matches no MX host may be meant for a spare host, or left over from a former
 * one. */
static void judge_patterns(const mta_sts_judge *judge, mta_sts_findings *findings)
{
    const mta_sts_check_facts *facts = judge->facts;
    int i, j;

    for (i = 0; i < judge->policy->mx->nelts; i++) {
        const char *pattern = APR_ARRAY_IDX(judge->policy->mx, i, const char *);
        int used = 0;

        for (j = 0; j < facts->mxs->nelts; j++) {
            used |= mta_sts_name_matches_mx(
                pattern, APR_ARRAY_IDX(facts->mxs, j, const mta_sts_check_mx *)->host);
        }
        if (!used) {
            mta_sts_finding_add(findings, MTA_STS_INFO, "pattern-unused", facts->domain,
                                pattern_fix(judge, pattern),
                                "no MX host matches the policy's \"mx: %s\"", pattern);
        }
    }
}

static void report_not_probed(mta_sts_judge *judge)
{
    mta_sts_findings *findings =
        mta_sts_judge_section(judge, MTA_STS_CHECK_MX, judge->facts->domain);

    if (judge->facts->smtp == MTA_STS_CHECK_SMTP_SKIPPED) {
        mta_sts_finding_add(findings, MTA_STS_INFO, "smtp-skipped", judge->facts->domain, NULL,
                            "the MX hosts were not probed (--no-smtp)");
        return;
    }
    mta_sts_finding_add(findings, MTA_STS_UNKNOWN, "smtp-blocked", judge->facts->domain,
                        "check from a machine that can use port 25, or use --no-smtp",
                        "no MX host accepts a connection: this network probably blocks port 25 (or "
                        "all MX hosts are down)");
}

/* In modes other than enforce, a failure that makes senders refuse mail only in mode enforce is a
 * warning. A failure in every mode is a warning as well, unless it is known that no MX host accepts
 * mail. */
static void soften(const mta_sts_judge *judge, int index)
{
    const apr_array_header_t *sections = judge->result->sections;
    int is_enforced = judge->policy_valid && judge->policy->mode == MTA_STS_MODE_ENFORCE;
    int is_down =
        judge->mx_undeliverable && !judge->mx_good && !judge->mx_lost && !judge->mx_unknown;

    for (; index < sections->nelts; index++) {
        const mta_sts_check_section *section =
            &APR_ARRAY_IDX(sections, index, mta_sts_check_section);

        if (!is_down && (!is_enforced || mta_sts_mx_effect_is_undeliverable(section->effect))) {
            mta_sts_judge_lower_severity(section->findings, 0, MTA_STS_ERROR, MTA_STS_WARNING);
        }
    }
}

void mta_sts_judge_mxs(mta_sts_judge *judge)
{
    const mta_sts_check_facts *facts = judge->facts;
    int index = judge->result->sections->nelts, i;

    for (i = 0; i < facts->mxs->nelts; i++) {
        judge_host(judge, APR_ARRAY_IDX(facts->mxs, i, const mta_sts_check_mx *));
    }
    if (facts->mxs->nelts && facts->smtp != MTA_STS_CHECK_SMTP_PROBED) {
        report_not_probed(judge);
    }
    if (judge->policy_valid && facts->mxs->nelts) {
        judge_patterns(judge, judge->policy_findings);
    }
    soften(judge, index);
    mta_sts_judge_dane(judge, index);
}

int mta_sts_check_smtp_is_blocked(const apr_array_header_t *facts)
{
    int i, j, k, probes = 0;

    for (i = 0; i < facts->nelts; i++) {
        const apr_array_header_t *mxs = APR_ARRAY_IDX(facts, i, mta_sts_check_facts *)->mxs;

        for (j = 0; j < mxs->nelts; j++) {
            const mta_sts_check_mx *mx = APR_ARRAY_IDX(mxs, j, const mta_sts_check_mx *);

            for (k = 0; k < mx->probes->nelts; k++) {
                const mta_sts_mx_probe *probe =
                    APR_ARRAY_IDX(mx->probes, k, const mta_sts_mx_probe *);

                if (probe->result == MTA_STS_SMTP_NO_ROUTE ||
                    probe->result == MTA_STS_SMTP_NOT_TRIED) {
                    continue;
                }
                if (probe->result != MTA_STS_SMTP_TIMEOUT || probe->stage != MTA_STS_SMTP_CONNECT) {
                    return 0;
                }
                probes++;
            }
        }
    }
    return probes > 0;
}
