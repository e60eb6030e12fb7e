/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <apr_strings.h>

#include "core/check/dangling_alias.h"
#include "core/check/judge.h"
#include "core/policy/record.h"
#include "core/policy/repair.h"
#include "core/policy/text.h"
#include "core/base/text.h"

/* In seconds. A longer TTL delays every change of the policy by more than a day. */
#define TTL_LONG 86400

static const char *join(mta_sts_findings *findings, const apr_array_header_t *values)
{
    const char *joined = apr_array_pstrcat(findings->pool, values, ' ');

    return joined[strcspn(joined, "\\\"")]
               ? mta_sts_text_quote(findings->pool, joined, strlen(joined))
               : joined;
}

/* Parsers of records use "MTA-STS record" as the subject; here it is the name in DNS. */
static void name_subjects(mta_sts_findings *findings, int index, const char *subject)
{
    for (; index < findings->list->nelts; index++) {
        APR_ARRAY_IDX(findings->list, index, mta_sts_finding).subject = subject;
    }
}

/* Whether a policy is served, so that mta-sts dns has a record to print. */
static int is_policy_served(const mta_sts_judge *judge)
{
    const apr_array_header_t *fetches = judge->facts->fetches;
    int i;

    for (i = 0; i < fetches->nelts; i++) {
        const mta_sts_policy_fetch *fetch = APR_ARRAY_IDX(fetches, i, mta_sts_policy_fetch *);
        mta_sts_findings *unseen = mta_sts_findings_make(judge->p);

        if (mta_sts_policy_fetch_check(fetch, judge->facts->host, judge->limits, unseen)) {
            mta_sts_policy_text_read(judge->p, fetch->text, fetch->len, unseen);
            return mta_sts_findings_count(unseen, MTA_STS_ERROR) == 0;
        }
    }
    return 0;
}

/* How to get the record: the steps that are left, in order. */
static const char *record_fix(const mta_sts_judge *judge)
{
    const mta_sts_check_facts *facts = judge->facts;
    const char *format =
        is_policy_served(judge) ? "run 'mta-sts dns %s' to get the record, then publish it"
        : facts->configured_id || facts->row_wrong
            ? "first fix what is reported about the policy host; then run 'mta-sts dns %s' to get "
              "the record, and publish it"
            : "serve a policy first (on the web server: mta-sts-setup %s); then run 'mta-sts dns "
              "%s' to get the record, and publish it";

    return apr_psprintf(judge->p, format, facts->domain, facts->domain);
}

/* The parser of records does not know the domain, so its advice says "mta-sts dns DOMAIN": replaces
 * that by the advice for this domain. */
static void name_domain(const mta_sts_judge *judge, mta_sts_findings *findings, int index)
{
    for (; index < findings->list->nelts; index++) {
        mta_sts_finding *finding = &APR_ARRAY_IDX(findings->list, index, mta_sts_finding);

        if (finding->fix && strstr(finding->fix, "mta-sts dns DOMAIN")) {
            finding->fix = record_fix(judge);
        }
    }
}

/* If the name of a record is an alias, only the operator of the target's zone can change the
 * record, unless the record follows from this machine's database. */
static void name_owner(const mta_sts_judge *judge, const mta_sts_answer *answer, const char *name,
                       mta_sts_findings *findings, int index)
{
    for (; answer->alias && !judge->facts->is_hosted && index < findings->list->nelts; index++) {
        mta_sts_finding *finding = &APR_ARRAY_IDX(findings->list, index, mta_sts_finding);
        const char *what = finding->fix && strstr(finding->fix, "mta-sts dns ")
                               ? "publish the right record there"
                               : finding->fix;

        if (what) {
            finding->fix = apr_psprintf(
                judge->p, "ask the operator of %s, where the CNAME of %s points, to %s",
                mta_sts_text_quote(judge->p, answer->alias, strlen(answer->alias)), name, what);
        }
    }
}

static const char *const versions[] = {"v=stsv1", "v=tlsrptv1"};

/* Whether the answer contains a record of this kind. */
static int contains_record(const mta_sts_answer *answer, int is_tlsrpt)
{
    int i;

    for (i = 0; answer->status == MTA_STS_ANSWER_OK && i < answer->values->nelts; i++) {
        if (strncasecmp(APR_ARRAY_IDX(answer->values, i, const char *), versions[is_tlsrpt],
                        strlen(versions[is_tlsrpt])) == 0) {
            return 1;
        }
    }
    return 0;
}

int mta_sts_check_lacks_record(const mta_sts_answer *answer, int is_tlsrpt)
{
    static const char *const marks[] = {"STS", "RPT"};
    int i;

    for (i = 0; answer->status == MTA_STS_ANSWER_OK && i < answer->values->nelts; i++) {
        const char *value = APR_ARRAY_IDX(answer->values, i, const char *);

        if (mta_sts_repair_contains(value, marks[is_tlsrpt])) {
            return 0;
        }
    }
    return answer->status == MTA_STS_ANSWER_OK || mta_sts_answer_is_empty(answer);
}

/* Reports a record that was found at a wrong name; returns whether there is one. */
static int report_misplaced(const mta_sts_judge *judge, int is_tlsrpt, const char *right,
                            mta_sts_severity severity, mta_sts_findings *findings)
{
    const mta_sts_check_facts *facts = judge->facts;
    const apr_array_header_t *list = facts->misplaced;
    const mta_sts_answer *other = is_tlsrpt ? &facts->record : &facts->tlsrpt;
    const char *found = NULL;
    int i;

    if (!mta_sts_check_lacks_record(is_tlsrpt ? &facts->tlsrpt : &facts->record, is_tlsrpt)) {
        return 0;
    }
    if (!other->alias && contains_record(other, is_tlsrpt)) {
        found = is_tlsrpt ? facts->record_name : facts->tlsrpt_name;
    }
    for (i = 0; !found && list && i < list->nelts; i++) {
        const mta_sts_check_misplaced *one =
            APR_ARRAY_IDX(list, i, const mta_sts_check_misplaced *);

        if (one->is_tlsrpt == is_tlsrpt && contains_record(&one->answer, is_tlsrpt)) {
            found = one->name;
        }
    }
    if (found) {
        mta_sts_finding_add(findings, severity, "record-misplaced", right,
                            apr_psprintf(judge->p, "move it to %s", right),
                            "the record is at %s, where no sender looks for it", found);
    }
    return found != NULL;
}

static void judge_record(mta_sts_judge *judge, mta_sts_findings *findings)
{
    const mta_sts_check_facts *facts = judge->facts;
    int index = findings->list->nelts;

    if (mta_sts_answer_check(&facts->record, facts->record_name, "MTA-STS record", findings)) {
        return;
    }
    if (mta_sts_answer_is_empty(&facts->record) && facts->record.alias) {
        mta_sts_finding_add(
            findings, MTA_STS_ERROR, "alias-dangling", facts->record_name,
            mta_sts_dangling_alias_fix(judge->p, &facts->record, facts->record_name), "%s",
            mta_sts_dangling_alias_text(judge->p, &facts->record,
                                        "senders do not look for a policy",
                                        "decides which policy they look for"));
        return;
    }
    if (report_misplaced(judge, 0, facts->record_name, MTA_STS_ERROR, findings)) {
        return;
    }
    if (mta_sts_answer_is_empty(&facts->record)) {
        mta_sts_finding_add(findings, MTA_STS_ERROR, "record-missing", facts->record_name,
                            record_fix(judge),
                            "there is no MTA-STS record: senders do not look for a policy");
        return;
    }
    judge->record_id = mta_sts_record_read(judge->p, facts->record.values, findings);
    name_subjects(findings, index, facts->record_name);
    name_domain(judge, findings, index);
    name_owner(judge, &facts->record, facts->record_name, findings, index);
    if (!judge->record_id) {
        return;
    }
    mta_sts_finding_add(findings, MTA_STS_OK, "record-found", facts->record_name, NULL,
                        "MTA-STS record with id %s, %s%s%s", judge->record_id,
                        mta_sts_judge_answer_note(judge->p, &facts->record),
                        facts->record.alias ? ", through the alias " : "",
                        facts->record.alias ? facts->record.alias : "");
    if (facts->record.ttl > TTL_LONG) {
        mta_sts_finding_add(
            findings, MTA_STS_INFO, "ttl-long", facts->record_name, "use a TTL of an hour (3600)",
            "the TTL is %u seconds: senders may notice a new policy id that much later",
            facts->record.ttl);
    }
}

/* Explains the consequences of having no MX. */
static void report_no_mx(mta_sts_judge *judge, mta_sts_findings *findings)
{
    const mta_sts_check_facts *facts = judge->facts;

    if (facts->mxs->nelts) {
        mta_sts_finding_add(findings, MTA_STS_WARNING, "mx-implicit", facts->domain,
                            "publish an MX record",
                            "there is no MX record: senders use the domain's own address");
        return;
    }
    if (facts->mx.status == MTA_STS_ANSWER_NXDOMAIN && facts->mx.alias) {
        mta_sts_finding_add(
            findings, MTA_STS_ERROR, "alias-dangling", facts->domain,
            apr_psprintf(judge->p, "delete the CNAME, and publish the MX records of %s instead",
                         facts->domain),
            "%s",
            mta_sts_dangling_alias_text(judge->p, &facts->mx, "no mail reaches the domain",
                                        "gets the mail"));
        return;
    }
    if (facts->mx.status == MTA_STS_ANSWER_NXDOMAIN) {
        mta_sts_finding_add(findings, MTA_STS_ERROR, "domain-unknown", facts->domain,
                            "check the spelling, and whether the domain is still registered",
                            "the domain does not exist in DNS, so no mail can reach it");
        return;
    }
    mta_sts_finding_add(
        findings, MTA_STS_ERROR, "mx-record-missing", facts->domain,
        "publish an MX record, or a null MX if the domain accepts no mail",
        "there is neither an MX record nor an address, so no mail can reach the domain");
}

static int is_null_mx(const mta_sts_answer *mx)
{
    return mx->status == MTA_STS_ANSWER_OK && mx->values->nelts == 1 &&
           strcmp(APR_ARRAY_IDX(mx->values, 0, const char *), ".") == 0;
}

static void judge_mx(mta_sts_judge *judge, mta_sts_findings *findings)
{
    const mta_sts_check_facts *facts = judge->facts;

    if (mta_sts_answer_check(&facts->mx, facts->domain, "MX", findings)) {
        return;
    }
    if (mta_sts_answer_is_empty(&facts->mx)) {
        report_no_mx(judge, findings);
        return;
    }
    if (is_null_mx(&facts->mx)) {
        mta_sts_finding_add(findings, MTA_STS_WARNING, "mx-null", facts->domain,
                            "nothing to do if the domain really accepts no mail; otherwise publish "
                            "its MX records",
                            "the domain accepts no mail (null MX)");
        return;
    }
    mta_sts_finding_add(findings, MTA_STS_OK, "mx-found", facts->domain, NULL, "MX %s, %s",
                        join(findings, facts->mx.values),
                        mta_sts_judge_answer_note(judge->p, &facts->mx));
}

static void judge_host_addresses(mta_sts_judge *judge, mta_sts_findings *findings)
{
    const mta_sts_check_facts *facts = judge->facts;
    const mta_sts_answer *a = &facts->host_a, *aaaa = &facts->host_aaaa;
    int has_a = a->status == MTA_STS_ANSWER_OK, has_aaaa = aaaa->status == MTA_STS_ANSWER_OK;
    int failed;

    failed = mta_sts_answer_check(a, facts->host, "IPv4 address", findings);
    failed |= mta_sts_answer_check(aaaa, facts->host, "IPv6 address", findings);
    if (has_a || has_aaaa) {
        const mta_sts_answer *found = has_a ? a : aaaa;

        mta_sts_finding_add(
            findings, MTA_STS_OK, "policy-host-found", facts->host, NULL,
            "addresses %s%s%s, %s%s%s", has_a ? join(findings, a->values) : "",
            has_a && has_aaaa ? " " : "", has_aaaa ? join(findings, aaaa->values) : "",
            mta_sts_judge_answer_note(judge->p, found), found->alias ? ", through the alias " : "",
            found->alias ? found->alias : "");
        if (!has_a && mta_sts_answer_is_empty(a)) {
            mta_sts_finding_add(
                findings, MTA_STS_WARNING, "policy-host-ipv6-only", facts->host,
                "add an IPv4 address",
                "the policy host has IPv6 addresses only: senders without IPv6 get no policy");
        }
    }
    else if (!failed && (a->alias || aaaa->alias)) {
        mta_sts_finding_add(
            findings, MTA_STS_ERROR, "alias-dangling", facts->host,
            apr_psprintf(judge->p,
                         "delete the CNAME and publish A and AAAA records for %s, or point it to "
                         "an existing name of yours",
                         facts->host),
            "%s",
            mta_sts_dangling_alias_text(
                judge->p, a->alias ? a : aaaa, "senders get no policy",
                "can get a certificate for the policy host and serve a policy of their own"));
    }
    else if (!failed) {
        mta_sts_finding_add(
            findings, MTA_STS_ERROR, "policy-host-no-address", facts->host,
            apr_psprintf(judge->p,
                         "publish A and AAAA records for %s, or a CNAME to its web server",
                         facts->host),
            "the policy host has no address, so senders get no policy");
    }
}

int mta_sts_judge_is_unknown(const mta_sts_check_facts *facts)
{
    return facts->mx.status == MTA_STS_ANSWER_NXDOMAIN && !facts->mx.alias &&
           facts->record.status != MTA_STS_ANSWER_OK && facts->host_a.status != MTA_STS_ANSWER_OK &&
           facts->host_aaaa.status != MTA_STS_ANSWER_OK;
}

void mta_sts_judge_dns(mta_sts_judge *judge)
{
    mta_sts_findings *findings =
        mta_sts_judge_section(judge, MTA_STS_CHECK_DNS, judge->facts->domain);

    if (mta_sts_judge_is_unknown(judge->facts)) {
        report_no_mx(judge, findings);
        return;
    }
    judge_record(judge, findings);
    judge_mx(judge, findings);
    judge_host_addresses(judge, findings);
}

/* A TLSRPT record needs no policy, so the advice is the record itself. */
static void name_reports(const mta_sts_judge *judge, mta_sts_findings *findings)
{
    const mta_sts_check_facts *facts = judge->facts;
    int i;

    for (i = 0; i < findings->list->nelts; i++) {
        mta_sts_finding *finding = &APR_ARRAY_IDX(findings->list, i, mta_sts_finding);

        if (!facts->tlsrpt.alias && finding->fix && strstr(finding->fix, "mta-sts dns DOMAIN")) {
            finding->fix = apr_psprintf(
                judge->p, "publish \"%s\", replacing YOU with your mailbox",
                mta_sts_tlsrpt_record_propose(judge->p, facts->domain, facts->endpoint));
        }
    }
}

void mta_sts_judge_tlsrpt(mta_sts_judge *judge)
{
    const mta_sts_check_facts *facts = judge->facts;
    mta_sts_findings *findings = mta_sts_judge_section(judge, MTA_STS_CHECK_TLSRPT, facts->domain);
    const apr_array_header_t *rua;
    int testing = judge->policy && judge->policy->mode == MTA_STS_MODE_TESTING;

    if (mta_sts_answer_check(&facts->tlsrpt, facts->tlsrpt_name, "TLSRPT record", findings)) {
        return;
    }
    if (mta_sts_answer_is_empty(&facts->tlsrpt) && facts->tlsrpt.alias) {
        mta_sts_finding_add(
            findings, MTA_STS_WARNING, "alias-dangling", facts->tlsrpt_name,
            mta_sts_dangling_alias_fix(judge->p, &facts->tlsrpt, facts->tlsrpt_name), "%s",
            mta_sts_dangling_alias_text(judge->p, &facts->tlsrpt, "senders send no reports",
                                        "can have the reports sent to them"));
        return;
    }
    if (report_misplaced(judge, 1, facts->tlsrpt_name, MTA_STS_WARNING, findings)) {
        return;
    }
    if (mta_sts_answer_is_empty(&facts->tlsrpt)) {
        mta_sts_finding_add(
            findings, testing ? MTA_STS_WARNING : MTA_STS_INFO, "tlsrpt-missing",
            facts->tlsrpt_name,
            apr_psprintf(judge->p, "publish \"%s\", replacing YOU with your mailbox",
                         mta_sts_tlsrpt_record_propose(judge->p, facts->domain, facts->endpoint)),
            "there is no TLSRPT record, so senders send no reports%s",
            testing ? ", which mode testing depends on" : "");
        return;
    }
    rua = mta_sts_tlsrpt_record_read(judge->p, facts->tlsrpt.values, findings);
    name_subjects(findings, 0, facts->tlsrpt_name);
    name_reports(judge, findings);
    name_owner(judge, &facts->tlsrpt, facts->tlsrpt_name, findings, 0);
    if (rua) {
        mta_sts_finding_add(findings, MTA_STS_OK, "tlsrpt-found", facts->tlsrpt_name, NULL,
                            "reports go to %s, %s", join(findings, rua),
                            mta_sts_judge_answer_note(judge->p, &facts->tlsrpt));
    }
}
