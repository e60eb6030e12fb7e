/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_CHECK_DOMAINS_H
#define CLI_CHECK_DOMAINS_H

#include <apr_hash.h>

#include "cli/check/run.h"

/* The policy domains to check, each once, with what this machine's httpd has for them. For check
 * and watch. */
typedef struct cli_check_domains {
    apr_pool_t *p;
    apr_array_header_t *list; /* of cli_check_domain */
    apr_hash_t *by_name;      /* name -> name */
    const cli_apache *apache; /* the configuration, once it was read; or NULL */
    int certificate_days; /* of MTASTSCertificateDays, if the configuration was read; -1: unset */
} cli_check_domains;

/* An empty list; everything is allocated from p. */
cli_check_domains *cli_check_domains_make(apr_pool_t *p);

/* Adds a domain as a user types it, unless it is in the list. Returns NULL, or what is wrong with
 * it; text is borrowed. */
const char *cli_check_domains_add(cli_check_domains *domains, const char *text);

/*
 * Adds the policy domains in the configuration of this machine's httpd.
 *
 * @param with_hosted whether to add the hosted domains as well
 * @return NULL, or why there are none: if `apache` is set then, the configuration was read
 */
const char *cli_check_domains_read(cli_check_domains *domains, int with_hosted);

/*
 * Domains that were named may be hosted here. If one seems to be, httpd's configuration says
 * whether hosting is on, and which domains it defines itself.
 *
 * @param state_dir of --state-dir, or NULL
 * @return NULL, or why that cannot be read
 */
const char *cli_check_domains_find_hosted(cli_check_domains *domains, const char *state_dir);

#endif
