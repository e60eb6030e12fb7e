/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_CHECK_DOMAINS_H
#define CLI_CHECK_DOMAINS_H

#include <apr_hash.h>

#include "cli/check/run.h"

/* The policy domains to check, each once, with their configuration in this machine's httpd. Used by
 * check and watch. */
typedef struct cli_check_domains {
    apr_pool_t *p;
    apr_array_header_t *list; /* of cli_check_domain */
    apr_hash_t *by_name;      /* name -> name */
    const cli_apache *apache; /* the configuration, or NULL if it was not read */
    int certificate_days; /* value of MTASTSCertificateDays, if the configuration was read; -1: not
                             set */
} cli_check_domains;

/* Creates an empty list; everything is allocated from p. */
cli_check_domains *cli_check_domains_make(apr_pool_t *p);

/* Adds a domain as a user enters it, unless it is in the list already. Returns NULL, or what is
 * wrong with it; text is borrowed. */
const char *cli_check_domains_add(cli_check_domains *domains, const char *text);

/*
 * Adds the policy domains in the configuration of this machine's httpd.
 *
 * @param with_hosted whether to add the hosted domains as well
 * @return NULL, or why there are none; domains->apache is set if the configuration could be read
 *         nevertheless
 */
const char *cli_check_domains_read(cli_check_domains *domains, int with_hosted);

/*
 * Determines which of the domains are hosted on this machine. If one seems to be, httpd's
 * configuration is read, which says whether hosting is on, and which domains it configures itself.
 *
 * @param state_dir value of --state-dir, or NULL
 * @return NULL, or why that cannot be read
 */
const char *cli_check_domains_find_hosted(cli_check_domains *domains, const char *state_dir);

#endif
