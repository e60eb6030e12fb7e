/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_CONFIG_CONFIG_H
#define HTTPD_CONFIG_CONFIG_H

#include <httpd.h>
#include <http_config.h>
#include <apr_hash.h>

#include "core/base/finding.h"
#include "core/policy/policy.h"
#include "httpd/config/pair_config.h"
#include "httpd/config/report_config.h"
#include "httpd/shared/module.h"

/*
 * The configuration of one server: its directives, and the policies that result from them.
 *
 * httpd creates one mts_config for the main server, and one for each virtual host that has a
 * directive of this module; all other virtual hosts share the main server's (so check `server`
 * before treating an mts_config as that of a virtual host). It is written while httpd reads its
 * configuration, and only read afterwards; it is allocated from pconf.
 */

/* The policy settings of one scope: a server, a virtual host or a block. Each setting is inherited
 * separately, together with its location. */
typedef struct mts_settings {
    mta_sts_mode mode;      /* MTA_STS_MODE_UNSET: not set */
    int max_age;            /* in seconds; 0: not set */
    apr_array_header_t *mx; /* of const char *: canonical patterns; NULL: not set */
    const ap_directive_t *mode_at, *max_age_at, *mx_at;
} mts_settings;

/* A <MTASTSPolicy> block. It is small, because there may be a hundred thousand of them. */
typedef struct mts_block {
    struct mts_block *next;
    const ap_directive_t *at;
    mts_settings settings; /* the settings inside the block */
    int domain_count;
    const char *domains[]; /* canonical policy domains */
} mts_block;

#define MTS_POLICY_ID_BYTES 24 /* including the terminating NUL */

/* A policy that is served. It may be shared by several policy domains. */
typedef struct mts_policy {
    const char *text;
    apr_size_t len;
    const apr_array_header_t *mx; /* of const char *: canonical patterns */
    const ap_directive_t *at; /* the block or directive to which messages refer; NULL: the policy of
                                 a hosted domain, which lives as long as the request and of whose
                                 other members only id is set */
    const ap_directive_t *mode_at; /* its MTASTSMode directive; NULL: the default mode */
    char id[MTS_POLICY_ID_BYTES];  /* policy id; "" until the server starts */
} mts_policy;

/* A ServerAlias with a wildcard that can match policy hosts. */
typedef struct mts_pattern {
    const char *alias; /* lower case */
    const mts_policy *policy;
} mts_pattern;

typedef struct mts_config {
    const server_rec *server;
    struct mts_config *main; /* the main server's configuration; the main server's points to
                                itself */

    mts_settings own;   /* set in this server, outside blocks */
    mts_settings plain; /* the same, completed with the settings inherited from the main server */
    mts_block *blocks;  /* list of the blocks in this server */
    mts_block **blocks_end; /* where the next block is appended */
    mts_block *open_block;  /* the block that is being read, else NULL */

    mts_pair_config pairs; /* never inherited */

    mts_report_path report_path;           /* its own, or inherited from the main server */
    mts_report_config *reports;            /* the main server's, shared by all */
    struct mts_report_scope *report_scope; /* main server only: which reports are accepted */

    /* The rest is set by policies.c after the whole configuration has been read. Empty tables are
     * NULL. */
    const mts_policy *plain_policy; /* the policy of the plain directives, or NULL */
    apr_hash_t *by_block;           /* policy domain -> mts_policy: from blocks */
    apr_hash_t *by_name;            /* policy domain -> mts_policy: by ServerName and ServerAlias */
    apr_array_header_t *by_pattern; /* of mts_pattern: by ServerAlias with a wildcard */
    mta_sts_findings *findings;     /* main server only: findings about the configuration */
    struct mts_startup_findings *startup_findings; /* main server only: findings of the last
                                                      start */
    apr_hash_t *certificate_files; /* main server only: server_rec * -> array of const char *, to
                                      which mod_ssl and other modules may still append */
    apr_hash_t *certificates;      /* main server only: server_rec * -> array of pointers to
                                      mta_sts_certificate, read at start, while the process may be
                                      root */
} mts_config;

/* httpd's create_server_config and merge_server_config. */
void *mts_config_create(apr_pool_t *p, server_rec *s);
void *mts_config_merge(apr_pool_t *p, void *base, void *add);

/* The configuration that applies to a server: its own, or the main server's. */
static inline mts_config *mts_config_of(const server_rec *s)
{
    return ap_get_module_config(s->module_config, &mta_sts_module);
}

/* The server's own configuration, or NULL if it shares the main server's. */
mts_config *mts_config_own(const server_rec *s);

/* The settings of a scope, completed with those of the enclosing scope. */
mts_settings mts_settings_inherit(const mts_settings *outer, const mts_settings *inner);

/* Whether any setting is set. */
int mts_settings_are_set(const mts_settings *settings);

/* "file:line" of a directive, allocated from p. */
const char *mts_config_location(apr_pool_t *p, const ap_directive_t *directive);

/* The name of a virtual host in messages: "virtual host NAME:PORT (file:line)", or "main server".
 * Allocated from p. */
const char *mts_config_server_name(apr_pool_t *p, const server_rec *s);

#endif
