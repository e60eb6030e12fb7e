/* SPDX-License-Identifier: Apache-2.0 */
/* Obstacles to publishing the records, and notes on them. */
#include <string.h>

#include <apr_cstr.h>
#include <apr_strings.h>

#include "core/base/name.h"
#include "core/dns/delegation.h"
#include "core/dns/planner.h"
#include "core/policy/record.h"

#define NULL_MX "." /* the domain accepts no mail (RFC 7505) */

typedef mta_sts_planner planner;

static const char *text_at(const apr_array_header_t *texts, int i)
{
    return APR_ARRAY_IDX(texts, i, const char *);
}

static const mta_sts_publication_record *record_at(const planner *pl, int i)
{
    return &APR_ARRAY_IDX(pl->publication->records, i, mta_sts_publication_record);
}

static int count(const apr_array_header_t *texts)
{
    return texts ? texts->nelts : 0;
}

static int matches_any(const char *pattern, const apr_array_header_t *hosts)
{
    int i;

    for (i = 0; i < hosts->nelts; i++) {
        if (mta_sts_name_matches_mx(pattern, text_at(hosts, i))) {
            return 1;
        }
    }
    return 0;
}

static void compare_mx(planner *pl)
{
    const apr_array_header_t *hosts = pl->facts->now[MTA_STS_TYPE_MX].values;
    const mta_sts_policy *policy = pl->facts->policy;
    int i;

    if (count(hosts) == 0) {
        return;
    }
    for (i = 0; i < hosts->nelts; i++) {
        if (strcmp(text_at(hosts, i), NULL_MX) != 0 &&
            !mta_sts_policy_covers(policy, text_at(hosts, i))) {
            APR_ARRAY_PUSH(pl->publication->uncovered, const char *) = text_at(hosts, i);
        }
    }
    for (i = 0; i < policy->mx->nelts; i++) {
        if (!matches_any(text_at(policy->mx, i), hosts)) {
            APR_ARRAY_PUSH(pl->publication->unused, const char *) = text_at(policy->mx, i);
        }
    }
}

static void judge_coverage(planner *pl)
{
    const apr_array_header_t *uncovered = pl->publication->uncovered;
    int is_enforced = pl->facts->policy->mode == MTA_STS_MODE_ENFORCE, i;

    if (pl->facts->policy->mode == MTA_STS_MODE_NONE) {
        return;
    }
    for (i = 0; i < uncovered->nelts; i++) {
        mta_sts_finding_add(pl->findings, is_enforced ? MTA_STS_ERROR : MTA_STS_WARNING,
                            "mx-not-in-policy", text_at(uncovered, i),
                            "add it to the policy, or delete its MX record first",
                            "an MX host of %s that the policy does not cover", pl->facts->domain);
    }
    if (is_enforced && uncovered->nelts) {
        pl->publication->hold = apr_pstrcat(pl->p, "the policy does not cover the MX host ",
                                            text_at(uncovered, 0), NULL);
    }
}

static void judge_served(planner *pl)
{
    const char *host =
        apr_pstrcat(pl->findings->pool, MTA_STS_POLICY_HOST_PREFIX, pl->facts->domain, NULL);
    const char *fix = "serve it first, then publish its id";

    if (pl->facts->served == MTA_STS_SERVED_NOTHING) {
        mta_sts_finding_add(pl->findings, MTA_STS_ERROR, "policy-not-served", host, fix,
                            "the policy host serves no valid policy");
        pl->publication->hold = "the policy is not served";
    }
    if (pl->facts->served == MTA_STS_SERVED_OTHER) {
        mta_sts_finding_add(pl->findings, MTA_STS_ERROR, "policy-not-served", host, fix,
                            "the policy host serves another policy, with the id %s",
                            pl->facts->served_id);
        pl->publication->hold = apr_pstrcat(pl->p, "another policy is served, with the id ",
                                            pl->facts->served_id, NULL);
    }
}

/* --- reports --- */

/* The report addresses that will be published according to the plan, or NULL if only the admin can
 * choose them. */
static const apr_array_header_t *planned_rua(const planner *pl)
{
    apr_array_header_t *text = apr_array_make(pl->p, 1, sizeof(const char *));
    int i;

    for (i = 0; i < pl->publication->records->nelts; i++) {
        const mta_sts_publication_record *record = record_at(pl, i);

        if (record->type == MTA_STS_TYPE_TLSRPT && !record->is_example &&
            record->state != MTA_STS_RECORD_SUPERFLUOUS) {
            APR_ARRAY_PUSH(text, const char *) = record->value;
            return mta_sts_tlsrpt_record_read(pl->p, text, mta_sts_findings_make(pl->p));
        }
    }
    return NULL;
}

static int has_mail(const apr_array_header_t *rua)
{
    int i;

    for (i = 0; i < rua->nelts; i++) {
        if (apr_cstr_casecmpn(text_at(rua, i), "mailto:", 7) == 0) {
            return 1;
        }
    }
    return 0;
}

static int contains(const apr_array_header_t *rua, const char *uri)
{
    int i;

    for (i = 0; i < rua->nelts; i++) {
        if (strcmp(text_at(rua, i), uri) == 0) {
            return 1;
        }
    }
    return 0;
}

/* A published record is left unchanged; a finding says what the admin may want to add. */
static void judge_reports(planner *pl)
{
    const apr_array_header_t *rua = planned_rua(pl);
    const char *endpoint = pl->facts->endpoint, *list;

    if (!count(rua)) {
        return;
    }
    list = apr_array_pstrcat(pl->p, rua, ',');
    if (!has_mail(rua)) {
        mta_sts_finding_add(pl->findings, MTA_STS_INFO, "rua-without-mail", pl->facts->domain,
                            apr_psprintf(pl->p,
                                         "add a mail address of yours: mta-sts dns %s --rua "
                                         "'%s,mailto:ADDRESS'",
                                         pl->facts->domain, list),
                            "Google and Microsoft send their reports by mail only");
    }
    else if (endpoint && !count(pl->facts->rua) && !contains(rua, endpoint)) {
        mta_sts_finding_add(pl->findings, MTA_STS_INFO, "rua-without-endpoint", pl->facts->domain,
                            apr_psprintf(pl->p,
                                         "if you want reports there as well (they are unverified): "
                                         "mta-sts dns %s --rua '%s,%s'",
                                         pl->facts->domain, endpoint, list),
                            "this machine accepts reports at %s, which the TLSRPT record does not "
                            "name",
                            endpoint);
    }
}

/* --- aliases --- */

/* What to request about the delegated record of this type, or NULL if there is none. */
static const char *describe_alias(const planner *pl, mta_sts_record_type type)
{
    const mta_sts_publication_record *record;
    int i;

    for (i = 0; i < pl->publication->records->nelts; i++) {
        record = record_at(pl, i);
        if (record->type == type && record->delegated) {
            return mta_sts_delegation_request(pl->p, record);
        }
    }
    return NULL;
}

/* If the name of a record is an alias, the record has to be changed at the target of the CNAME. */
static void report_alias(planner *pl, mta_sts_record_type type)
{
    const mta_sts_answer *now = &pl->facts->now[type];
    const char *request = now->alias ? describe_alias(pl, type) : NULL;

    if (now->alias) {
        mta_sts_finding_add(
            pl->findings, request ? MTA_STS_WARNING : MTA_STS_INFO, "record-elsewhere",
            mta_sts_record_type_name(pl->findings->pool, type, pl->facts->domain), request,
            "the name is an alias (CNAME): the record is at %s%s", now->alias,
            !request ? ""
            : now->status == MTA_STS_ANSWER_NXDOMAIN
                ? ", which does not exist"
                : ", which only the operator of that zone can change");
    }
}

void mta_sts_planner_judge(mta_sts_planner *pl)
{
    compare_mx(pl);
    judge_coverage(pl);
    judge_served(pl);
    judge_reports(pl);
    report_alias(pl, MTA_STS_TYPE_MTA_STS);
    report_alias(pl, MTA_STS_TYPE_TLSRPT);
}
