/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_CONFIG_PAIR_CONFIG_H
#define HTTPD_CONFIG_PAIR_CONFIG_H

#include <httpd.h>
#include <http_config.h>
#include <apr_tables.h>

#include "core/base/finding.h"
#include "core/hosting/pairs.h"

/*
 * The configuration of key pairs in one virtual host. It is written while httpd reads its
 * configuration, and only read afterwards; it is allocated from pconf. A member `..._at` is the
 * directive that set the value; NULL: not set.
 */
typedef struct mts_pair_config {
    apr_array_header_t *globs; /* of const char *: absolute globs; NULL: no MTASTSCertificates */
    const ap_directive_t *globs_at;
    int is_fallback; /* whether unknown policy hosts get the virtual host's own certificate */
    const ap_directive_t *is_fallback_at;
    mta_sts_pairs_users user; /* its bit, which all virtual hosts with the same globs share */
} mts_pair_config;

/* The functions that process the directives. Each returns NULL, or why the value is not valid. */
const char *mts_pair_add_globs(cmd_parms *cmd, void *unused, const char *args);
const char *mts_pair_set_unknown_name(cmd_parms *cmd, void *unused, const char *value);

/* The configuration of a virtual host with MTASTSCertificates, or NULL. */
const mts_pair_config *mts_pair_config_of(const server_rec *s);

/* Completes and checks the configuration of key pairs in all virtual hosts, after the whole
 * configuration has been read. */
void mts_pair_config_resolve(server_rec *main, mta_sts_findings *findings);

#endif
