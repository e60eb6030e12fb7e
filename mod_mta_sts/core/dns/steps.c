/* SPDX-License-Identifier: Apache-2.0 */
#include "core/dns/steps.h"

#include <apr_strings.h>

#include "core/base/format.h"

typedef struct teller {
    apr_pool_t *p;
    const mta_sts_publication *publication;
    const mta_sts_publication_facts *facts;
    apr_array_header_t *steps; /* of const char * */
} teller;

static void tell(teller *t, const char *step)
{
    APR_ARRAY_PUSH(t->steps, const char *) = step;
}

static const char *duration(const teller *t, apr_int64_t seconds)
{
    return mta_sts_format_duration(t->p, seconds);
}

static const mta_sts_answer *now(const teller *t, mta_sts_record_type question)
{
    return &t->facts->now[question];
}

/* How long others may keep an answer: "5 minutes, its TTL". */
static const char *lifetime(const teller *t, mta_sts_record_type question, const char *whose)
{
    const mta_sts_answer *answer = now(t, question);

    return answer->ttl_is_zones
               ? apr_psprintf(t->p, "%s, %s", duration(t, answer->ttl), whose)
               : apr_psprintf(t->p,
                              "at least %s, %s or what a cache has left of it (the zone's own name "
                              "servers did not tell)",
                              duration(t, answer->ttl), whose);
}

static int is_there(const mta_sts_answer *answer)
{
    return answer->values && answer->values->nelts;
}

static const char *join(const teller *t, const apr_array_header_t *names)
{
    return apr_array_pstrcat(t->p, names, ' ');
}

static int is_removal(const teller *t)
{
    return t->facts->policy->mode == MTA_STS_MODE_NONE;
}

/* Whether a record of this question is in this state. */
static int has_state(const teller *t, mta_sts_record_type question, mta_sts_record_state state)
{
    int i;

    for (i = 0; i < t->publication->records->nelts; i++) {
        const mta_sts_publication_record *record = mta_sts_publication_at(t->publication, i);

        if (record->question == question && record->state == state) {
            return 1;
        }
    }
    return 0;
}

/* MX hosts that the policy does not cover: they go first, or the policy is not yet right. */
static void tell_leaving_hosts(teller *t)
{
    const apr_array_header_t *hosts = t->publication->uncovered;

    if (hosts->nelts == 0 || is_removal(t)) {
        return;
    }
    tell(t, apr_psprintf(t->p,
                         "MX hosts that the policy does not cover: %s. To keep one, add it to the "
                         "policy first and begin again. To be rid of one, delete its MX record "
                         "first, then wait %s, before the policy is served.",
                         join(t, hosts), lifetime(t, MTA_STS_ASK_MX, "the TTL of the MX records")));
}

static void tell_host(teller *t)
{
    static const mta_sts_record_type types[] = {MTA_STS_ASK_CNAME, MTA_STS_ASK_A, MTA_STS_ASK_AAAA};
    apr_size_t i;

    for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (has_state(t, types[i], MTA_STS_RECORD_MISSING)) {
            tell(t, apr_psprintf(t->p,
                                 "Publish the address of mta-sts.%s, and get a certificate for "
                                 "that name.",
                                 t->facts->domain));
            return;
        }
    }
}

static void tell_serving(teller *t)
{
    if (t->facts->served == MTA_STS_SERVED_IT) {
        return;
    }
    tell(t, apr_psprintf(t->p,
                         "%s the policy: curl -s https://mta-sts.%s/.well-known/mta-sts.txt | "
                         "sha256sum | cut -c1-20 must print %s.",
                         t->facts->served == MTA_STS_SERVED_UNKNOWN ? "Serve" : "First serve",
                         t->facts->domain, t->facts->id));
}

static void tell_id(teller *t)
{
    const mta_sts_publication_record *record = mta_sts_publication_of_id(t->publication);

    if (record->state == MTA_STS_RECORD_MISSING) {
        tell(t, apr_psprintf(t->p, "Publish the TXT record at %s, with the id %s.", record->name,
                             t->facts->id));
    }
    else if (record->state == MTA_STS_RECORD_DIFFERS) {
        tell(t,
             apr_psprintf(t->p,
                          "Put the new id %s into the TXT record at %s, then wait %s: until "
                          "then senders may go by the earlier policy.",
                          t->facts->id, record->name, lifetime(t, MTA_STS_ASK_MTA_STS, "its TTL")));
    }
    else if (record->state == MTA_STS_RECORD_UNKNOWN) {
        tell(t, apr_psprintf(t->p,
                             "Publish the id %s in the TXT record at %s; if there was one before, "
                             "wait its TTL: until then senders may go by the earlier policy.",
                             t->facts->id, record->name));
    }
    if (has_state(t, MTA_STS_ASK_MTA_STS, MTA_STS_RECORD_SUPERFLUOUS)) {
        tell(t, apr_psprintf(t->p,
                             "Delete the other MTA-STS record at %s: senders use none while there "
                             "is more than one.",
                             record->name));
    }
}

/* Hosts in the policy that are no MX hosts yet: they come last. */
static void tell_coming_hosts(teller *t)
{
    const apr_array_header_t *patterns = t->publication->unused;

    if (patterns->nelts == 0 || is_removal(t)) {
        return;
    }
    tell(t, apr_psprintf(t->p,
                         "The policy names %s, but no MX record does. A new MX host gets its MX "
                         "record only now that senders know the policy with it. One that has left "
                         "goes out of the policy: serve that, then publish the new id.",
                         join(t, patterns)));
}

static void tell_reports(teller *t)
{
    if (has_state(t, MTA_STS_ASK_TLSRPT, MTA_STS_RECORD_MISSING) ||
        has_state(t, MTA_STS_ASK_TLSRPT, MTA_STS_RECORD_DIFFERS)) {
        tell(t, "At any time: publish the TLSRPT record, so that senders report what fails.");
    }
    if (has_state(t, MTA_STS_ASK_TLSRPT, MTA_STS_RECORD_SUPERFLUOUS)) {
        tell(t, "At any time: delete the other TLSRPT record; senders use none while there is more "
                "than one.");
    }
}

/* RFC 8461 section 8.3. */
static void tell_removal(teller *t)
{
    tell(t, apr_psprintf(t->p,
                         "Go on serving mode none, with this record, until no sender can hold an "
                         "earlier policy any more: for the largest max_age that you ever served, "
                         "counted from the last time it was served%s.",
                         t->facts->policy->max_age > 86400
                             ? ". A max_age of 86400 is enough for mode none"
                             : ""));
    tell(t, apr_psprintf(t->p,
                         "Only then delete the TXT record at _mta-sts.%s, %safterwards the "
                         "records and the site of mta-sts.%s.",
                         t->facts->domain,
                         is_there(now(t, MTA_STS_ASK_MTA_STS))
                             ? apr_psprintf(t->p, "wait %s, and ",
                                            lifetime(t, MTA_STS_ASK_MTA_STS, "its TTL"))
                             : "and ",
                         t->facts->domain));
}

static void tell_mode(teller *t)
{
    if (is_removal(t)) {
        tell_removal(t);
    }
    else if (t->facts->policy->mode == MTA_STS_MODE_TESTING) {
        tell(t, "Stay in mode testing until the reports show no failures; then change to enforce: "
                "serve it first, then publish the new id.");
    }
}

apr_array_header_t *mta_sts_steps_make(apr_pool_t *p, const mta_sts_publication *publication)
{
    teller t = {p, publication, publication->facts, apr_array_make(p, 4, sizeof(const char *))};

    tell_leaving_hosts(&t);
    tell_host(&t);
    tell_serving(&t);
    tell_id(&t);
    tell_coming_hosts(&t);
    tell_reports(&t);
    if (t.steps->nelts == 0) {
        tell(&t, "Nothing is to be changed: the policy is served, and DNS has its records.");
    }
    tell_mode(&t);
    return t.steps;
}
