/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <apr_strings.h>

#include "core/base/text.h"
#include "core/check/judge.h"
#include "core/policy/text.h"

#define DAY 86400
#define WEEK 604800

/* A web page is not a policy, so its lines are not checked. */
static int is_served(const mta_sts_policy_fetch *fetch)
{
    return fetch->status == MTA_STS_FETCH_ANSWERED && fetch->http_status == 200 &&
           !mta_sts_policy_fetch_is_page(fetch);
}

static int same_text(const mta_sts_policy_fetch *one, const mta_sts_policy_fetch *other)
{
    return one->len == other->len && memcmp(one->text, other->text, one->len) == 0;
}

/* The fetch whose text is judged: the first one that a sender would use, or else the first one that
 * returned a policy text. */
static const mta_sts_policy_fetch *find_served(const mta_sts_check_facts *facts,
                                               const mta_sts_policy_fetch *usable)
{
    int i;

    if (usable) {
        return usable;
    }
    for (i = 0; i < facts->fetches->nelts; i++) {
        const mta_sts_policy_fetch *fetch =
            APR_ARRAY_IDX(facts->fetches, i, const mta_sts_policy_fetch *);

        if (is_served(fetch)) {
            return fetch;
        }
    }
    return NULL;
}

static void compare_texts(const mta_sts_judge *judge, mta_sts_findings *findings)
{
    const mta_sts_check_facts *facts = judge->facts;
    const mta_sts_policy_fetch *served = judge->served;
    int i;

    for (i = 0; i < facts->fetches->nelts; i++) {
        const mta_sts_policy_fetch *fetch =
            APR_ARRAY_IDX(facts->fetches, i, const mta_sts_policy_fetch *);

        if (is_served(fetch) && !same_text(fetch, served)) {
            mta_sts_finding_add(
                findings, MTA_STS_ERROR, "answers-differ", facts->host,
                "serve the same policy at all addresses",
                "%s serves a different policy (id %s) than %s (id %s)", fetch->address,
                mta_sts_policy_id(judge->p, fetch->text, fetch->len), served->address,
                mta_sts_policy_id(judge->p, served->text, served->len));
        }
    }
}

static void report_fetched(const mta_sts_judge *judge, const mta_sts_policy_fetch *fetch,
                           mta_sts_findings *findings)
{
    mta_sts_finding_add(
        findings, MTA_STS_OK, "policy-fetched", judge->facts->host, NULL,
        "%s serves the policy over %s in %d ms; its certificate is valid for %d more days",
        fetch->address, fetch->peer.version, (int)apr_time_as_msec(fetch->took),
        mta_sts_certificate_days(fetch->peer.certificate, judge->limits->now));
}

/* Senders try the addresses in turn: if at least one answers, the others only cost time, and it
 * does not matter that this machine cannot reach some of them. */
static void lower_unreached(mta_sts_findings *findings, int index)
{
    mta_sts_judge_lower_severity(findings, index, MTA_STS_ERROR, MTA_STS_WARNING);
    mta_sts_judge_lower_severity(findings, index, MTA_STS_UNKNOWN, MTA_STS_INFO);
}

/* The first fetch that a sender could use; its findings are discarded. */
static const mta_sts_policy_fetch *find_usable(const mta_sts_judge *judge)
{
    const mta_sts_check_facts *facts = judge->facts;
    mta_sts_findings *unseen = mta_sts_findings_make(judge->p);
    int i;

    for (i = 0; i < facts->fetches->nelts; i++) {
        const mta_sts_policy_fetch *fetch =
            APR_ARRAY_IDX(facts->fetches, i, const mta_sts_policy_fetch *);

        if (mta_sts_policy_fetch_check(fetch, facts->host, judge->limits, unseen)) {
            return fetch;
        }
    }
    return NULL;
}

/* Reports a row that is not valid: senders get the last valid policy of the domain, or none. */
static void report_row(const mta_sts_check_facts *facts, mta_sts_findings *findings)
{
    if (facts->row_wrong) {
        mta_sts_finding_add(
            findings, MTA_STS_WARNING, "row-wrong", facts->domain,
            "correct its row, with your panel or with mta-sts policy set",
            "its row in the database of this machine is wrong, so that changes have "
            "no effect: %s",
            facts->row_wrong);
    }
}

void mta_sts_judge_policy_host(mta_sts_judge *judge)
{
    const mta_sts_check_facts *facts = judge->facts;
    const mta_sts_policy_fetch *usable = find_usable(judge);
    mta_sts_findings *findings;
    int i, unknown = 0;

    if (!facts->fetches->nelts) {
        judge->policy_unknown = facts->host_a.status == MTA_STS_ANSWER_TIMEOUT ||
                                facts->host_aaaa.status == MTA_STS_ANSWER_TIMEOUT;
        return;
    }
    findings = mta_sts_judge_section(judge, MTA_STS_CHECK_POLICY_HOST, facts->host);
    report_row(facts, findings);
    for (i = 0; i < facts->fetches->nelts; i++) {
        const mta_sts_policy_fetch *fetch =
            APR_ARRAY_IDX(facts->fetches, i, const mta_sts_policy_fetch *);
        int index = findings->list->nelts;

        unknown +=
            fetch->status == MTA_STS_FETCH_NOT_TRIED || fetch->status == MTA_STS_FETCH_NO_ROUTE;
        if (mta_sts_policy_fetch_check(fetch, facts->host, judge->limits, findings)) {
            report_fetched(judge, fetch, findings);
        }
        if (usable && mta_sts_policy_fetch_is_unreached(fetch)) {
            lower_unreached(findings, index);
        }
    }
    judge->policy_reachable = usable != NULL;
    judge->policy_unknown = !usable && unknown == facts->fetches->nelts;
    judge->served = find_served(facts, usable);
    if (judge->served) {
        compare_texts(judge, findings);
    }
}

/* The form of the ids that the module computes: 20 hex digits in lower case. */
static int is_hash_id(const char *id)
{
    return strlen(id) == 20 && strspn(id, "0123456789abcdef") == 20;
}

/* Whether the id in DNS is that of the new configuration, which httpd has not loaded yet. */
static int is_record_ahead(const mta_sts_judge *judge)
{
    const char *configured = judge->facts->configured_id;

    return configured && strcmp(configured, judge->record_id) == 0;
}

/* Describes which of the two ids is newer, if that can be determined; ids themselves have no
 * order. */
static const char *describe_newer(const mta_sts_judge *judge)
{
    const mta_sts_check_facts *facts = judge->facts;
    const char *configured = facts->configured_id;
    int i;

    if (is_record_ahead(judge)) {
        return facts->is_hosted
                   ? "the id in DNS is that of the policy which this machine's httpd serves from "
                     "the database, but a different server answered with a different policy"
                   : "the id in DNS is newer: it is the one in httpd's configuration, but httpd "
                     "was not reloaded";
    }
    if (configured && strcmp(configured, judge->served_id) == 0) {
        return facts->is_hosted
                   ? "the served policy is newer: it is the one in the database"
                   : "the served policy is newer: it is the one in httpd's configuration";
    }
    for (i = 0; i < facts->fetches->nelts; i++) {
        const mta_sts_policy_fetch *fetch =
            APR_ARRAY_IDX(facts->fetches, i, const mta_sts_policy_fetch *);

        if (is_served(fetch) &&
            strcmp(mta_sts_policy_id(judge->p, fetch->text, fetch->len), judge->record_id) == 0) {
            return apr_psprintf(judge->p, "it matches the policy served at %s", fetch->address);
        }
    }
    return "senders that know this id do not fetch the new policy";
}

/* If the record is delegated, only the operator of the target's zone can change it. */
static const char *id_fix(const mta_sts_judge *judge)
{
    const char *alias = judge->facts->record.alias;

    if (is_record_ahead(judge)) {
        return judge->facts->is_hosted
                   ? apr_psprintf(judge->p,
                                  "point the addresses of %s in DNS to machines that serve this "
                                  "database",
                                  judge->facts->host)
                   : "reload httpd: sudo apachectl graceful";
    }
    if (alias && judge->facts->is_hosted) {
        return apr_psprintf(
            judge->p,
            "publish \"v=STSv1; id=%s;\" in the TXT record at %s, where the CNAME of %s points",
            judge->served_id, mta_sts_text_quote(judge->p, alias, strlen(alias)),
            judge->facts->record_name);
    }
    return alias
               ? apr_psprintf(judge->p,
                              "have the id %s published in the TXT record at %s, where the CNAME "
                              "of %s points, by the operator of that zone",
                              judge->served_id, mta_sts_text_quote(judge->p, alias, strlen(alias)),
                              judge->facts->record_name)
               : apr_psprintf(judge->p, "publish \"v=STSv1; id=%s;\"", judge->served_id);
}

static void judge_id(const mta_sts_judge *judge, mta_sts_findings *findings)
{
    const char *name = judge->facts->record_name;

    if (!judge->record_id || !judge->policy_valid || !judge->policy_reachable) {
        return;
    }
    if (strcmp(judge->record_id, judge->served_id) == 0) {
        mta_sts_finding_add(findings, MTA_STS_OK, "id-matches", name, NULL,
                            "the id in DNS matches the served policy");
    }
    else if (!is_hash_id(judge->record_id)) {
        mta_sts_finding_add(
            findings, MTA_STS_INFO, "id-custom", name,
            apr_psprintf(
                judge->p, "%s whenever the policy changes; mod_mta_sts would use %s",
                judge->facts->record.alias && !judge->facts->is_hosted
                    ? apr_psprintf(
                          judge->p,
                          "ask the operator of %s, where the CNAME of %s points, to change it",
                          mta_sts_text_quote(judge->p, judge->facts->record.alias,
                                             strlen(judge->facts->record.alias)),
                          name)
                    : "change it",
                judge->served_id),
            "the id %s in DNS was not made by mod_mta_sts, so it cannot be compared with the "
            "served policy",
            judge->record_id);
    }
    else {
        mta_sts_finding_add(findings, MTA_STS_WARNING, "id-differs", name, id_fix(judge),
                            "the id %s in DNS does not match the served policy (%s): %s",
                            judge->record_id, judge->served_id, describe_newer(judge));
    }
}

static void report_valid(const mta_sts_judge *judge, mta_sts_findings *findings)
{
    const mta_sts_policy *policy = judge->policy;

    mta_sts_finding_add(findings, MTA_STS_OK, "policy-valid", judge->facts->domain, NULL,
                        "mode %s, max_age %" APR_INT64_T_FMT ", mx %s",
                        mta_sts_mode_name(policy->mode), policy->max_age,
                        apr_array_pstrcat(judge->p, policy->mx, ' '));
    /* For less than a day in mode enforce there is a separate finding. */
    if (policy->max_age < WEEK &&
        policy->max_age >= (policy->mode == MTA_STS_MODE_ENFORCE ? DAY : 0) &&
        policy->mode != MTA_STS_MODE_NONE) {
        mta_sts_finding_add(findings, MTA_STS_INFO, "max-age-advice", judge->facts->domain,
                            "use 604800 (a week) or more once everything works",
                            "a max_age of %" APR_INT64_T_FMT
                            " seconds is short: RFC 8461 recommends weeks",
                            policy->max_age);
    }
}

void mta_sts_judge_policy(mta_sts_judge *judge)
{
    const mta_sts_policy_fetch *served = judge->served;
    mta_sts_findings *findings;
    int i;

    if (!served) {
        return;
    }
    findings = mta_sts_judge_section(judge, MTA_STS_CHECK_POLICY, judge->facts->domain);
    judge->policy_findings = findings;
    judge->policy = mta_sts_policy_text_read(judge->p, served->text, served->len, findings);
    judge->policy_valid = mta_sts_findings_count(findings, MTA_STS_ERROR) == 0;
    judge->served_id = mta_sts_policy_id(judge->p, served->text, served->len);
    for (i = 0; i < findings->list->nelts; i++) {
        APR_ARRAY_IDX(findings->list, i, mta_sts_finding).subject = judge->facts->domain;
    }
    if (judge->policy_valid) {
        report_valid(judge, findings);
    }
    judge_id(judge, findings);
}
