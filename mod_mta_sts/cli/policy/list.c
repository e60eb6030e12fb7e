/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#include "cli/common/subcommand.h"
#include "cli/policy/call.h"
#include "core/base/format.h"
#include "core/base/name.h"
#include "core/hosting/source.h"

#define PAGE 5000

/* --- one row --- */

static void print_text(apr_pool_t *p, const mta_sts_hosted_row *row,
                       const mta_sts_hosted_policy *policy, const mta_sts_findings *findings)
{
    if (policy) {
        printf("%s %s max_age %" APR_INT64_T_FMT " id %s mx %s%s%s\n", row->domain,
               mta_sts_mode_name(policy->policy.mode), policy->policy.max_age, policy->id,
               apr_array_pstrcat(p, policy->policy.mx, ' '), row->alias_of ? " alias of " : "",
               row->alias_of ? row->alias_of : "");
        return;
    }
    printf("%s wrong: %s\n", mta_sts_format_name(p, row->domain),
           mta_sts_findings_at(findings, 0)->message);
}

static void print_row(const cli_policy_call *call, apr_pool_t *p, const mta_sts_hosted_row *row,
                      int is_export)
{
    mta_sts_findings *findings = mta_sts_findings_make(p);
    const mta_sts_hosted_policy *policy =
        is_export ? NULL : mta_sts_hosted_row_read(p, row, findings);

    if (call->only_wrong && policy) {
        return;
    }
    if (call->certificates &&
        (!policy || cli_certificates_cover(call->certificates, row->domain, p))) {
        return;
    }
    if (is_export || call->is_json) {
        puts(cli_policy_row_to_json(p, row));
    }
    else if (call->certificates) {
        printf(MTA_STS_POLICY_HOST_PREFIX "%s\n", row->domain);
    }
    else {
        print_text(p, row, policy, findings);
    }
}

/* --- all rows --- */

/* Reads page by page, because there may be any number of rows. */
static int print_all(cli_policy_call *call, int is_export)
{
    const char *error, *after = "";
    apr_array_header_t *rows;
    apr_pool_t *page;
    int i, count;

    apr_pool_create(&page, call->p);
    do {
        error = mta_sts_source_read_all(call->db, after, PAGE, page, &rows);
        count = rows->nelts;
        for (i = 0; i < count && !error; i++) {
            print_row(call, page, &APR_ARRAY_IDX(rows, i, mta_sts_source_row).row, is_export);
        }
        after = count ? apr_pstrdup(call->p,
                                    APR_ARRAY_IDX(rows, count - 1, mta_sts_source_row).row.domain)
                      : after;
        apr_pool_clear(page);
    } while (!error && count == PAGE);
    return error ? cli_policy_fail("%s", error) : CLI_EXIT_OK;
}

int cli_policy_list(cli_policy_call *call, const cli_args *args)
{
    (void)args;
    return print_all(call, 0);
}

int cli_policy_export(cli_policy_call *call, const cli_args *args)
{
    (void)args;
    return print_all(call, 1);
}
