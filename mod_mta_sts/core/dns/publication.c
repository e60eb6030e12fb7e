/* SPDX-License-Identifier: Apache-2.0 */
#include "core/dns/publication.h"

#include <string.h>

#include <apr_cstr.h>
#include <apr_strings.h>

#include "core/base/name.h"
#include "core/dns/planner.h"
#include "core/dns/rdata.h"
#include "core/policy/record.h"

typedef mta_sts_planner planner;

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

/* Whether a name is outside the policy domain, in a zone that another party may run. */
static int is_foreign(const planner *pl, const char *name)
{
    apr_size_t len = strlen(name), tail = strlen(pl->facts->domain);

    return len <= tail || name[len - tail - 1] != '.' ||
           apr_cstr_casecmp(name + len - tail, pl->facts->domain) != 0;
}

static mta_sts_publication_record *add(planner *pl, mta_sts_record_type type, const char *value,
                                       mta_sts_record_state state)
{
    const mta_sts_answer *now = &pl->facts->now[type];
    mta_sts_publication_record *record = apr_array_push(pl->publication->records);

    memset(record, 0, sizeof(*record));
    record->type = type;
    /* A TXT record is at the target of a CNAME; for the policy host, the CNAME itself is a
     * record. */
    record->name = now->alias && mta_sts_record_type_rdata(type) == MTA_STS_RDATA_TXT
                       ? now->alias
                       : mta_sts_record_type_name(pl->p, type, pl->facts->domain);
    record->delegated = is_foreign(pl, record->name)
                            ? mta_sts_record_type_name(pl->p, type, pl->facts->domain)
                            : NULL;
    record->is_dead = record->delegated && now->status == MTA_STS_ANSWER_NXDOMAIN;
    record->ttl = choose_ttl(pl, now);
    record->value = value;
    record->state = state;
    return record;
}

/* The state of a record that is not in the DNS answer. */
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
 * @param wanted  its text; NULL: the existing record is left unchanged
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

    plan_text(pl, MTA_STS_TYPE_TLSRPT, count(rua) ? mta_sts_tlsrpt_record_render(pl->p, rua) : NULL,
              mta_sts_tlsrpt_record_propose(pl->p, pl->facts->domain, pl->facts->endpoint));
}

/* --- the policy host --- */

static int is_of_type(mta_sts_record_type type, const char *address)
{
    return (strchr(address, ':') != NULL) == (type == MTA_STS_TYPE_AAAA);
}

/* The values of one type that the policy host should have. */
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

/* The policy host's own records of a type; those at the target of a CNAME belong to another
 * name. */
static const apr_array_header_t *own_values(const planner *pl, mta_sts_record_type type)
{
    const mta_sts_answer *now = pl->facts->now;

    return type != MTA_STS_TYPE_CNAME && count(now[MTA_STS_TYPE_CNAME].values) ? NULL
                                                                               : now[type].values;
}

/* Whether the CNAME of the policy host points to a name that does not exist. */
static int is_host_dead(const planner *pl)
{
    const mta_sts_answer *a = &pl->facts->now[MTA_STS_TYPE_A];

    return a->alias && a->status == MTA_STS_ANSWER_NXDOMAIN;
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
                is_wanted || is_host_dead(pl) ? MTA_STS_RECORD_SUPERFLUOUS : MTA_STS_RECORD_SAME);
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
    if (pl->publication->records->nelts == before || (!is_wanted && is_host_dead(pl))) {
        add_example(pl, MTA_STS_TYPE_A, "192.0.2.1");
        add_example(pl, MTA_STS_TYPE_AAAA, "2001:db8::1");
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
    mta_sts_planner_judge(&pl);
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
