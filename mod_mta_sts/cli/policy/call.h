/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_POLICY_CALL_H
#define CLI_POLICY_CALL_H

#include <stdio.h>

#include <apr_pools.h>
#include <apr_tables.h>

#include "cli/check/run.h"
#include "cli/common/option.h"
#include "cli/common/subcommand.h"
#include "cli/policy/certificates.h"
#include "core/database/database.h"
#include "core/hosting/row.h"

/* A call of `mta-sts policy`: its options, and the database. Each action prints its own errors, and
 * returns the exit status. */
typedef struct cli_policy_call {
    apr_pool_t *p;
    const cli_subcommand *self;
    const char *state_dir, *database;
    apr_array_header_t *mx; /* of const char *: --mx */
    const char *mode, *max_age, *alias_of;
    cli_check_options network; /* for the checks before mode enforce is stored */
    const char *if_id;         /* the id that the stored policy must have, or NULL */
    int wait;                  /* maximum time to wait for machines, in seconds; 0: do not wait */
    int is_forced, only_wrong, is_dry_run, is_json;
    int only_without_certificate;
    cli_certificates *certificates; /* with only_without_certificate */
    int as_nsupdate; /* whether to print the record as commands for nsupdate, and nothing else, to
                        standard output */
    FILE *talk;      /* where all other output is printed */

    FILE *input; /* input of import, opened before root becomes the owner of the state directory */
    mta_sts_database *db; /* open; its tables have been checked, unless the action creates them */
} cli_policy_call;

typedef int cli_policy_action(cli_policy_call *call, const cli_args *args);

cli_policy_action cli_policy_init;    /* init: creates the tables */
cli_policy_action cli_policy_set;     /* set DOMAIN */
cli_policy_action cli_policy_remove;  /* remove DOMAIN */
cli_policy_action cli_policy_list;    /* list */
cli_policy_action cli_policy_import;  /* import FILE */
cli_policy_action cli_policy_export;  /* export */
cli_policy_action cli_policy_confirm; /* confirm: many rows were deleted on purpose */

/*
 * Whether a row changes what senders do with mail: it introduces mode enforce, or changes the mx
 * patterns of a policy in mode enforce.
 *
 * @param before the stored row; its domain is NULL if there is none
 * @param after  with the values of the domain that it is an alias of
 */
int cli_policy_enforces(apr_pool_t *p, const mta_sts_hosted_row *before,
                        const mta_sts_hosted_row *after);

/*
 * Before a row that changes what senders do with mail is stored, runs the live checks and assesses
 * the reports. Prints why the row must not be stored, or that it is stored because of --force.
 *
 * @return whether the row may be stored
 */
int cli_policy_gate(const cli_policy_call *call, const mta_sts_hosted_row *before,
                    const mta_sts_hosted_row *after);

/* The consequence of mode enforce: a sentence for --force. */
extern const char cli_policy_consequence[];

/* Prints "mta-sts policy: " and an error to standard error; returns CLI_EXIT_INVALID. */
int cli_policy_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints findings about a row to standard error, each after the prefix `before`: "FILE:LINE: " or
 * "". */
void cli_policy_print_findings(const char *before, const mta_sts_findings *findings);

/*
 * Prints the DNS records to publish for a row that was stored.
 *
 * @param row       with the values of the domain that it is an alias of
 * @param policy    of the row
 * @param was_alias whether the domain was an alias until now, so that its record may still be a
 *                  CNAME
 * @param alias     an alias of the domain, or NULL
 */
void cli_policy_print_records(const cli_policy_call *call, const mta_sts_hosted_row *row,
                              const mta_sts_hosted_policy *policy, int was_alias,
                              const char *alias);

/* A row as the JSON object that export prints and import reads: one line without a newline,
 * allocated from p. */
const char *cli_policy_row_to_json(apr_pool_t *p, const mta_sts_hosted_row *row);

/*
 * Parses such an object.
 *
 * @param p   pool of the row and of the error text
 * @param row out
 * @return NULL, or what is wrong with the object
 */
const char *cli_policy_row_from_json(apr_pool_t *p, const char *text, apr_size_t len,
                                     mta_sts_hosted_row *row);

#endif
