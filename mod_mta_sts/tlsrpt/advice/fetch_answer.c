/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/advice/fetch_answer.h"

#include <string.h>

#include <apr_strings.h>

#include "core/base/format.h"
#include "tlsrpt/advice/fetch_search.h"
#include "tlsrpt/index/origin.h"
#include "tlsrpt/report/result_type.h"

#define NAMES_MAX 3

typedef tlsrpt_fetch_search search;

const char *tlsrpt_fetch_kind_name(tlsrpt_fetch_kind kind)
{
    static const char *const names[] = {
        [TLSRPT_FETCH_SERVED] = "served",
        [TLSRPT_FETCH_PARTLY] = "partly-served",
        [TLSRPT_FETCH_REFUSED] = "not-served",
        [TLSRPT_FETCH_NOTHING] = "nothing",
        [TLSRPT_FETCH_NO_NETWORK] = "network-unknown",
        [TLSRPT_FETCH_NOT_KNOWN] = "not-known",
    };

    return names[kind];
}

int tlsrpt_fetch_is_about(const char *result_type)
{
    tlsrpt_result_type type = tlsrpt_result_type_of(result_type);

    return type == TLSRPT_STS_POLICY_FETCH_ERROR || type == TLSRPT_STS_POLICY_INVALID;
}

/* --- texts --- */

static const char *day_text(const search *s)
{
    const char *range = mta_sts_format_date_range(s->p, s->begin, s->end);

    return strchr(range, ' ') ? apr_pstrcat(s->p, "from ", range, NULL)
                              : apr_pstrcat(s->p, "on ", range, NULL);
}

static const char *networks_text(const search *s, const apr_array_header_t *networks)
{
    return mta_sts_format_names(s->p, networks, NAMES_MAX);
}

static const char *clock_text(apr_pool_t *p, apr_time_t time)
{
    return mta_sts_format_time(p, time);
}

/* What the fetch log lacks, as sentences that begin with a blank; "" if it is complete. */
static const char *missing_text(const search *s)
{
    const char *text = "";
    int i;

    for (i = 0; i < s->coverage.gaps->nelts && i < NAMES_MAX; i++) {
        const mta_sts_fetches_gap *gap = &APR_ARRAY_IDX(s->coverage.gaps, i, mta_sts_fetches_gap);

        text = apr_psprintf(s->p, "%s From %s to %s %s.", text, clock_text(s->p, gap->begin),
                            clock_text(s->p, gap->end),
                            s->coverage.machines > 1 ? "one of the machines recorded nothing"
                                                     : "nothing was recorded");
    }
    if (!s->coverage.gaps->nelts && s->coverage.began > s->begin) {
        text = apr_psprintf(s->p, " Requests before %s are not recorded.",
                            clock_text(s->p, s->coverage.began));
    }
    if (s->coverage.lost) {
        text = apr_psprintf(s->p, "%s Up to %s were not recorded.", text,
                            mta_sts_format_count(s->p, s->coverage.lost, "request", "requests"));
    }
    if (s->others) {
        text = apr_psprintf(
            s->p, "%s The network of %s was not recorded: " MTA_STS_FETCH_NETWORK_UNKNOWN ".", text,
            mta_sts_format_count(s->p, s->others, "request", "requests"));
    }
    if (s->elsewhere) {
        text =
            apr_psprintf(s->p,
                         "%s %s from there, the last at %s, asked for hosts that are not recorded "
                         "by name; mta-sts.%s may be among them, if it was not served then or is "
                         "served by a wildcard alias.",
                         text, mta_sts_format_count(s->p, s->elsewhere, "request", "requests"),
                         clock_text(s->p, s->elsewhere_last), s->question->domain);
    }
    return text;
}

static const char *times(apr_pool_t *p, apr_int64_t number)
{
    return mta_sts_format_count(p, number, "time", "times");
}

/* "; asked over http instead of https 2 times, last at ..." for each outcome without a policy. */
static const char *refused_text(const search *s)
{
    const char *text = "";
    int outcome;

    for (outcome = MTA_STS_FETCH_SERVED + 1; outcome < MTA_STS_FETCH_OUTCOMES; outcome++) {
        if (s->outcomes[outcome]) {
            text =
                apr_psprintf(s->p, "%s%s%s %s, last at %s", text, *text ? "; they " : "",
                             mta_sts_fetch_outcome_text(outcome), times(s->p, s->outcomes[outcome]),
                             clock_text(s->p, s->last[outcome]));
        }
    }
    return text;
}

/* A sender may fetch policies from several networks, one of which cannot reach this server. */
static const char *conclusion(const search *s)
{
    return s->without->nelts
               ? apr_psprintf(s->p,
                              ". No request from %s is recorded: if they fetch policies from there "
                              "as well, check the A and AAAA records of mta-sts.%s, IPv6, and the "
                              "firewall.",
                              networks_text(s, s->without), s->question->domain)
           : s->elsewhere ? "."
                          : ": the fault is on their side or on the network path.";
}

/* How it is known that networks belong to the sender, if that does not follow from the report. */
static const char *named_text(const search *s)
{
    return s->named->nelts
               ? apr_psprintf(s->p, " DNS confirms a name of %s for %s %s.", s->question->signer,
                              s->named->nelts == 1 ? "an address of" : "addresses of",
                              networks_text(s, s->named))
               : "";
}

static void say_served(const search *s)
{
    s->answer->kind = TLSRPT_FETCH_SERVED;
    s->answer->text = apr_psprintf(
        s->p,
        "%s fetched the policy from this server %s %s (%s to %s), always with status 200%s%s%s",
        networks_text(s, s->with), times(s->p, s->answer->served), day_text(s),
        clock_text(s->p, s->answer->first), clock_text(s->p, s->answer->last), conclusion(s),
        named_text(s), missing_text(s));
}

static void say_refused(const search *s)
{
    s->answer->kind = s->answer->served ? TLSRPT_FETCH_PARTLY : TLSRPT_FETCH_REFUSED;
    s->answer->text =
        s->answer->served
            ? apr_psprintf(s->p,
                           "%s fetched the policy from this server %s %s (last at %s), but "
                           "they also %s.%s%s",
                           networks_text(s, s->with), times(s->p, s->answer->served), day_text(s),
                           clock_text(s->p, s->last[MTA_STS_FETCH_SERVED]), refused_text(s),
                           named_text(s), missing_text(s))
            : apr_psprintf(s->p, "%s reached this server %s, but got no policy: they %s.%s%s",
                           networks_text(s, s->with), day_text(s), refused_text(s), named_text(s),
                           missing_text(s));
}

static void say_nothing(const search *s)
{
    s->answer->kind = TLSRPT_FETCH_NOTHING;
    s->answer->text = apr_psprintf(
        s->p,
        "No request from %s reached this server %s: check the A and AAAA records of mta-sts.%s, "
        "IPv6, the firewall, and its certificate; of connections that end before a request, only "
        "TLS handshakes that failed in this httpd are recorded.",
        networks_text(s, s->question->networks), day_text(s), s->question->domain);
}

static void say_no_network(const search *s)
{
    s->answer->kind = TLSRPT_FETCH_NO_NETWORK;
    s->answer->text = "The report does not say from which address it was sent, so the fetch log "
                      "cannot say whether this sender reached this server.";
}

static const char *began_text(const search *s)
{
    return s->coverage.began
               ? apr_psprintf(s->p,
                              "the fetch log has no record of that time; its first one is of "
                              "%s",
                              clock_text(s->p, s->coverage.began))
               : "nothing is in the fetch log yet, or it is off (MTASTSFetchLog) or cannot be read";
}

static void say_not_known(const search *s)
{
    s->answer->kind = TLSRPT_FETCH_NOT_KNOWN;
    s->answer->text =
        s->coverage.machines
            ? apr_psprintf(s->p,
                           "It is not known whether %s reached this server %s: no request "
                           "is recorded, but the record is not complete.%s",
                           networks_text(s, s->question->networks), day_text(s), missing_text(s))
            : apr_psprintf(s->p, "It is not known whether this sender reached this server %s: %s.",
                           day_text(s), began_text(s));
}

static void decide(const search *s)
{
    if (s->answer->refused) {
        say_refused(s);
    }
    else if (s->answer->served) {
        say_served(s);
    }
    else if (!s->coverage.machines) {
        say_not_known(s);
    }
    else if (!s->question->networks->nelts) {
        say_no_network(s);
    }
    else if (*missing_text(s)) {
        say_not_known(s);
    }
    else {
        say_nothing(s);
    }
}

/* --- answers --- */

const char *tlsrpt_fetch_answer_find(mta_sts_database *db, const tlsrpt_fetch_question *question,
                                     apr_pool_t *p, tlsrpt_fetch_answer *answer)
{
    search s = {.db = db, .question = question, .p = p, .answer = answer};
    const char *error;

    memset(answer, 0, sizeof(*answer));
    error = tlsrpt_fetch_search_read(&s);
    decide(&s);
    return error;
}

static const char *add_answer(mta_sts_database *db, const char *domain, const tlsrpt_cause *cause,
                              const tlsrpt_origin *origin, apr_time_t now,
                              apr_array_header_t *answers)
{
    const tlsrpt_fetch_question question = {.domain = domain,
                                            .result_type = cause->result_type,
                                            .networks = origin->networks,
                                            .signer = origin->signer,
                                            .begin = origin->begin,
                                            .end = origin->end,
                                            .now = now};
    tlsrpt_fetch_answer *answer = apr_array_push(answers);
    const char *error = tlsrpt_fetch_answer_find(db, &question, answers->pool, answer);

    answer->organization = origin->organization;
    return error;
}

const char *tlsrpt_fetch_answers_find(mta_sts_database *db, const char *domain,
                                      const tlsrpt_cause *cause, apr_time_t now, apr_pool_t *p,
                                      apr_array_header_t **answers)
{
    apr_array_header_t *origins;
    const char *error;
    int i;

    *answers = apr_array_make(p, TLSRPT_FETCH_ANSWERS_MAX, sizeof(tlsrpt_fetch_answer));
    if (!db || !tlsrpt_fetch_is_about(cause->result_type)) {
        return NULL;
    }
    error = tlsrpt_index_origins(db, domain, cause->result_type, cause->is_verified, cause->first,
                                 TLSRPT_FETCH_ANSWERS_MAX, p, &origins);
    for (i = 0; i < origins->nelts && !error; i++) {
        error =
            add_answer(db, domain, cause, &APR_ARRAY_IDX(origins, i, tlsrpt_origin), now, *answers);
    }
    return error;
}
