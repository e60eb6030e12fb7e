/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_FETCHES_NAMES_H
#define CLI_FETCHES_NAMES_H

#include <jansson.h>

#include "cli/common/option.h"
#include "core/database/database.h"

/*
 * The owners of the networks in the fetch log, as far as they are confirmed: by DNS
 * (core/database/network_names.h), or by the signature of a report that contains an address of the
 * network (tlsrpt/index/origin.h). Names that DNS has not confirmed yet are looked up, a few in
 * each call.
 */

typedef struct cli_names_options {
    const char *server; /* address of the resolver; NULL: the system's */
    int is_offline;     /* whether to look up nothing */
} cli_names_options;

/* Parses the address of a name server. */
cli_option_take cli_names_take_resolver;

/* clang-format off */
#define CLI_NAMES_OPTIONS(in)                                                                      \
    {"resolver", 0, "ADDRESS[@PORT]", "Look up names of networks at this name server.",            \
     cli_names_take_resolver, (in) + offsetof(cli_names_options, server), 0, 0},                   \
    {"offline", 0, NULL, "Do not look up names of networks in DNS; show only known names.",        \
     cli_take_flag, (in) + offsetof(cli_names_options, is_offline), 0, 0}
/* clang-format on */

typedef struct cli_names cli_names;

/*
 * Finds the names of networks. Networks that cannot be read or looked up have none.
 *
 * @param p        pool of the result
 * @param domains  of const char *: policy domains for whose requests full addresses are looked up,
 *                 if the log still has them; "": others
 * @param networks of const char *: the networks to show; borrowed
 */
cli_names *cli_names_find(apr_pool_t *p, mta_sts_database *db, const cli_names_options *options,
                          const apr_array_header_t *domains, const apr_array_header_t *networks);

/* Looks up the names of networks that requested any domain, a few in each call, so that they are
 * known when a command or the status page needs them. */
void cli_names_learn(apr_pool_t *p, mta_sts_database *db, const cli_names_options *options);

/* "example.net (confirmed by DNS), example.org (named in its verified reports)"; Allocated from p;
 * NULL: no names. */
const char *cli_names_text(apr_pool_t *p, const cli_names *names, const char *network);

/* A JSON array of {name, dns_confirmed_at, reported_at}; each time may be null. The caller owns the
 * reference. */
json_t *cli_names_json(apr_pool_t *p, const cli_names *names, const char *network);

#endif
