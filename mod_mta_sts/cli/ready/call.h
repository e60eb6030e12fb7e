/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_READY_CALL_H
#define CLI_READY_CALL_H

#include <apr_hash.h>
#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

#include "cli/common/apache.h"
#include "cli/check/run.h"
#include "cli/common/output.h"
#include "cli/common/subcommand.h"
#include "core/policy/rollout.h"
#include "tlsrpt/advice/readiness.h"
#include "tlsrpt/spool/spool.h"
#include "tlsrpt/summary/tally.h"

/*
 * Shared by the parts of `mta-sts ready`. cli/ready/ready.c reads the command line,
 * cli/ready/facts.c gathers the facts, cli/ready/reports.c reads reports, cli/ready/steps.c
 * determines what to do, cli/ready/show.c and others print the verdict.
 */

/* One domain, and everything known about it. */
typedef struct cli_ready_domain {
    const char *domain;                  /* canonical */
    const cli_apache_policy *configured; /* the policy in this machine's httpd, or NULL */
    const mta_sts_policy *given;         /* the first policy of --policy, or NULL */
    tlsrpt_filter filter;
    tlsrpt_tally *all, *weighed;
    apr_array_header_t *verified; /* of const char *: digests of this machine's verified reports;
                                     NULL: it has no spool */
    tlsrpt_readiness_facts facts;
    const tlsrpt_readiness_facts *by_index; /* the facts from a shared index, if a verified report
                                               of this machine is missing there; else NULL */
    const tlsrpt_readiness *readiness;
    const mta_sts_rollout *rollout; /* rollout of its policy; NULL: nothing is known */
} cli_ready_domain;

/* What the command line requests, and the results. */
typedef struct cli_ready_call {
    apr_pool_t *p;
    cli_check_options network;
    int no_check;
    int as_json;
    const char *state_dir;     /* value of --state-dir, or NULL */
    const char *database;      /* value of --database, or NULL */
    apr_array_header_t *files; /* of const char *: --policy */
    apr_time_t since;          /* older reports do not count */
    tlsrpt_readiness_limits limits;
    apr_array_header_t *domains;    /* of cli_ready_domain * */
    apr_hash_t *by_name;            /* name -> cli_ready_domain * */
    apr_array_header_t *configured; /* of cli_apache_policy: those that this machine's httpd is
                                       configured to serve, and those of the domains that are
                                       hosted; may be empty */
    int unreadable;                 /* number of stored reports that are damaged */
    int unopened;                   /* number of files in the store that cannot be read */
    const char *first_unopened;     /* its path and the reason */
} cli_ready_call;

/* Sets the defaults of the options, and the members that are not options. call->p must be set.
 */
void cli_ready_set_defaults(cli_ready_call *call);

/* Adds a domain; returns NULL, or why the text is not a domain name. */
const char *cli_ready_add(cli_ready_call *call, const char *text);

/*
 * Gathers the facts about the domains, and assesses them. As root, the process switches permanently
 * to the owner of the state directory.
 *
 * @return CLI_EXIT_OK, or CLI_EXIT_UNKNOWN after printing why on standard error
 */
int cli_ready_gather(const cli_subcommand *self, cli_ready_call *call);

/* Reads the reports of this machine (cli/ready/reports.c). */
void cli_ready_read_spool(cli_ready_call *call, tlsrpt_spool *spool);

/* If machines share a database, reads the sums of the reports of all machines, and prints a note on
 * standard error if reports of this machine are missing there. Returns NULL, or an error text. */
const char *cli_ready_read_index(const cli_subcommand *self, cli_ready_call *call);

/* Assesses one domain; if the spool and the index lead to different results, the stricter one
 * counts. */
void cli_ready_assess(const cli_ready_call *call, cli_ready_domain *domain);

/* Prints the verdict for people, or in the formats documented in mta-sts-ready(1). */
void cli_ready_print(const cli_ready_call *call, const cli_style *style);
void cli_ready_print_json(const cli_ready_call *call);

/* What to do, in order: array of const char *. */
apr_array_header_t *cli_ready_steps(const cli_ready_call *call, const cli_ready_domain *domain);

/* The command that changes the mode of a hosted domain; NULL if the domain is not hosted here. */
const char *cli_ready_command(const cli_ready_call *call, const cli_ready_domain *domain,
                              const char *mode);

/* The mode to switch to, or NULL if the mode should not be changed. */
const char *cli_ready_mode(const cli_ready_domain *domain);

/*
 * Determines from when on no sender may use a copy of an earlier policy, or also of the current one
 * if the mode must be changed to testing.
 *
 * @return whether the date is known
 */
int cli_ready_copies(const cli_ready_domain *domain, mta_sts_rollout_date *date);

/* Whether a text contains neither the domain nor the subject, so that it is unclear what it is
 * about. */
int cli_ready_is_unspecified(const cli_ready_domain *domain, const char *subject, const char *text);

/* The worst of all verdicts; "no" and "not-yet" outrank "unknown". */
tlsrpt_ready cli_ready_worst(const cli_ready_call *call);

#endif
