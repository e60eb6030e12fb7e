/* SPDX-License-Identifier: Apache-2.0 */
/* `mta-sts fetches`: the fetch log (core/database/fetches.h) of a domain. */
#include <stdio.h>
#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "cli/common/database.h"
#include "cli/common/output.h"
#include "cli/common/state_dir.h"
#include "cli/common/subcommand.h"
#include "cli/common/writer.h"
#include "cli/fetches/names.h"
#include "core/base/format.h"
#include "core/base/name.h"
#include "core/database/fetches.h"

#define SINCE_DEFAULT 7 /* days */
#define ROWS_MAX 10000

typedef struct fetches_call {
    int is_json;
    apr_time_t since; /* -1: the default */
    const char *state_dir, *database;
    cli_names_options names;
} fetches_call;

/* The data to print. */
typedef struct fetches_found {
    const char *domain; /* "": others */
    const apr_array_header_t *rows;
    const apr_array_header_t *networks; /* of const char *: the networks in the rows, each once */
    const cli_names *names;
    mta_sts_fetches_coverage coverage;
    apr_time_t since; /* the requested beginning */
} fetches_found;

static const char *take_since(apr_pool_t *p, const cli_option *option, void *target,
                              const char *value)
{
    (void)option;
    return cli_option_since(p, value, apr_time_now(), target);
}

static const cli_option options[] = {
    {"format", 0, "text|json", "Output format. Default: text.", cli_take_choice,
     offsetof(fetches_call, is_json), 0, 0},
    {"since", 0, "TIME", "Only requests since then: 12h, 30d, 4w, 2026-05-11 or all. Default: 7d.",
     take_since, offsetof(fetches_call, since), 0, 0},
    CLI_DATABASE_OPTION(offsetof(fetches_call, database)),
    CLI_STATE_DIR_OPTION(offsetof(fetches_call, state_dir)),
    CLI_NAMES_OPTIONS(offsetof(fetches_call, names)),
    {0},
};

/* --- text --- */

static void print_row(apr_pool_t *p, const mta_sts_fetch *row)
{
    const char *from = *row->address ? row->address : *row->network ? row->network : "unknown";

    printf("%s  %s  %s  %s, last at %s%s%s%s%s\n", mta_sts_format_time(p, row->first),
           cli_printable(p, from), mta_sts_fetch_outcome_name(row->outcome),
           mta_sts_format_count(p, row->requests, "request", "requests"),
           mta_sts_format_time(p, row->last), *row->id ? "  id " : "", cli_printable(p, row->id),
           *row->agent ? "  " : "", *row->agent ? mta_sts_format_name(p, row->agent) : "");
}

/* Whether the requested period begins before the first record, and no gap covers that already. */
static int is_cut_off(const mta_sts_fetches_coverage *coverage, apr_time_t since)
{
    int i;

    for (i = 0; i < coverage->gaps->nelts; i++) {
        const mta_sts_fetches_gap *gap = &APR_ARRAY_IDX(coverage->gaps, i, mta_sts_fetches_gap);

        if (gap->begin <= since && gap->end >= coverage->began) {
            return 0;
        }
    }
    return coverage->machines && coverage->began > since;
}

static void print_coverage(apr_pool_t *p, const mta_sts_fetches_coverage *coverage,
                           apr_time_t since)
{
    int i;

    if (!coverage->machines) {
        printf("Nothing was recorded in this period: MTASTSFetchLog is off, or httpd has not been "
               "running since.\n");
    }
    for (i = 0; coverage->machines && i < coverage->gaps->nelts; i++) {
        const mta_sts_fetches_gap *gap = &APR_ARRAY_IDX(coverage->gaps, i, mta_sts_fetches_gap);

        printf("From %s to %s, %s recorded nothing.\n", mta_sts_format_time(p, gap->begin),
               mta_sts_format_time(p, gap->end), mta_sts_format_name(p, gap->host));
    }
    if (is_cut_off(coverage, since)) {
        printf("Requests before %s are not recorded, or not any more.\n",
               mta_sts_format_time(p, coverage->began));
    }
    if (coverage->lost) {
        printf("Up to %s were not recorded.\n",
               mta_sts_format_count(p, coverage->lost, "request", "requests"));
    }
}

static void print_names(apr_pool_t *p, const fetches_found *found)
{
    int i, count = 0;

    for (i = 0; i < found->networks->nelts; i++) {
        const char *network = APR_ARRAY_IDX(found->networks, i, const char *);
        const char *text = cli_names_text(p, found->names, network);

        if (text) {
            printf("%s  %-22s %s\n", count++ ? "" : "Names of these networks:\n",
                   cli_printable(p, network), text);
        }
    }
}

/* Prints the rows without a network. */
static void print_unknown(apr_pool_t *p, const apr_array_header_t *rows)
{
    apr_int64_t requests = 0;
    int i;

    for (i = 0; i < rows->nelts; i++) {
        const mta_sts_fetch *row = &APR_ARRAY_IDX(rows, i, mta_sts_fetch);

        requests += *row->network ? 0 : row->requests;
    }
    if (requests) {
        printf("%s from networks that were not recorded: " MTA_STS_FETCH_NETWORK_UNKNOWN ".\n",
               mta_sts_format_count(p, requests, "request came", "requests came"));
    }
}

static void print_text(apr_pool_t *p, const fetches_found *found)
{
    int i;

    for (i = 0; i < found->rows->nelts; i++) {
        print_row(p, &APR_ARRAY_IDX(found->rows, i, mta_sts_fetch));
    }
    if (!found->rows->nelts) {
        printf("No requests are recorded for %s.\n",
               *found->domain ? found->domain : "hosts that are not local");
    }
    if (found->rows->nelts == ROWS_MAX) {
        printf("There are more: use a later --since.\n");
    }
    print_names(p, found);
    print_unknown(p, found->rows);
    print_coverage(p, &found->coverage, found->since);
}

/* --- JSON --- */

static json_t *time_json(apr_pool_t *p, apr_time_t time)
{
    return json_string(mta_sts_format_timestamp(p, time));
}

static json_t *text_json(const char *text)
{
    return *text ? json_string(text) : json_null();
}

static json_t *rows_json(apr_pool_t *p, const fetches_found *found)
{
    const apr_array_header_t *rows = found->rows;
    json_t *array = json_array();
    int i;

    for (i = 0; i < rows->nelts; i++) {
        const mta_sts_fetch *row = &APR_ARRAY_IDX(rows, i, mta_sts_fetch);

        json_array_append_new(
            array,
            json_pack("{s:o, s:o, s:o, s:s, s:o, s:o, s:I, s:o, s:o}", "network",
                      text_json(row->network), "names",
                      cli_names_json(p, found->names, row->network), "address",
                      text_json(row->address), "outcome", mta_sts_fetch_outcome_name(row->outcome),
                      "policy_id", text_json(row->id), "agent", text_json(row->agent), "requests",
                      (json_int_t)row->requests, "first_at", time_json(p, row->first), "last_at",
                      time_json(p, row->last)));
    }
    return array;
}

static json_t *gaps_json(apr_pool_t *p, const apr_array_header_t *gaps)
{
    json_t *array = json_array();
    int i;

    for (i = 0; i < gaps->nelts; i++) {
        const mta_sts_fetches_gap *gap = &APR_ARRAY_IDX(gaps, i, mta_sts_fetches_gap);

        json_array_append_new(array, json_pack("{s:s, s:o, s:o}", "host", gap->host, "begin_at",
                                               time_json(p, gap->begin), "end_at",
                                               time_json(p, gap->end)));
    }
    return array;
}

static void print_json(apr_pool_t *p, const fetches_found *found)
{
    cli_print_json(
        json_pack("{s:o, s:o, s:b, s:i, s:o, s:o, s:I}", "domain", text_json(found->domain),
                  "fetches", rows_json(p, found), "is_complete", found->rows->nelts < ROWS_MAX,
                  "machines", found->coverage.machines, "recorded_since",
                  found->coverage.began ? time_json(p, found->coverage.began) : json_null(), "gaps",
                  gaps_json(p, found->coverage.gaps), "lost", (json_int_t)found->coverage.lost));
}

/* --- the call --- */

static void find_names(apr_pool_t *p, mta_sts_database *db, const fetches_call *call,
                       fetches_found *found)
{
    apr_array_header_t *domains = apr_array_make(p, 1, sizeof(const char *));
    apr_array_header_t *networks = apr_array_make(p, 16, sizeof(const char *));
    apr_hash_t *seen = apr_hash_make(p);
    int i;

    APR_ARRAY_PUSH(domains, const char *) = found->domain;
    for (i = 0; i < found->rows->nelts; i++) {
        const char *network = APR_ARRAY_IDX(found->rows, i, mta_sts_fetch).network;

        if (!apr_hash_get(seen, network, APR_HASH_KEY_STRING)) {
            apr_hash_set(seen, network, APR_HASH_KEY_STRING, network);
            APR_ARRAY_PUSH(networks, const char *) = network;
        }
    }
    found->networks = networks;
    found->names = cli_names_find(p, db, &call->names, domains, networks);
}

static const char *read_log(apr_pool_t *p, mta_sts_database *db, const fetches_call *call,
                            fetches_found *found)
{
    const apr_time_t now = apr_time_now();
    const mta_sts_fetches_filter filter = {found->domain, call->since, now};
    apr_array_header_t *rows;
    const char *error = mta_sts_fetches_read(db, &filter, ROWS_MAX, p, &rows);

    found->rows = rows;
    found->since = call->since;
    error = error ? error : mta_sts_fetches_cover(db, call->since, now, now, p, &found->coverage);
    if (!error && !call->since) { /* the time before the first record is not a gap */
        error = mta_sts_fetches_cover(db, found->coverage.began, now, now, p, &found->coverage);
    }
    if (!error) {
        find_names(p, db, call, found);
    }
    return error;
}

static const char *open_log(apr_pool_t *p, const fetches_call *call, mta_sts_database **db)
{
    const char *error = cli_state_dir_become_owner(p, cli_state_dir_find(call->state_dir));

    error = error ? error : cli_database_open(p, call->database, call->state_dir, db);
    return error || *db
               ? error
               : apr_pstrcat(
                     p, cli_state_dir_find(call->state_dir),
                     " contains no database yet: httpd creates it when it runs with mod_mta_sts",
                     NULL);
}

static int print_error(apr_pool_t *p, const char *error)
{
    fprintf(stderr, "mta-sts fetches: %s\n", cli_printable(p, error));
    return CLI_EXIT_INVALID;
}

/* Returns NULL, or what is wrong with the arguments. */
static const char *take_domain(apr_pool_t *p, const cli_args *args, const char **domain)
{
    if (args->count != 1) {
        return "one policy domain is required, or \"other\"";
    }
    if (strcmp(args->list[0], "other") == 0) {
        *domain = "";
        return NULL;
    }
    return mta_sts_name_parse_domain(p, cli_option_name(p, args->list[0]), domain);
}

static int run_fetches(apr_pool_t *p, const cli_subcommand *self, int argc, const char *const *argv)
{
    fetches_call call = {.since = -1};
    fetches_found found = {.domain = ""};
    mta_sts_database *db = NULL;
    cli_args args;
    const char *error = cli_subcommand_read(p, self, argc, argv, &call, &args);

    if (args.help) {
        return cli_subcommand_help(p, self);
    }
    error = error ? error : take_domain(p, &args, &found.domain);
    if (error) {
        return cli_usage_error(self, "%s", error);
    }
    call.since = call.since < 0 ? cli_option_days_ago(apr_time_now(), SINCE_DEFAULT) : call.since;
    error = open_log(p, &call, &db);
    error = error ? error : read_log(p, db, &call, &found);
    if (error) {
        return print_error(p, error);
    }
    if (call.is_json) {
        print_json(p, &found);
    }
    else {
        print_text(p, &found);
    }
    return CLI_EXIT_OK;
}

const cli_subcommand cli_fetches = {
    .name = "fetches",
    .summary = "list which networks requested a policy, and what they got",
    .usage = "[OPTION...] DOMAIN|other",
    .arguments = "",
    .description =
        "Lists the requests for the policy of a domain that httpd recorded (MTASTSFetchLog): the "
        "network, what it got, how often and when, the latest hour first; and the times in which "
        "nothing was recorded. \"other\" are the hosts that are not local.",
    .exit_statuses = "0 the log was read; 1 it cannot be read; 2 wrong usage.",
    .options = options,
    .run = run_fetches,
};
