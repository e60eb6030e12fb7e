/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include <apr_strings.h>
#include <jansson.h>

#include "core/base/format.h"
#include "httpd/status/json_reports.h"
#include "httpd/status/json_values.h"
#include "httpd/status/losses.h"
#include "httpd/status/view.h"
#include "tlsrpt/advice/explain.h"

static json_t *days_json(const apr_array_header_t *days)
{
    json_t *array = json_array();
    int i;

    for (i = 0; i < days->nelts; i++) {
        const tlsrpt_day *day = &APR_ARRAY_IDX(days, i, tlsrpt_day);

        json_array_append_new(array, json_pack("{s:o, s:I, s:I}", "day_start_at",
                                               mts_json_time(days->pool, day->day),
                                               "successful_sessions", (json_int_t)day->successful,
                                               "failed_sessions", (json_int_t)day->failed));
    }
    return array;
}

static json_t *senders_json(const apr_array_header_t *senders)
{
    json_t *array = json_array();
    int i;

    for (i = 0; i < senders->nelts; i++) {
        const tlsrpt_sender *sender = &APR_ARRAY_IDX(senders, i, tlsrpt_sender);

        json_array_append_new(array, json_pack("{s:o, s:I, s:I, s:I, s:o, s:b}", "organization",
                                               mts_json_short(senders->pool, sender->organization),
                                               "report_count", (json_int_t)sender->reports,
                                               "successful_sessions",
                                               (json_int_t)sender->successful, "failed_sessions",
                                               (json_int_t)sender->failed, "last_report_end_at",
                                               mts_json_time(senders->pool, sender->last),
                                               "is_verified", sender->is_verified));
    }
    return array;
}

/* What the fetch log says about each sender; null on the overview. */
static json_t *fetches_json(const mts_status_view *view, const apr_array_header_t *fetches)
{
    json_t *array = fetches ? json_array() : json_null();
    int i;

    for (i = 0; fetches && i < fetches->nelts; i++) {
        const tlsrpt_fetch_answer *one = &APR_ARRAY_IDX(fetches, i, tlsrpt_fetch_answer);

        json_array_append_new(
            array, json_pack("{s:o, s:s, s:I, s:I, s:o, s:o, s:o}", "organization",
                             mts_json_short(view->p, one->organization), "kind",
                             tlsrpt_fetch_kind_name(one->kind), "served", (json_int_t)one->served,
                             "refused", (json_int_t)one->refused, "first_at",
                             mts_json_time(view->p, one->first), "last_at",
                             mts_json_time(view->p, one->last), "text", mts_json_text(one->text)));
    }
    return array;
}

static json_t *cause_json(const mts_status_view *view, const mts_status_cause *cause)
{
    const tlsrpt_explanation *explanation =
        APR_ARRAY_IDX(mts_status_explain(view->p, cause), 0, const tlsrpt_explanation *);
    const tlsrpt_cause *of = cause->cause;

    return json_pack(
        "{s:o, s:b, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:s, s:s, s:o, s:o, s:o, s:o}",
        "domain", mts_json_text(cause->domain), "is_verified", of->is_verified, "policy_type",
        mts_json_short(view->p, of->policy_type), "result_type",
        mts_json_short(view->p, of->result_type), "receiving_mx",
        mts_json_short(view->p, of->receiving_mx), "failed_sessions", (json_int_t)of->sessions,
        "first_day_start_at", mts_json_time(view->p, of->first), "last_day_end_at",
        mts_json_time(view->p, of->last), "senders", mts_json_shorts(view->p, of->senders),
        "reasons", mts_json_shorts(view->p, of->reasons), "receiving_ips",
        mts_json_shorts(view->p, of->receiving_ips), "cause", explanation->cause, "owner",
        tlsrpt_owner_name(explanation->owner), "explanation", mts_json_text(explanation->what),
        "action", mts_json_text(explanation->action), "command",
        mts_json_text(explanation->command), "fetch_log", fetches_json(view, cause->fetches));
}

static json_t *causes_json(const mts_status_view *view)
{
    json_t *array = json_array();
    int i;

    for (i = 0; i < view->reports->causes->nelts; i++) {
        json_array_append_new(
            array, cause_json(view, &APR_ARRAY_IDX(view->reports->causes, i, mts_status_cause)));
    }
    return array;
}

/* The policies that the senders of a domain used. */
static json_t *seen_json(const mts_status_view *view)
{
    const mts_status_reports *reports = view->reports;
    json_t *array = json_array();
    int i;

    for (i = 0; i < reports->seen->nelts; i++) {
        const tlsrpt_seen_policy *one = &APR_ARRAY_IDX(reports->seen, i, tlsrpt_seen_policy);

        json_array_append_new(
            array, json_pack("{s:b, s:o, s:o, s:s, s:o, s:I, s:o}", "is_verified", one->is_verified,
                             "policy_type", mts_json_short(view->p, one->type), "policy",
                             mts_json_short(view->p, one->policy), "policy_match",
                             tlsrpt_policy_match_name(tlsrpt_policy_match_compare(
                                 view->p, one->type, one->policy, &reports->policies)),
                             "senders", mts_json_shorts(view->p, one->senders), "sessions",
                             (json_int_t)one->sessions, "last_day_end_at",
                             mts_json_time(view->p, one->last)));
    }
    return array;
}

static json_t *receipt_json(const mts_status_view *view, const tlsrpt_index_report *one)
{
    apr_pool_t *p = view->p;

    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:b, s:I, s:I, s:o, s:o}", "received_at",
        mts_json_time(p, one->received), "organization", mts_json_short(p, one->organization),
        "report_id", mts_json_short(p, one->report_id), "begin_at", mts_json_time(p, one->begin),
        "end_at", mts_json_time(p, one->end), "is_verified", one->verified, "successful_sessions",
        (json_int_t)one->successful, "failed_sessions", (json_int_t)one->failed, "report",
        mts_json_text(mts_status_report_link(view, one)), "machine",
        mts_json_short(p, mts_status_report_machine(view, one)));
}

static json_t *receipts_json(const mts_status_view *view)
{
    const apr_array_header_t *receipts = view->reports->receipts;
    json_t *array = json_array();
    int i;

    for (i = 0; i < receipts->nelts; i++) {
        json_array_append_new(array,
                              receipt_json(view, &APR_ARRAY_IDX(receipts, i, tlsrpt_index_report)));
    }
    return array;
}

static json_t *apart_json(const apr_array_header_t *apart)
{
    json_t *array = json_array();
    int i;

    for (i = 0; i < apart->nelts; i++) {
        const tlsrpt_apart *one = &APR_ARRAY_IDX(apart, i, tlsrpt_apart);

        json_array_append_new(
            array, json_pack("{s:o, s:o, s:o, s:I, s:I}", "domain",
                             mts_json_short(apart->pool, one->domain), "organization",
                             mts_json_short(apart->pool, one->organization), "day_start_at",
                             mts_json_time(apart->pool, one->day < 0 ? 0 : one->day),
                             "successful_sessions", (json_int_t)one->successful, "failed_sessions",
                             (json_int_t)one->failed));
    }
    return array;
}

static json_t *losses_json(const apr_array_header_t *losses)
{
    json_t *array = json_array();
    int i;

    for (i = 0; i < losses->nelts; i++) {
        const mts_status_loss *one = &APR_ARRAY_IDX(losses, i, mts_status_loss);

        json_array_append_new(array,
                              json_pack("{s:o, s:I, s:s, s:o, s:b}", "domain",
                                        mts_json_text(one->domain), "failed_sessions",
                                        (json_int_t)one->sessions, "cause", one->explanation->cause,
                                        "explanation", mts_json_text(one->explanation->what),
                                        "is_verified", one->is_verified));
    }
    return array;
}

json_t *mts_status_reports_json(const mts_status_view *view)
{
    const mts_status_reports *reports = view->reports;

    if (reports->problem) {
        return json_pack("{s:o}", "problem", mts_json_text(reports->problem));
    }
    return json_pack(
        "{s:n, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:i, "
        "s:o, s:i, s:o, s:o, "
        "s:o, s:o}",
        "problem", "count", (json_int_t)reports->reports, "unverified_count",
        (json_int_t)reports->unverified, "earlier_count", (json_int_t)reports->earlier_reports,
        "successful_sessions", (json_int_t)reports->successful, "failed_sessions",
        (json_int_t)reports->failed, "verified_successful_sessions",
        (json_int_t)reports->verified_successful, "verified_failed_sessions",
        (json_int_t)reports->verified_failed, "failed_sessions_in_details",
        (json_int_t)tlsrpt_count_add(reports->detailed[0], reports->detailed[1]),
        "verified_failed_sessions_in_details", (json_int_t)reports->detailed[0],
        "failed_sessions_without_details",
        (json_int_t)tlsrpt_count_add(reports->unspecified[0], reports->unspecified[1]),
        "last_received_at", mts_json_time(view->p, reports->received), "days",
        days_json(reports->days), "senders", senders_json(reports->senders), "senders_omitted",
        reports->omitted_senders, "causes", causes_json(view), "causes_omitted",
        reports->omitted_causes, "policies_seen", seen_json(view), "latest", receipts_json(view),
        "refused_mail", losses_json(reports->losses), "set_apart", apart_json(reports->apart));
}
