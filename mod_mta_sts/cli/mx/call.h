/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_MX_CALL_H
#define CLI_MX_CALL_H

#include <apr_pools.h>
#include <apr_tables.h>

#include "cli/check/run.h"
#include "cli/common/apache.h"
#include "cli/common/subcommand.h"
#include "cli/mx/block.h"
#include "core/policy/policy.h"

/*
 * Shared by the parts of `mta-sts mx`: mx.c reads the command line and gathers the facts, plan.c
 * compares MX records and policy and decides what to change, steps.c determines the order of the
 * steps, show.c prints them, consent.c asks for consent, apply.c applies the change, and row.c
 * applies it to the row of a hosted domain.
 */

/* What the command line requests. */
typedef struct cli_mx_call {
    apr_pool_t *p;
    const cli_subcommand *self;
    cli_check_options network;
    const char *state_dir, *database; /* or NULL */
    apr_array_header_t *add, *remove; /* of const char *: canonical mx patterns */
    int is_applied;                   /* --apply */
    int is_agreed; /* --yes: the MX records in DNS are correct, so no question is asked */
    int as_json;
    int wait; /* maximum time in seconds to wait until all machines serve a changed row */
    const char *domain;
} cli_mx_call;

/* An MX host, or a pattern of the policy. */
typedef struct cli_mx_match {
    const char *name;
    const char *other; /* the pattern that covers it, or the first host that it matches; or NULL */
} cli_mx_match;

/* The current state, and the planned change. */
typedef struct cli_mx_plan {
    const mta_sts_check_facts *facts;
    const cli_apache_policy *configured; /* the policy in this machine's httpd or its database; or
                                            NULL */
    const mta_sts_policy *policy; /* the policy that is compared with the MX records: the configured
                                     one, or else the served one; NULL: there is none */
    int is_served;                /* whether `policy` is served now */
    const cli_mx_block *block;    /* the block that defines it, if that can be changed; or NULL */
    const char *unread;           /* why httpd's configuration could not be read, or NULL */
    int has_apache;               /* whether there is an apachectl on this machine */
    int is_other_served;          /* whether a policy other than the configured one is served */
    const char *by_hand;          /* why --apply cannot change the policy, or NULL if it can */
    int is_mx_known;              /* whether the MX records are known */

    apr_array_header_t *hosts;    /* of cli_mx_match: the MX hosts, by preference */
    apr_array_header_t *patterns; /* of cli_mx_match: the mx patterns of the policy */
    apr_array_header_t *missing;  /* of const char *: patterns to add because an MX host needs
                                     them */
    apr_array_header_t *early;    /* of const char *: MX hosts of --remove that are still in DNS */
    apr_array_header_t *refused;  /* of const char *: why the new policy must not be served */

    mta_sts_policy changed; /* the new policy */
    const char *id;         /* its id */
    int is_changed;
} cli_mx_plan;

/*
 * Compares the policy with the MX records, and decides what to change.
 *
 * @param plan facts, configured, policy and is_served are set
 * @return NULL, or what is wrong with the request
 */
const char *cli_mx_plan_make(const cli_mx_call *call, cli_mx_plan *plan);

/* The record to publish as a line of a zone file; or, if its name is an alias, the request to the
 * operator of the target's zone. */
const char *cli_mx_publication(const cli_mx_call *call, const cli_mx_plan *plan);

/* The patterns of --add that no MX record matches yet: array of const char *. */
apr_array_header_t *cli_mx_planned(const cli_mx_call *call, const cli_mx_plan *plan);

/* The steps in the safe order: array of const char *. */
apr_array_header_t *cli_mx_steps(const cli_mx_call *call, const cli_mx_plan *plan);

/* The same; first: out: the index of the first step after the change of the policy. */
apr_array_header_t *cli_mx_steps_after(const cli_mx_call *call, const cli_mx_plan *plan,
                                       int *first);

/* Says until when a pattern must not be removed. */
const char *cli_mx_removal_wait(const cli_mx_call *call, const cli_mx_plan *plan);

/* Prints the current state and what is to be done, for people or for programs. */
void cli_mx_print(const cli_mx_call *call, const cli_mx_plan *plan);
void cli_mx_print_json(const cli_mx_call *call, const cli_mx_plan *plan);

/* Whether a list of const char * contains this text. */
int cli_mx_contains(const apr_array_header_t *list, const char *text);

/*
 * Asks for consent to MX hosts from DNS: an answer from DNS may be forged or wrong, and a host that
 * the policy covers can receive mail. So the MX hosts that the change would add, although they were
 * not named on the command line, are printed, and the user must agree.
 *
 * @return whether the change may be made; otherwise an error was printed
 */
int cli_mx_consent(const cli_mx_call *call, const cli_mx_plan *plan);

/* A lock that is held; allocated from the pool that is passed to cli_mx_lock. */
typedef struct cli_mx_locked {
    const char *path; /* of the lock file */
    int fd;           /* -1: none is held */
} cli_mx_locked;

/*
 * Locks a file in the directory of a file against other runs of this command and of mta-sts-setup,
 * and waits for them within a limit.
 *
 * @param path of the file, without symbolic links
 * @param lock out: must be released with cli_mx_unlock, also after an error
 * @return NULL, or why the file must not be changed now
 */
const char *cli_mx_lock(apr_pool_t *p, const char *path, cli_mx_locked *lock);

/* Releases the lock. */
void cli_mx_unlock(cli_mx_locked *lock);

/* Changes the row of a hosted domain. Returns the exit status. */
int cli_mx_apply_row(const cli_mx_call *call, const cli_mx_plan *plan);

/* Determines where the policy is defined, and whether --apply can change it. */
void cli_mx_find_definition(const cli_mx_call *call, cli_mx_plan *plan);

/* Applies the change of the policy. Prints what it does, and returns the exit status. */
int cli_mx_apply(const cli_mx_call *call, const cli_mx_plan *plan);

/* Prints "mta-sts mx: " and an error to standard error; returns CLI_EXIT_INVALID. */
int cli_mx_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
