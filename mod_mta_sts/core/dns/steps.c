/* SPDX-License-Identifier: Apache-2.0 */
#include "core/dns/steps.h"

#include <apr_lib.h>
#include <apr_strings.h>

#include "core/base/format.h"
#include "core/dns/delegation.h"

typedef struct writer {
    apr_pool_t *p;
    const mta_sts_publication *publication;
    const mta_sts_publication_facts *facts;
    apr_array_header_t *steps; /* of const char * */
} writer;

static void add_step(writer *w, const char *step)
{
    APR_ARRAY_PUSH(w->steps, const char *) = step;
}

static const char *duration(const writer *w, apr_int64_t seconds)
{
    return mta_sts_format_duration(w->p, seconds);
}

static const mta_sts_answer *now(const writer *w, mta_sts_record_type type)
{
    return &w->facts->now[type];
}

/* How long caches may store an answer: "5 minutes, its TTL". The unit is seconds. */
static const char *lifetime(const writer *w, mta_sts_record_type type, const char *description)
{
    const mta_sts_answer *answer = now(w, type);

    return answer->ttl_is_authoritative
               ? apr_psprintf(w->p, "%s, %s", duration(w, answer->ttl), description)
               : apr_psprintf(
                     w->p,
                     "at least %s, %s as seen in a cache; the zone's name servers did not answer",
                     duration(w, answer->ttl ? answer->ttl : 1), description);
}

static int has_values(const mta_sts_answer *answer)
{
    return answer->values && answer->values->nelts;
}

static const char *join(const writer *w, const apr_array_header_t *names)
{
    return apr_array_pstrcat(w->p, names, ' ');
}

static int is_removal(const writer *w)
{
    return w->facts->policy->mode == MTA_STS_MODE_NONE;
}

/* Whether a record of this type, in a zone of the domain, has this state. */
static int has_state(const writer *w, mta_sts_record_type type, mta_sts_record_state state)
{
    int i;

    for (i = 0; i < w->publication->records->nelts; i++) {
        const mta_sts_publication_record *record = mta_sts_publication_at(w->publication, i);

        if (record->type == type && record->state == state && !record->delegated) {
            return 1;
        }
    }
    return 0;
}

/* MX hosts that the policy does not cover must be removed from DNS before it is served. */
static void add_uncovered_hosts(writer *w)
{
    const apr_array_header_t *hosts = w->publication->uncovered;

    if (hosts->nelts == 0 || is_removal(w)) {
        return;
    }
    add_step(w, apr_psprintf(w->p,
                             "The policy does not cover these MX hosts: %s. To keep a host, add it "
                             "to the policy and start again. To remove one, delete its MX record "
                             "and wait (%s) before you serve the policy.",
                             join(w, hosts),
                             lifetime(w, MTA_STS_TYPE_MX, "the TTL of the MX records")));
}

static void add_policy_host(writer *w)
{
    static const mta_sts_record_type types[] = {MTA_STS_TYPE_CNAME, MTA_STS_TYPE_A,
                                                MTA_STS_TYPE_AAAA};
    apr_size_t i;

    for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (has_state(w, types[i], MTA_STS_RECORD_MISSING)) {
            add_step(w, apr_psprintf(w->p,
                                     "%s the address of mta-sts.%s, and get a certificate for it.",
                                     has_state(w, MTA_STS_TYPE_CNAME, MTA_STS_RECORD_SUPERFLUOUS)
                                         ? "Delete the CNAME of the policy host, and publish"
                                         : "Publish",
                                     w->facts->domain));
            return;
        }
    }
}

static void add_serving(writer *w)
{
    if (w->facts->served == MTA_STS_SERVED_SAME) {
        return;
    }
    add_step(w, apr_psprintf(w->p,
                             "%s the policy: curl -s https://mta-sts.%s/.well-known/mta-sts.txt | "
                             "sha256sum | cut -c1-20 must print %s.",
                             w->facts->served == MTA_STS_SERVED_UNKNOWN ? "Serve" : "First serve",
                             w->facts->domain, w->facts->id));
}

/* Adds a request as a sentence, with a capital letter and a full stop. */
static void add_request(writer *w, const char *start, const char *request)
{
    char *step = apr_pstrcat(w->p, start, request, ".", NULL);

    step[0] = apr_toupper(step[0]);
    add_step(w, step);
}

/* Adds what only the operator of the zone can do to which the CNAME of a record points. */
static void add_requests(writer *w, mta_sts_record_type type, const char *start)
{
    int i;

    for (i = 0; i < w->publication->records->nelts; i++) {
        const mta_sts_publication_record *record = mta_sts_publication_at(w->publication, i);
        const char *request = mta_sts_delegation_request(w->p, record);

        if (record->type == type && request) {
            add_request(w, start, request);
        }
    }
}

static void add_id(writer *w)
{
    const mta_sts_publication_record *record = mta_sts_publication_id_record(w->publication);

    if (record->delegated) {
        add_requests(w, MTA_STS_TYPE_MTA_STS, "");
        return;
    }
    if (record->state == MTA_STS_RECORD_MISSING) {
        add_step(w, apr_psprintf(w->p, "Publish the TXT record at %s, with the id %s.",
                                 record->name, w->facts->id));
    }
    else if (record->state == MTA_STS_RECORD_DIFFERS) {
        add_step(w, apr_psprintf(w->p,
                                 "Put the new id %s into the TXT record at %s, then wait %s: until "
                                 "then senders may use the earlier policy.",
                                 w->facts->id, record->name,
                                 lifetime(w, MTA_STS_TYPE_MTA_STS, "its TTL")));
    }
    else if (record->state == MTA_STS_RECORD_UNKNOWN) {
        add_step(w, apr_psprintf(
                        w->p,
                        "Publish the id %s in the TXT record at %s; if the record existed before, "
                        "wait for its TTL: until then senders may use the earlier policy.",
                        w->facts->id, record->name));
    }
    if (has_state(w, MTA_STS_TYPE_MTA_STS, MTA_STS_RECORD_SUPERFLUOUS)) {
        add_step(w, apr_psprintf(w->p,
                                 "Delete the other MTA-STS record at %s: senders ignore all of "
                                 "them if there is more than one.",
                                 record->name));
    }
}

/* Hosts that the policy covers but that are not MX hosts yet: their MX records are added last. */
static void add_unused_patterns(writer *w)
{
    const apr_array_header_t *patterns = w->publication->unused;

    if (patterns->nelts == 0 || is_removal(w)) {
        return;
    }
    add_step(w, apr_psprintf(w->p,
                             "No MX record matches these patterns of the policy: %s. For a new MX "
                             "host, publish its MX record now. For a former MX host, remove it "
                             "from the policy, serve that policy, then publish the new id.",
                             join(w, patterns)));
}

static void add_reports(writer *w)
{
    add_requests(w, MTA_STS_TYPE_TLSRPT, "At any time: ");
    if (has_state(w, MTA_STS_TYPE_TLSRPT, MTA_STS_RECORD_MISSING) ||
        has_state(w, MTA_STS_TYPE_TLSRPT, MTA_STS_RECORD_DIFFERS)) {
        add_step(w, "At any time: publish the TLSRPT record, so that senders report failures.");
    }
    if (has_state(w, MTA_STS_TYPE_TLSRPT, MTA_STS_RECORD_SUPERFLUOUS)) {
        add_step(w, "At any time: delete the other TLSRPT record: senders ignore all of them if "
                    "there is more than one.");
    }
}

/* What is known about copies of earlier policies. */
static const char *copies(const writer *w)
{
    const mta_sts_rollout_date *date = w->facts->copies;
    const char *text = date ? mta_sts_rollout_copies_text(w->p, date, 1) : NULL;

    return text ? apr_pstrcat(w->p, " ", text, NULL) : "";
}

/* How to withdraw a policy: RFC 8461 section 8.3. */
static void add_removal(writer *w)
{
    add_step(
        w,
        apr_psprintf(
            w->p,
            "Keep serving mode none, with this record, until every earlier policy has expired: for "
            "the largest max_age ever served, counted from when that policy was last served%s.%s",
            w->facts->policy->max_age > 86400 ? ". A max_age of 86400 is enough for mode none" : "",
            copies(w)));
    add_step(w,
             apr_psprintf(
                 w->p,
                 "Only then delete the %s at _mta-sts.%s, %sthen the records and the "
                 "site of mta-sts.%s.",
                 now(w, MTA_STS_TYPE_MTA_STS)->alias ? "CNAME" : "TXT record", w->facts->domain,
                 has_values(now(w, MTA_STS_TYPE_MTA_STS))
                     ? apr_psprintf(w->p, "wait %s, ", lifetime(w, MTA_STS_TYPE_MTA_STS, "its TTL"))
                     : "",
                 w->facts->domain));
}

static void add_mode(writer *w)
{
    if (is_removal(w)) {
        add_removal(w);
    }
    else if (w->facts->policy->mode == MTA_STS_MODE_TESTING) {
        add_step(w, "Stay in mode testing until the reports show no failures. Then change to mode "
                    "enforce: serve it first, then publish the new id.");
    }
}

apr_array_header_t *mta_sts_steps_make(apr_pool_t *p, const mta_sts_publication *publication)
{
    writer w = {p, publication, publication->facts, apr_array_make(p, 4, sizeof(const char *))};

    add_uncovered_hosts(&w);
    add_policy_host(&w);
    add_serving(&w);
    add_id(&w);
    add_unused_patterns(&w);
    add_reports(&w);
    if (w.steps->nelts == 0) {
        add_step(&w, "Nothing to do: the policy is served, and its records are in DNS.");
    }
    add_mode(&w);
    return w.steps;
}
