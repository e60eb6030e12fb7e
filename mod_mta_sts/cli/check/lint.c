/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "cli/common/input.h"
#include "cli/common/option.h"
#include "cli/common/output.h"
#include "cli/common/subcommand.h"
#include "core/base/name.h"
#include "core/base/text.h"
#include "core/policy/text.h"
#include "core/policy/record.h"

/* What the command line requests. */
typedef struct lint_call {
    apr_pool_t *p;
    const char *file; /* NULL or "-": standard input */
    int as_json;
    apr_array_header_t *hosts;           /* of const char *: --mx */
    apr_array_header_t *mta_sts_records; /* of const char *: --mta-sts-record */
    apr_array_header_t *tlsrpt_records;  /* of const char *: --tlsrpt-record */
} lint_call;

/* The results, for both output formats. */
typedef struct lint_result {
    mta_sts_findings *findings;
    int valid;    /* whether the text or record itself is valid, no matter which hosts it covers */
    json_t *json; /* members besides "valid" and "findings" */
    const char *summary; /* one line for people */
} lint_result;

/* A record may be empty. */
static const char *take_record(apr_pool_t *p, const cli_option *option, void *target,
                               const char *value)
{
    (void)p;
    (void)option;
    APR_ARRAY_PUSH(*(apr_array_header_t **)target, const char *) = value;
    return NULL;
}

static const cli_option options[] = {
    {"mx", 0, "HOST",
     "Also say whether the policy covers this MX host. Several hosts may follow one --mx, before "
     "FILE; can be repeated.",
     cli_take_texts, offsetof(lint_call, hosts), 0, 0},
    {"mta-sts-record", 0, "TEXT",
     "Check the text of a TXT record at _mta-sts.DOMAIN instead. Repeat it to check all TXT "
     "records of that name together.",
     take_record, offsetof(lint_call, mta_sts_records), 0, 0},
    {"tlsrpt-record", 0, "TEXT", "The same for _smtp._tls.DOMAIN.", take_record,
     offsetof(lint_call, tlsrpt_records), 0, 0},
    {"format", 0, "text|json", "Output format. Default: text.", cli_take_choice,
     offsetof(lint_call, as_json), 0, 0},
    {0},
};

/* Reads the arguments: FILE, or with --mx further hosts, and then FILE as the last argument. */
static const char *take_arguments(lint_call *call, const cli_args *args)
{
    int i, count = args->count;
    int records = call->mta_sts_records->nelts + call->tlsrpt_records->nelts;

    if (records && (count || call->hosts->nelts)) {
        return "FILE and --mx cannot be combined with a record";
    }
    if (call->mta_sts_records->nelts && call->tlsrpt_records->nelts) {
        return "--mta-sts-record and --tlsrpt-record cannot be combined";
    }
    if (count > 1 && !call->hosts->nelts) {
        return "only one FILE is allowed";
    }
    for (i = 0; i < count - 1; i++) {
        APR_ARRAY_PUSH(call->hosts, const char *) = args->list[i];
    }
    if (count) {
        call->file = args->list[count - 1];
    }
    return NULL;
}

/* Converts the hosts of --mx to canonical form. */
static const char *check_hosts(lint_call *call)
{
    int i;

    for (i = 0; i < call->hosts->nelts; i++) {
        const char **host = &APR_ARRAY_IDX(call->hosts, i, const char *);
        const char *error =
            strncmp(*host, "*.", 2) == 0
                ? apr_pstrcat(call->p, mta_sts_text_quote(call->p, *host, strlen(*host)),
                              " is a pattern: name an MX host", NULL)
                : mta_sts_name_parse_host(call->p, cli_option_name(call->p, *host),
                                          MTA_STS_NAME_ULABEL, host);

        if (error) {
            return apr_pstrcat(call->p, "--mx: ", error, NULL);
        }
    }
    return NULL;
}

/* Adds a finding for each host about whether the policy covers it. */
static void check_coverage(const mta_sts_policy *policy, const apr_array_header_t *hosts,
                           lint_result *result)
{
    json_t *covered = json_object();
    int i;

    for (i = 0; i < hosts->nelts; i++) {
        const char *host = APR_ARRAY_IDX(hosts, i, const char *);
        int covers = mta_sts_policy_covers(policy, host);

        json_object_set_new(covered, host, json_boolean(covers));
        if (covers) {
            mta_sts_finding_add(result->findings, MTA_STS_OK, "mx-in-policy", host, NULL,
                                "the policy covers this host");
        }
        else {
            mta_sts_finding_add(result->findings, MTA_STS_ERROR, "mx-not-in-policy", host,
                                "add an mx line for it",
                                "the policy does not cover this host: senders that enforce it do "
                                "not deliver to it");
        }
    }
    if (hosts->nelts) {
        json_object_set_new(result->json, "covered", covered);
    }
    else {
        json_decref(covered);
    }
}

/* If FILE does not exist, but looks like a domain, its policy host or the URL of its policy,
 * suggests mta-sts check. */
static void suggest_check(apr_pool_t *p, const char *file)
{
    const char *name = file ? cli_option_name(p, file) : "", *domain, *what = "a domain";
    int is_url = strncasecmp(name, "https://", 8) == 0;

    if (access(name, F_OK) == 0) {
        return;
    }
    if (is_url) {
        what = "a URL";
        name = apr_pstrmemdup(p, name + 8, strcspn(name + 8, "/:"));
    }
    if (strncasecmp(name, MTA_STS_POLICY_HOST_PREFIX, strlen(MTA_STS_POLICY_HOST_PREFIX)) == 0) {
        what = is_url ? what : "a policy host";
        name += strlen(MTA_STS_POLICY_HOST_PREFIX);
    }
    if (strchr(name, '.') && !mta_sts_name_parse_domain(p, name, &domain)) {
        fprintf(stderr, "This looks like %s. To check its deployment, run: mta-sts check %s\n",
                what, domain);
    }
}

static int lint_policy(apr_pool_t *p, const lint_call *call, lint_result *result)
{
    apr_size_t len;
    const char *text = cli_read_policy(p, "lint", call->file, &len);
    const mta_sts_policy *policy;
    const char *id;

    if (!text) {
        suggest_check(p, call->file);
        return CLI_EXIT_USAGE;
    }
    policy = mta_sts_policy_text_read(p, text, len, result->findings);
    result->valid = mta_sts_findings_count(result->findings, MTA_STS_ERROR) == 0;
    id = mta_sts_policy_id(p, text, len);
    result->json = json_pack("{s:o, s:s}", "policy",
                             result->valid ? cli_policy_to_json(policy) : json_null(), "id", id);
    if (!result->valid) {
        result->summary = "not a valid policy";
        return CLI_EXIT_INVALID;
    }
    result->summary =
        apr_psprintf(p, "valid policy: mode %s, %d mx, max_age %" APR_INT64_T_FMT ", id %s",
                     mta_sts_mode_name(policy->mode), policy->mx->nelts, policy->max_age, id);
    check_coverage(policy, call->hosts, result);
    return mta_sts_findings_count(result->findings, MTA_STS_ERROR) ? CLI_EXIT_INVALID : CLI_EXIT_OK;
}

static int lint_mta_sts_record(apr_pool_t *p, const lint_call *call, lint_result *result)
{
    const char *id = mta_sts_record_read(p, call->mta_sts_records, result->findings);

    result->valid = id != NULL;
    result->json = json_pack("{s:s?}", "id", id);
    result->summary =
        id ? apr_pstrcat(p, "valid MTA-STS record: id ", id, NULL) : "not a valid MTA-STS record";
    return id ? CLI_EXIT_OK : CLI_EXIT_INVALID;
}

static int lint_tlsrpt_record(apr_pool_t *p, const lint_call *call, lint_result *result)
{
    const apr_array_header_t *rua =
        mta_sts_tlsrpt_record_read(p, call->tlsrpt_records, result->findings);

    result->valid = rua != NULL;
    result->json = json_pack("{s:o}", "rua", rua ? cli_strings_to_json(rua) : json_null());
    result->summary = rua ? apr_pstrcat(p, "valid TLSRPT record: reports go to ",
                                        apr_array_pstrcat(p, rua, ' '), NULL)
                          : "not a valid TLSRPT record";
    return rua ? CLI_EXIT_OK : CLI_EXIT_INVALID;
}

static void show(const lint_call *call, lint_result *result)
{
    json_t *shown;

    if (!call->as_json) {
        cli_print_findings(result->findings);
        puts(result->summary);
    }
    else {
        shown = json_pack("{s:b}", "valid", result->valid);
        json_object_update(shown, result->json);
        json_object_set_new(shown, "findings", cli_findings_to_json(result->findings));
        cli_print_json(shown);
    }
    json_decref(result->json);
}

static int run_lint(apr_pool_t *p, const cli_subcommand *self, int argc, const char *const *argv)
{
    lint_call call = {.p = p,
                      .hosts = apr_array_make(p, 4, sizeof(const char *)),
                      .mta_sts_records = apr_array_make(p, 1, sizeof(const char *)),
                      .tlsrpt_records = apr_array_make(p, 1, sizeof(const char *))};
    lint_result result = {.findings = mta_sts_findings_make(p)};
    cli_args args;
    int status;
    const char *error = cli_subcommand_read(p, self, argc, argv, &call, &args);

    if (args.help) {
        return cli_subcommand_help(p, self);
    }
    error = error ? error : take_arguments(&call, &args);
    error = error ? error : check_hosts(&call);
    if (error) {
        return cli_usage_error(self, "%s", error);
    }
    status = call.mta_sts_records->nelts  ? lint_mta_sts_record(p, &call, &result)
             : call.tlsrpt_records->nelts ? lint_tlsrpt_record(p, &call, &result)
                                          : lint_policy(p, &call, &result);
    if (status != CLI_EXIT_USAGE) {
        show(&call, &result);
    }
    return status;
}

const cli_subcommand cli_lint = {
    .name = "lint",
    .summary = "check the text of a policy or of a TXT record",
    .usage = "[--format text|json] [FILE|-]\n"
             "[--format text|json] --mx HOST... FILE\n"
             "[--format text|json] --mta-sts-record TEXT...\n"
             "[--format text|json] --tlsrpt-record TEXT...",
    .arguments = "FILE",
    .description =
        "Reads an MTA-STS policy from FILE or standard input as a sender does, and prints each "
        "deviation from RFC 8461 with its line number and how to fix it.",
    .exit_statuses = "0 valid, with or without warnings; 1 not valid, or an MX host is not "
                     "covered; 2 wrong usage, or FILE cannot be read.",
    .options = options,
    .run = run_lint,
};
