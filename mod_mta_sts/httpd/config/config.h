/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_CONFIG_CONFIG_H
#define HTTPD_CONFIG_CONFIG_H

#include <httpd.h>
#include <http_config.h>
#include <apr_hash.h>

#include "core/base/finding.h"
#include "core/policy/policy.h"
#include "httpd/config/report_config.h"

/*
 * The configuration of one server: its directives, and what they resolve to.
 *
 * httpd makes one mts_config for the main server and one for each virtual host that has a
 * directive of this module; the others share the main server's (so check `server` before treating
 * a mts_config as a virtual host's own). All of it is written while httpd reads its
 * configuration and only read afterwards; it lives in pconf.
 */

/* The policy settings of one scope: a server, a virtual host or a block. Each value is inherited
 * separately, together with its location. */
typedef struct mts_settings {
    mta_sts_mode mode;      /* MTA_STS_MODE_UNSET: not set */
    int max_age;            /* seconds; 0: not set */
    apr_array_header_t *mx; /* of const char *: canonical patterns; NULL: not set */
    const ap_directive_t *mode_at, *max_age_at, *mx_at;
} mts_settings;

/* A <MTASTSPolicy> block. There may be a hundred thousand, so it is small. */
typedef struct mts_block {
    struct mts_block *next;
    const ap_directive_t *at;
    mts_settings settings; /* typed inside it */
    int domain_count;
    const char *domains[]; /* canonical policy domains */
} mts_block;

/* A policy as it is served. One may belong to several policy domains. */
typedef struct mts_policy {
    const char *text;
    apr_size_t len;
    const apr_array_header_t *mx;  /* of const char *: canonical patterns */
    const ap_directive_t *at;      /* the block, or the directive, that messages name */
    const ap_directive_t *mode_at; /* its MTASTSMode; NULL: the default */
} mts_policy;

/* A ServerAlias with a wildcard that can match policy hosts. */
typedef struct mts_pattern {
    const char *alias; /* lower case */
    const mts_policy *policy;
} mts_pattern;

typedef struct mts_config {
    const server_rec *server;
    struct mts_config *main; /* the main server's; itself there */

    mts_settings own;       /* typed in this server, outside blocks */
    mts_settings plain;     /* the same, with what is inherited from the main server */
    mts_block *blocks;      /* typed in this server, the first of them */
    mts_block **blocks_end; /* where the next one goes */
    mts_block *open_block;  /* while a block is being read */

    mts_report_path report_path;           /* with what is inherited from the main server */
    mts_report_config *reports;            /* the main server's, shared by all */
    struct mts_report_scope *report_scope; /* main server only: whose reports are accepted */

    /* The rest is filled in by policies.c once everything is read. Tables are NULL if empty. */
    const mts_policy *plain_policy; /* the policy of the plain directives, or NULL */
    apr_hash_t *by_block;           /* policy domain -> mts_policy: from blocks */
    apr_hash_t *by_name;            /* policy domain -> mts_policy: by ServerName and ServerAlias */
    apr_array_header_t *by_pattern; /* of mts_pattern: by ServerAlias with a wildcard */
    mta_sts_findings *findings;     /* main server only: of the configuration */
    struct mts_startup_findings *startup_findings; /* main server only: of the last start */
    apr_hash_t *certificate_files; /* main server only: server_rec * -> array of const char *, as
                                      mod_ssl and others go on to fill it */
    apr_hash_t *certificates; /* main server only: server_rec * -> array of mta_sts_certificate *,
                                 read at start, while root may */
} mts_config;

/* httpd's create_server_config and merge_server_config. */
void *mts_config_create(apr_pool_t *p, server_rec *s);
void *mts_config_merge(apr_pool_t *p, void *base, void *add);

/* The configuration that httpd uses for a server: its own, or the main server's. */
mts_config *mts_config_of(const server_rec *s);

/* The same if it is the server's own, else NULL. */
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
