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
 * What the module knows of one server: the directives typed in it, and what became of them.
 *
 * httpd makes one mod_config for the main server and one for each virtual host that has a
 * directive of ours; the other virtual hosts share the main server's (so look at `server` before
 * taking a mod_config for a virtual host's own). All of it is written while httpd reads its
 * configuration and only read afterwards; it lives in pconf.
 */

/* What one place says of a policy: a server, a virtual host or a block. Each value is inherited on
 * its own; the place of a value goes with it. */
typedef struct mod_settings {
    mta_sts_mode mode;      /* MTA_STS_MODE_UNSET: not told */
    int max_age;            /* seconds; 0: not told */
    apr_array_header_t *mx; /* of const char *: canonical patterns; NULL: not told */
    const ap_directive_t *mode_at, *max_age_at, *mx_at;
} mod_settings;

/* A <MTASTSPolicy> block. There may be a hundred thousand: every octet counts. */
typedef struct mod_block {
    struct mod_block *next;
    const ap_directive_t *at;
    mod_settings settings; /* typed inside it */
    int domain_count;
    const char *domains[]; /* canonical policy domains */
} mod_block;

/* A policy as it is served. One may belong to several policy domains. */
typedef struct mod_policy {
    const char *text;
    apr_size_t len;
    const apr_array_header_t *mx;  /* of const char *: canonical patterns */
    const ap_directive_t *at;      /* the block, or the directive, that a person looks at first */
    const ap_directive_t *mode_at; /* its MTASTSMode; NULL: the default */
} mod_policy;

/* A ServerAlias with a wildcard that can match policy hosts. */
typedef struct mod_pattern {
    const char *alias; /* lower case */
    const mod_policy *policy;
} mod_pattern;

typedef struct mod_config {
    const server_rec *server;
    struct mod_config *main; /* the main server's; itself there */

    mod_settings own;       /* typed in this server, outside blocks */
    mod_settings plain;     /* the same, with what is inherited from the main server */
    mod_block *blocks;      /* typed in this server, the first of them */
    mod_block **blocks_end; /* where the next one goes */
    mod_block *open_block;  /* while a block is being read */

    mod_report_path report_path; /* with what is inherited from the main server */
    mod_report_config *reports;  /* the main server's, shared by all */
    struct mod_ours *ours;       /* main server only: whose reports are taken in; see ours.h */

    /* The rest is filled in by policies.c once everything is read. Tables are NULL if empty. */
    const mod_policy *plain_policy; /* the policy of the plain directives, or NULL */
    apr_hash_t *by_block;           /* policy domain -> mod_policy: told by blocks */
    apr_hash_t *by_name;            /* policy domain -> mod_policy: by ServerName and ServerAlias */
    apr_array_header_t *by_pattern; /* of mod_pattern: by ServerAlias with a wildcard */
    mta_sts_findings *findings;     /* main server only: what was noticed in the configuration */
    struct mod_noticed *noticed;    /* main server only: of the last start; see noticed.h */
    apr_hash_t *certificate_files;  /* main server only: server_rec * -> array of const char *, as
                                       mod_ssl and others go on to fill it */
    apr_hash_t *certificates; /* main server only: server_rec * -> array of mta_sts_certificate *,
                                 read at start, while root may */
} mod_config;

/* httpd's create_server_config and merge_server_config. */
void *mod_config_create(apr_pool_t *p, server_rec *s);
void *mod_config_merge(apr_pool_t *p, void *base, void *add);

/* The configuration that httpd uses for a server: its own, or the main server's. */
mod_config *mod_config_of(const server_rec *s);

/* The same if it is the server's own, else NULL. */
mod_config *mod_config_own(const server_rec *s);

/* What a place says, filled up with what the place around it says. */
mod_settings mod_settings_inherit(const mod_settings *outer, const mod_settings *inner);

/* Whether the place says anything. */
int mod_settings_told(const mod_settings *settings);

/* "file:line" of a directive, allocated from p. */
const char *mod_config_place(apr_pool_t *p, const ap_directive_t *directive);

/* How a virtual host is called in messages: "virtual host NAME:PORT (file:line)", or "main server".
 * Allocated from p. */
const char *mod_config_server_name(apr_pool_t *p, const server_rec *s);

#endif
