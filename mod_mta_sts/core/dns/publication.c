/* SPDX-License-Identifier: Apache-2.0 */
#include "core/dns/publication.h"

#include <string.h>

#include <apr_cstr.h>
#include <apr_strings.h>

#include "core/base/name.h"
#include "core/dns/rdata.h"
#include "core/policy/record.h"

#define NULL_MX "." /* the domain accepts no mail (RFC 7505) */

typedef struct planner {
    apr_pool_t *p;
    const mta_sts_publication_facts *facts;
    mta_sts_publication *publication;
    mta_sts_findings *findings;
} planner;

const char *mta_sts_record_state_name(mta_sts_record_state state)
{
    static const char *const names[] = {"unknown", "same", "differs", "missing", "superfluous"};

    return names[state];
}

static apr_array_header_t *make_texts(apr_pool_t *p)
{
    return apr_array_make(p, 2, sizeof(const char *));
}

static const char *text_at(const apr_array_header_t *texts, int i)
{
    return APR_ARRAY_IDX(texts, i, const char *);
}

static int count(const apr_array_header_t *texts)
{
    return texts ? texts->nelts : 0;
}

/* Whether there is an answer, which may be that there is no record. */
static int is_known(const mta_sts_answer *answer)
{
    return answer->status == MTA_STS_ANSWER_OK || mta_sts_answer_is_empty(answer);
}

static int find(const apr_array_header_t *texts, const char *wanted)
{
    int i;

    for (i = 0; i < count(texts); i++) {
        if (apr_cstr_casecmp(text_at(texts, i), wanted) == 0) {
            return i;
        }
    }
    return -1;
}

static apr_int64_t choose_ttl(const planner *pl, const mta_sts_answer *now)
{
    if (pl->facts->ttl != MTA_STS_TTL_UNCHANGED) {
        return pl->facts->ttl;
    }
    /* The time left in a cache is only a lower bound of the zone's TTL. */
    return count(now->values) && (now->ttl_is_authoritative || now->ttl > MTA_STS_TTL_DEFAULT)
               ? now->ttl
               : MTA_STS_TTL_DEFAULT;
}

static mta_sts_publication_record *add(planner *pl, mta_sts_record_type type, const char *value,
                                       mta_sts_record_state state)
{
    const mta_sts_answer *now = &pl->facts->now[type];
    mta_sts_publication_record *record = apr_array_push(pl->publication->records);

    memset(record, 0, sizeof(*record));
    record->type = type;
    /* TXT records are changed at the end of their CNAMEs; the policy host's CNAME is a record. */
    record->name = now->alias && mta_sts_record_type_rdata(type) == MTA_STS_RDATA_TXT
                       ? now->alias
                       : mta_sts_record_type_name(pl->p, type, pl->facts->domain);
    record->ttl = choose_ttl(pl, now);
    record->value = value;
    record->state = state;
    return record;
}

/* The state of a record that DNS does not have. */
static mta_sts_record_state absent(const planner *pl, mta_sts_record_type type)
{
    return is_known(&pl->facts->now[type]) ? MTA_STS_RECORD_MISSING : MTA_STS_RECORD_UNKNOWN;
}

static void add_example(planner *pl, mta_sts_record_type type, const char *value)
{
    add(pl, type, value, absent(pl, type))->is_example = 1;
}

/* --- the two TXT records --- */

/* What a TXT record means to senders: a policy id, or a list of URIs; NULL if it is not valid. */
static const char *meaning(const planner *pl, mta_sts_record_type type, const char *text)
{
    mta_sts_findings *findings = mta_sts_findings_make(pl->p);
    apr_array_header_t *set = make_texts(pl->p);
    const apr_array_header_t *rua;

    APR_ARRAY_PUSH(set, const char *) = text;
    if (type == MTA_STS_TYPE_MTA_STS) {
        return mta_sts_record_read(pl->p, set, findings);
    }
    rua = mta_sts_tlsrpt_record_read(pl->p, set, findings);
    return rua ? apr_array_pstrcat(pl->p, rua, ',') : NULL;
}

/* The first record with the wanted meaning, or with any if wanted is NULL; -1 if none has it. */
static int find_meaning(const planner *pl, mta_sts_record_type type,
                        const apr_array_header_t *texts, const char *wanted)
{
    const char *sought = wanted ? meaning(pl, type, wanted) : NULL;
    int i;

    for (i = 0; i < texts->nelts; i++) {
        const char *found = meaning(pl, type, text_at(texts, i));

        if (found && (!wanted || (sought && strcmp(found, sought) == 0))) {
            return i;
        }
    }
    return -1;
}

static apr_array_header_t *select_published(const planner *pl, mta_sts_record_type type)
{
    const apr_array_header_t *values = pl->facts->now[type].values;
    apr_array_header_t *published = make_texts(pl->p);
    int i;

    for (i = 0; i < count(values); i++) {
        if (mta_sts_record_type_is_published(type, text_at(values, i))) {
            APR_ARRAY_PUSH(published, const char *) = text_at(values, i);
        }
    }
    return published;
}

/*
 * Plans one TXT record and the deletion of all others of its kind.
 *
 * @param wanted  its text; NULL: the existing record is left
 * @param example the text to show if none is wanted and none exists
 */
static void plan_text(planner *pl, mta_sts_record_type type, const char *wanted,
                      const char *example)
{
    const apr_array_header_t *published = select_published(pl, type);
    int i, same = find_meaning(pl, type, published, wanted), replaced = -1;

    if (same >= 0) {
        add(pl, type, text_at(published, same), MTA_STS_RECORD_SAME);
    }
    else if (wanted && published->nelts) {
        replaced = 0;
        add(pl, type, wanted, MTA_STS_RECORD_DIFFERS)->now = text_at(published, replaced);
    }
    else if (wanted) {
        add(pl, type, wanted, absent(pl, type));
    }
    else {
        add_example(pl, type, example);
    }
    for (i = 0; i < published->nelts; i++) {
        if (i != same && i != replaced) {
            add(pl, type, text_at(published, i), MTA_STS_RECORD_SUPERFLUOUS);
        }
    }
}

static void plan_reports(planner *pl)
{
    const apr_array_header_t *rua = pl->facts->rua;
    const char *endpoint = pl->facts->endpoint;

    plan_text(pl, MTA_STS_TYPE_TLSRPT, count(rua) ? mta_sts_tlsrpt_record_render(pl->p, rua) : NULL,
              apr_pstrcat(pl->p, "v=TLSRPTv1; rua=", endpoint ? endpoint : "", endpoint ? "," : "",
                          "mailto:YOU@", pl->facts->domain, NULL));
}

/* --- the policy host --- */

static int is_of_type(mta_sts_record_type type, const char *address)
{
    return (strchr(address, ':') != NULL) == (type == MTA_STS_TYPE_AAAA);
}

/* The values of one type that are wanted for the policy host. */
static apr_array_header_t *wanted_of(const planner *pl, mta_sts_record_type type)
{
    const apr_array_header_t *addresses = pl->facts->addresses;
    apr_array_header_t *wanted = make_texts(pl->p);
    int i;

    if (type == MTA_STS_TYPE_CNAME) {
        if (pl->facts->cname) {
            APR_ARRAY_PUSH(wanted, const char *) = pl->facts->cname;
        }
        return wanted;
    }
    for (i = 0; i < count(addresses); i++) {
        if (is_of_type(type, text_at(addresses, i))) {
            APR_ARRAY_PUSH(wanted, const char *) = text_at(addresses, i);
        }
    }
    return wanted;
}

/* The host's own records of a type: those at the end of a CNAME belong to another name. */
static const apr_array_header_t *own_values(const planner *pl, mta_sts_record_type type)
{
    const mta_sts_answer *now = pl->facts->now;

    return type != MTA_STS_TYPE_CNAME && count(now[MTA_STS_TYPE_CNAME].values) ? NULL
                                                                               : now[type].values;
}

static void plan_host_values(planner *pl, mta_sts_record_type type, int is_wanted)
{
    const apr_array_header_t *wanted = wanted_of(pl, type), *now = own_values(pl, type);
    int i;

    for (i = 0; i < count(wanted); i++) {
        add(pl, type, text_at(wanted, i),
            find(now, text_at(wanted, i)) >= 0 ? MTA_STS_RECORD_SAME : absent(pl, type));
    }
    for (i = 0; i < count(now); i++) {
        if (find(wanted, text_at(now, i)) < 0) {
            add(pl, type, text_at(now, i),
                is_wanted ? MTA_STS_RECORD_SUPERFLUOUS : MTA_STS_RECORD_SAME);
        }
    }
}

static void plan_host(planner *pl)
{
    static const mta_sts_record_type types[] = {MTA_STS_TYPE_CNAME, MTA_STS_TYPE_A,
                                                MTA_STS_TYPE_AAAA};
    int is_wanted = pl->facts->cname || count(pl->facts->addresses);
    int before = pl->publication->records->nelts;
    apr_size_t i;

    for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        plan_host_values(pl, types[i], is_wanted);
    }
    if (pl->publication->records->nelts == before) {
        add_example(pl, MTA_STS_TYPE_A, "192.0.2.1");
        add_example(pl, MTA_STS_TYPE_AAAA, "2001:db8::1");
    }
}

/* --- obstacles to publishing --- */

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

/* Google and Microsoft send most reports. */
static void judge_reports(planner *pl)
{
    apr_array_header_t *rua = pl->facts->rua ? apr_array_copy(pl->p, pl->facts->rua) : NULL;
    const char *uri = NULL;

    while (count(rua) && (!uri || apr_cstr_casecmpn(uri, "mailto:", 7) != 0)) {
        uri = *(const char **)apr_array_pop(rua);
    }
    if (uri && apr_cstr_casecmpn(uri, "mailto:", 7) != 0) {
        mta_sts_finding_add(pl->findings, MTA_STS_INFO, "rua-without-mail", pl->facts->domain,
                            "add a mailto: address to the TLSRPT record",
                            "Google and Microsoft send their reports by mail only");
    }
}

/* Names the place where the record must be changed if its name is a CNAME. */
static void report_alias(planner *pl, mta_sts_record_type type)
{
    if (pl->facts->now[type].alias) {
        mta_sts_finding_add(pl->findings, MTA_STS_INFO, "record-elsewhere",
                            mta_sts_record_type_name(pl->findings->pool, type, pl->facts->domain),
                            NULL, "the name is an alias (CNAME): the record is at %s",
                            pl->facts->now[type].alias);
    }
}

mta_sts_publication *mta_sts_publication_make(apr_pool_t *p, const mta_sts_publication_facts *facts,
                                              mta_sts_findings *findings)
{
    mta_sts_publication *publication = apr_pcalloc(p, sizeof(*publication));
    planner pl = {p, facts, publication, findings};

    publication->facts = facts;
    publication->records = apr_array_make(p, 4, sizeof(mta_sts_publication_record));
    publication->uncovered = make_texts(p);
    publication->unused = make_texts(p);
    plan_text(&pl, MTA_STS_TYPE_MTA_STS, mta_sts_record_render(p, facts->id), NULL);
    plan_host(&pl);
    plan_reports(&pl);
    compare_mx(&pl);
    judge_coverage(&pl);
    judge_served(&pl);
    judge_reports(&pl);
    report_alias(&pl, MTA_STS_TYPE_MTA_STS);
    report_alias(&pl, MTA_STS_TYPE_TLSRPT);
    return publication;
}

const mta_sts_publication_record *mta_sts_publication_at(const mta_sts_publication *publication,
                                                         int i)
{
    return &APR_ARRAY_IDX(publication->records, i, mta_sts_publication_record);
}

const mta_sts_publication_record *
mta_sts_publication_id_record(const mta_sts_publication *publication)
{
    return mta_sts_publication_at(publication, 0);
}
