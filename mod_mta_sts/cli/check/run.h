/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_CHECK_RUN_H
#define CLI_CHECK_RUN_H

#include <apr_pools.h>
#include <apr_tables.h>

#include "cli/common/apache.h"
#include "core/check/check.h"

/*
 * The live check of policy domains: gathers the facts from DNS, the policy hosts and the MX hosts,
 * and judges them. Used by the subcommands check, dns, ready and others.
 */

/* The time limits of one lookup, fetch or probe in seconds: the largest permitted value, and the
 * default. */
#define CLI_CHECK_TIMEOUT_MAX 17
#define CLI_CHECK_TIMEOUT 15

/* Where to connect to instead of the addresses in DNS. */
typedef struct cli_check_connect {
    const char *host;    /* a policy host or MX host */
    const char *address; /* IPv4 or IPv6 */
    int port;
} cli_check_connect;

typedef struct cli_check_options {
    const char *server;           /* see cli/net/resolver.h; NULL: the system's */
    const char *trust_anchor;     /* the same */
    const char *ca_file;          /* see cli/net/tls.h; NULL: the system's */
    apr_array_header_t *connects; /* of cli_check_connect, or NULL */
    int smtp_port;                /* 0: 25 */
    int no_smtp;                  /* whether not to connect to the MX hosts */
    int timeout;                  /* in seconds, 1..CLI_CHECK_TIMEOUT_MAX */
    apr_time_t began; /* when the limit of 60 seconds began; 0: it begins with the run */
    int warning_days; /* see mta_sts_check_limits */
    int error_days;
    void (*progress)(const char *what, int left); /* called periodically; may be NULL */
} cli_check_options;

/* Sets the defaults. */
void cli_check_options_default(cli_check_options *options);

/* A domain to check, and the results. */
typedef struct cli_check_domain {
    const char *domain;        /* canonical: see mta_sts_name_parse_domain() */
    const char *endpoint;      /* see mta_sts_check_facts; or NULL */
    const char *configured_id; /* the same */
    int is_hosted;             /* the same */
    const char *row_wrong;     /* the same */
    const mta_sts_check_facts *facts;
    const mta_sts_check_result *result;
} cli_check_domain;

/* Sets the members about this machine's httpd; configured: NULL: the domain is not configured, or
 * that is not known. */
void cli_check_domain_configure(cli_check_domain *domain, const cli_apache_policy *configured);

/*
 * Checks domains in parallel. Returns within 60 seconds.
 *
 * @param p       pool of the results
 * @param options borrowed
 * @param domains array of cli_check_domain, whose facts and result are set
 * @return NULL, or why no domain could be checked: an invalid option, a file that cannot be read,
 *         or the pointer cli_check_no_network
 */
extern const char cli_check_no_network[]; /* the error if no name server answers */
const char *cli_check_run(apr_pool_t *p, const cli_check_options *options,
                          apr_array_header_t *domains);

#endif
