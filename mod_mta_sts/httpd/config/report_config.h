/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_CONFIG_REPORT_CONFIG_H
#define HTTPD_CONFIG_REPORT_CONFIG_H

#include <httpd.h>
#include <http_config.h>
#include <apr_tables.h>

#include "tlsrpt/report/limits.h"
#include "tlsrpt/report/report.h"

/*
 * The configuration of reports: endpoint paths, limits, and where reports are stored. It is written
 * while httpd reads its configuration, and only read afterwards; it is allocated from pconf. A
 * member `..._at` is the directive that set the value; NULL: the default.
 */

/* Not /var/lib/mta-sts: Debian's postfix-mta-sts-resolver keeps its cache there. */
#define MTS_STATE_DIR "/var/lib/mod_mta_sts"

/* The endpoint of a server. */
typedef struct mts_report_path {
    const char *path; /* begins with "/"; NULL: off */
    const ap_directive_t *at;
} mts_report_path;

/* What is recorded about the clients that request policies. */
typedef enum mts_fetch_log {
    MTS_FETCH_LOG_OFF,
    MTS_FETCH_LOG_NETWORK, /* their networks */
    MTS_FETCH_LOG_ADDRESS, /* and their full addresses for a day */
} mts_fetch_log;

/* Settings for the whole server. */
typedef struct mts_report_config {
    apr_int64_t max_sent, max_inflated; /* in bytes, maximum size of one report */
    const ap_directive_t *max_size_at;
    apr_int64_t spool_quota, quarantine_quota; /* in bytes on disk */
    const ap_directive_t *quota_at;
    apr_int64_t per_minute; /* maximum number of requests per minute from one client address */
    const ap_directive_t *limit_at;
    apr_int64_t keep_days;
    apr_int64_t certificate_days; /* a certificate that expires in fewer days is a warning; 0:
                                     depends on its lifetime */
    const ap_directive_t *certificate_days_at;
    const ap_directive_t *keep_at;
    mts_fetch_log fetch_log;
    const ap_directive_t *fetch_log_at;
    apr_int64_t fetch_keep_days;
    const ap_directive_t *fetch_keep_at;
    apr_array_header_t *domains; /* of const char *: canonical; may be empty */
    const char *driver;          /* of apr_dbd: "sqlite3" or "pgsql" */
    const char *database; /* sqlite3: an absolute path, or NULL for a file in the state directory;
                             pgsql: a connection string for PQconnectdb, which may contain a
                             password */
    const ap_directive_t *database_at;
    int is_hosting; /* whether the database contains policies as well */
    const ap_directive_t *is_hosting_at;
    const char *state_dir; /* absolute path, without a trailing slash */
    const ap_directive_t *state_dir_at;
} mts_report_config;

/*
 * The functions that process the directives, in httpd/config/report_directives.c. Each returns
 * NULL, or why the value is not valid and what is allowed.
 */
const char *mts_report_set_path(cmd_parms *cmd, void *unused, const char *path);
const char *mts_report_set_number(cmd_parms *cmd, void *unused, const char *number);
const char *mts_report_set_pair(cmd_parms *cmd, void *unused, const char *one, const char *other);
const char *mts_report_add_domains(cmd_parms *cmd, void *unused, const char *args);
const char *mts_report_set_database(cmd_parms *cmd, void *unused, const char *driver,
                                    const char *database);
const char *mts_report_set_hosting(cmd_parms *cmd, void *unused, const char *value);
const char *mts_report_set_fetch_log(cmd_parms *cmd, void *unused, const char *value);
const char *mts_report_set_state_dir(cmd_parms *cmd, void *unused, const char *path);

/* "off", "network" or "address": the argument of MTASTSFetchLog. */
const char *mts_fetch_log_name(mts_fetch_log log);

/* The settings for the whole server; s may be any server_rec. */
const mts_report_config *mts_report_config_of(const server_rec *s);

/* The limits for reading a report, derived from MTASTSReportMaxSize. */
tlsrpt_limits mts_report_limits_of(const server_rec *s);

/* The endpoint's path in a server, its own or inherited; NULL if it has none. */
const char *mts_report_path_of(const server_rec *s);

#endif
