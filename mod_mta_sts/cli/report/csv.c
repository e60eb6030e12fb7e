/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/report/call.h"

#include <stdio.h>

#include <apr_strings.h>

/* The columns, in the order in which the cells are added below. */
#define HEAD                                                                                       \
    "file,organization,contact,report_id,begin,end,verified,row_type,policy_type,policy_domain,"   \
    "mx,"                                                                                          \
    "policy,successful_sessions,failed_sessions,result_type,sessions,sending_ip,receiving_mx,"     \
    "receiving_helo,receiving_ip,reason,information,explanation,action,cause,owner,policy_"        \
    "match\r\n"

static void add_cell(mta_sts_buffer *out, const char *text)
{
    mta_sts_buffer_puts(out, ",");
    cli_write_csv(out, text);
}

static void add_number(mta_sts_buffer *out, apr_int64_t number)
{
    mta_sts_buffer_puts(out, ",");
    cli_write_number(out, number);
}

static void add_time(mta_sts_buffer *out, apr_time_t time)
{
    mta_sts_buffer_puts(out, ",");
    cli_write_time(out, time);
}

/* Adds the cells that all lines about a policy begin with. */
static void add_beginning(mta_sts_buffer *out, const cli_report_item *item, const char *line,
                          const tlsrpt_policy *policy)
{
    const tlsrpt_report *report = item->report;

    cli_write_csv(out, item->file);
    add_cell(out, report->organization);
    add_cell(out, report->contact);
    add_cell(out, report->id);
    add_time(out, report->begin);
    add_time(out, report->end);
    mta_sts_buffer_puts(out, item->verified ? ",true," : ",false,");
    mta_sts_buffer_puts(out, line);
    add_cell(out, policy->type);
    add_cell(out, policy->domain);
    add_cell(out, apr_array_pstrcat(out->p, policy->mx, ' '));
    add_cell(out, apr_array_pstrcat(out->p, policy->policy, ' '));
}

static void add_summary(mta_sts_buffer *out, const cli_report_call *call,
                        const cli_report_item *item, const tlsrpt_policy *policy)
{
    add_beginning(out, item, "policy", policy);
    add_number(out, policy->successful);
    add_number(out, policy->failed);
    mta_sts_buffer_puts(out, ",,,,,,,,,,,,");
    add_cell(out, cli_report_policy_match(out->p, call, policy));
    mta_sts_buffer_puts(out, "\r\n");
}

static void add_failure(mta_sts_buffer *out, const cli_report_call *call,
                        const cli_report_item *item, const tlsrpt_policy *policy,
                        const tlsrpt_failure *failure)
{
    const tlsrpt_explanation *explanation = cli_report_explain(out->p, policy, failure);

    add_beginning(out, item, "failure", policy);
    mta_sts_buffer_puts(out, ",,");
    add_cell(out, failure->result_type);
    add_number(out, failure->sessions);
    add_cell(out, failure->sending_ip);
    add_cell(out, failure->receiving_mx);
    add_cell(out, failure->receiving_helo);
    add_cell(out, failure->receiving_ip);
    add_cell(out, failure->reason);
    add_cell(out, failure->information);
    add_cell(out, explanation->what);
    add_cell(out, cli_report_action(out->p, explanation));
    add_cell(out, explanation->cause);
    add_cell(out, tlsrpt_owner_name(explanation->owner));
    add_cell(out, cli_report_policy_match(out->p, call, policy));
    mta_sts_buffer_puts(out, "\r\n");
}

static void render(mta_sts_buffer *out, const cli_report_call *call, const cli_report_item *item)
{
    int i, j;

    for (i = 0; i < item->report->policies->nelts; i++) {
        const tlsrpt_policy *policy = &APR_ARRAY_IDX(item->report->policies, i, tlsrpt_policy);

        if (!cli_report_wants(call, policy)) {
            continue;
        }
        add_summary(out, call, item, policy);
        for (j = 0; j < policy->failures->nelts; j++) {
            add_failure(out, call, item, policy,
                        &APR_ARRAY_IDX(policy->failures, j, tlsrpt_failure));
        }
    }
}

/* A line for what is set apart: without numbers in the columns that can be summed up. */
static void add_apart(mta_sts_buffer *out, const tlsrpt_apart *apart)
{
    apr_int64_t sessions = tlsrpt_count_add(apart->successful, apart->failed);
    int i;

    cli_write_csv(out, "");
    add_cell(out, apart->organization);
    add_cell(out, "");
    add_cell(out, "");
    add_time(out, apart->day < 0 ? 0 : apart->day);
    add_cell(out, "");
    add_cell(out, "false");
    add_cell(out, "set-apart");
    add_cell(out, "");
    add_cell(out, apart->domain);
    for (i = 0; i < 12; i++) {
        add_cell(out, "");
    }
    add_cell(out, apr_psprintf(out->p,
                               "In none of the sums of the other formats: %" APR_INT64_T_FMT
                               " sessions are implausible, compared with the other reports",
                               sessions));
    for (i = 0; i < 4; i++) {
        add_cell(out, "");
    }
    mta_sts_buffer_puts(out, "\r\n");
}

static void end(apr_pool_t *p, const cli_report_call *call, const cli_report_result *result)
{
    mta_sts_buffer *out = mta_sts_buffer_make(p);
    int i;

    (void)call;
    for (i = 0; i < result->sum->apart->nelts; i++) {
        add_apart(out, &APR_ARRAY_IDX(result->sum->apart, i, tlsrpt_apart));
    }
    fwrite(out->bytes, 1, out->len, stdout);
}

const cli_report_format cli_report_csv = {HEAD, "", render, end, 0};
