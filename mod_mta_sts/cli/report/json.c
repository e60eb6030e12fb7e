/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "cli/report/call.h"

/* Adds ,"name": and a string or null. */
static void add_member(mta_sts_buffer *out, const char *name, const char *value)
{
    mta_sts_buffer_puts(out, name);
    cli_write_json(out, value);
}

static void add_number(mta_sts_buffer *out, const char *name, apr_int64_t number)
{
    mta_sts_buffer_puts(out, name);
    cli_write_number(out, number);
}

static void add_time(mta_sts_buffer *out, const char *name, apr_time_t time)
{
    mta_sts_buffer_puts(out, name);
    if (!time) {
        mta_sts_buffer_puts(out, "null");
        return;
    }
    mta_sts_buffer_puts(out, "\"");
    cli_write_time(out, time);
    mta_sts_buffer_puts(out, "\"");
}

/* Adds what the fetch log says about a failure; null for failures that it cannot explain. */
static void add_fetches(mta_sts_buffer *out, const cli_report_call *call,
                        const cli_report_item *item, const tlsrpt_policy *policy,
                        const tlsrpt_failure *failure)
{
    tlsrpt_fetch_answer answer;

    if (!cli_report_fetches(out->p, call, item, policy, failure, &answer)) {
        mta_sts_buffer_puts(out, ",\"fetch_log\":null");
        return;
    }
    add_member(out, ",\"fetch_log\":{\"kind\":", tlsrpt_fetch_kind_name(answer.kind));
    add_number(out, ",\"served\":", answer.served);
    add_number(out, ",\"refused\":", answer.refused);
    add_time(out, ",\"first_at\":", answer.first);
    add_time(out, ",\"last_at\":", answer.last);
    add_member(out, ",\"text\":", answer.text);
    mta_sts_buffer_puts(out, "}");
}

static void add_failure(mta_sts_buffer *out, const cli_report_call *call,
                        const cli_report_item *item, const tlsrpt_policy *policy,
                        const tlsrpt_failure *failure)
{
    const tlsrpt_explanation *explanation = cli_report_explain(out->p, policy, failure);

    add_member(out, "{\"result_type\":", failure->result_type);
    add_number(out, ",\"sessions\":", failure->sessions);
    add_member(out, ",\"sending_ip\":", failure->sending_ip);
    add_member(out, ",\"receiving_mx\":", failure->receiving_mx);
    add_member(out, ",\"receiving_helo\":", failure->receiving_helo);
    add_member(out, ",\"receiving_ip\":", failure->receiving_ip);
    add_member(out, ",\"reason\":", failure->reason);
    add_member(out, ",\"information\":", failure->information);
    add_member(out, ",\"cause\":", explanation->cause);
    add_member(out, ",\"owner\":", tlsrpt_owner_name(explanation->owner));
    add_member(out, ",\"explanation\":", explanation->what);
    add_member(out, ",\"action\":", cli_report_action(out->p, explanation));
    add_fetches(out, call, item, policy, failure);
    mta_sts_buffer_puts(out, "}");
}

static void add_policy(mta_sts_buffer *out, const cli_report_call *call,
                       const cli_report_item *item, const tlsrpt_policy *policy)
{
    int i;

    add_member(out, "{\"type\":", policy->type);
    add_member(out, ",\"domain\":", policy->domain);
    mta_sts_buffer_puts(out, ",\"mx\":");
    cli_write_json_array(out, policy->mx);
    mta_sts_buffer_puts(out, ",\"policy\":");
    cli_write_json_array(out, policy->policy);
    add_member(out, ",\"policy_match\":", cli_report_policy_match(out->p, call, policy));
    add_number(out, ",\"successful_sessions\":", policy->successful);
    add_number(out, ",\"failed_sessions\":", policy->failed);
    mta_sts_buffer_puts(out, ",\"failures\":[");
    for (i = 0; i < policy->failures->nelts; i++) {
        mta_sts_buffer_puts(out, i ? "," : "");
        add_failure(out, call, item, policy, &APR_ARRAY_IDX(policy->failures, i, tlsrpt_failure));
    }
    mta_sts_buffer_puts(out, "]}");
}

static void add_policies(mta_sts_buffer *out, const cli_report_call *call,
                         const cli_report_item *item)
{
    const tlsrpt_report *report = item->report;
    const char *between = "";
    int i;

    for (i = 0; i < report->policies->nelts; i++) {
        const tlsrpt_policy *policy = &APR_ARRAY_IDX(report->policies, i, tlsrpt_policy);

        if (cli_report_wants(call, policy)) {
            mta_sts_buffer_puts(out, between);
            add_policy(out, call, item, policy);
            between = ",";
        }
    }
}

/* Adds findings in the format of cli_findings_to_json. */
static void add_findings(mta_sts_buffer *out, const mta_sts_findings *findings)
{
    int i;

    for (i = 0; i < findings->list->nelts; i++) {
        const mta_sts_finding *finding = mta_sts_findings_at(findings, i);

        add_member(out, i ? ",{\"severity\":" : "{\"severity\":",
                   mta_sts_severity_name(finding->severity));
        add_member(out, ",\"id\":", finding->id);
        add_member(out, ",\"subject\":", finding->subject);
        add_member(out, ",\"message\":", finding->message);
        add_member(out, ",\"fix\":", finding->fix);
        mta_sts_buffer_puts(out, ",\"line\":null}");
    }
}

static void render(mta_sts_buffer *out, const cli_report_call *call, const cli_report_item *item)
{
    const tlsrpt_report *report = item->report;

    add_member(out, "{\"file\":", item->file);
    add_member(out, ",\"organization\":", report->organization);
    add_member(out, ",\"contact\":", report->contact);
    add_member(out, ",\"report_id\":", report->id);
    add_time(out, ",\"begin\":", report->begin);
    add_time(out, ",\"end\":", report->end);
    mta_sts_buffer_puts(out, item->verified ? ",\"verified\":true" : ",\"verified\":false");
    mta_sts_buffer_puts(out, ",\"policies\":[");
    add_policies(out, call, item);
    mta_sts_buffer_puts(out, "],\"findings\":[");
    add_findings(out, item->findings);
    mta_sts_buffer_puts(out, "]}");
}

static void render_line(mta_sts_buffer *out, const cli_report_call *call,
                        const cli_report_item *item)
{
    render(out, call, item);
    mta_sts_buffer_puts(out, "\n");
}

/* Adds the sums that are not plausible, and so not part of the totals. */
static void add_apart(mta_sts_buffer *out, const tlsrpt_summary *sum)
{
    int i;

    mta_sts_buffer_puts(out, "],\n\"set_apart\":[");
    for (i = 0; i < sum->apart->nelts; i++) {
        const tlsrpt_apart *apart = &APR_ARRAY_IDX(sum->apart, i, tlsrpt_apart);

        add_member(out,
                   i ? ",\n{\"domain\":" : "\n{\"domain\":", *apart->domain ? apart->domain : NULL);
        add_member(out, ",\"organization\":", apart->organization);
        add_time(out, ",\"day_start_at\":", apart->day < 0 ? 0 : apart->day);
        add_number(out, ",\"successful_sessions\":", apart->successful);
        add_number(out, ",\"failed_sessions\":", apart->failed);
        mta_sts_buffer_puts(out, "}");
    }
}

/* Reports that contradict another one are counted as repeated. */
static void end(apr_pool_t *p, const cli_report_call *call, const cli_report_result *result)
{
    const tlsrpt_summary *sum = result->sum;
    mta_sts_buffer *out = mta_sts_buffer_make(p);
    int i;

    (void)call;
    mta_sts_buffer_puts(out, "],\n\"rejected\":[");
    for (i = 0; i < result->rejected->nelts; i++) {
        const cli_report_rejected *rejected =
            &APR_ARRAY_IDX(result->rejected, i, cli_report_rejected);

        add_member(out, i ? ",\n{\"file\":" : "\n{\"file\":", rejected->file);
        add_member(out, ",\"reason\":", rejected->reason);
        mta_sts_buffer_puts(out, "}");
    }
    add_apart(out, sum);
    add_number(out, "],\n\"totals\":{\"reports\":", sum->reports);
    add_number(out, ",\"duplicates\":", sum->duplicates + sum->conflicts);
    add_number(out, ",\"earlier_reports\":", cli_report_earlier(result));
    add_number(out, ",\"folded_reports\":", sum->folded);
    add_number(out, ",\"successful_sessions\":", sum->successful);
    add_number(out, ",\"failed_sessions\":", sum->failed);
    mta_sts_buffer_puts(out, "}}\n");
    fwrite(out->bytes, 1, out->len, stdout);
}

const cli_report_format cli_report_json = {"{\"reports\":[\n", ",\n", render, end, 1};
const cli_report_format cli_report_ndjson = {"", "", render_line, NULL, 0};
