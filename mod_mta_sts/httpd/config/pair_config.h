/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_CONFIG_PAIR_CONFIG_H
#define HTTPD_CONFIG_PAIR_CONFIG_H

#include <httpd.h>
#include <http_config.h>
#include <apr_tables.h>

#include "core/base/finding.h"
#include "core/hosting/pairs.h"

/*
 * The configuration of key pairs in one virtual host. Written while httpd reads its configuration,
 * and only read afterwards; it lives in pconf. A member `..._at` is the directive; NULL: not set.
 */
typedef struct mts_pair_config {
    apr_array_header_t *globs; /* of const char *: absolute; NULL: no MTASTSCertificates */
    const ap_directive_t *globs_at;
    int is_fallback; /* whether unknown policy hosts get the virtual host's own certificate */
    const ap_directive_t *is_fallback_at;
    mta_sts_pairs_users user; /* its bit, the same for all virtual hosts with the same globs */
} mts_pair_config;

/* The functions of the directives. Each returns NULL, or why the value is refused. */
const char *mts_pair_add_globs(cmd_parms *cmd, void *unused, const char *args);
const char *mts_pair_set_unknown_name(cmd_parms *cmd, void *unused, const char *value);

/* The configuration of a virtual host with MTASTSCertificates, or NULL. */
const mts_pair_config *mts_pair_config_of(const server_rec *s);

/* Completes and checks it in all virtual hosts, after the whole configuration was read. */
void mts_pair_config_resolve(server_rec *main, mta_sts_findings *findings);

#endif
