/* SPDX-License-Identifier: Apache-2.0 */
/* The directives about reports and their storage. */
#include <stddef.h>

#include <apr_cstr.h>
#include <apr_strings.h>

#include "core/database/database.h"
#include "core/base/name.h"
#include "core/base/number.h"
#include "core/base/text.h"
#include "httpd/config/config.h"
#include "httpd/config/directive.h"
#include "httpd/config/report_config.h"
#include "tlsrpt/report/limits.h"
#include "tlsrpt/report/report.h"
#include "tlsrpt/spool/spool.h"

#define KIB APR_INT64_C(1024)

#define POLICY_PATH "/.well-known/mta-sts.txt"
#define CHALLENGE_PATH "/.well-known/acme-challenge" /* RFC 8555 section 8.3 */

static mts_report_config *config_of(const cmd_parms *cmd)
{
    return mts_config_of(cmd->server)->reports;
}

static const char *refuse_text(cmd_parms *cmd, const char *text, const char *why)
{
    return apr_pstrcat(cmd->pool, cmd->cmd->name, ": ",
                       mta_sts_text_quote(cmd->temp_pool, text, strlen(text)), " ", why, NULL);
}

/* Whether the directive was already set to another value; repeating a value is harmless. */
static int is_second(const cmd_parms *cmd, const ap_directive_t *first)
{
    return first && strcmp(first->args, cmd->directive->args) != 0;
}

/* --- numbers --- */

/* One number in a directive: its range, and where it is stored. */
typedef struct number_rule {
    const char *directive;
    const char *(*parse)(apr_pool_t *p, const char *text, apr_int64_t min, apr_int64_t max,
                         apr_int64_t *value);
    apr_int64_t min, max;
    apr_size_t value, at; /* offsets in mts_report_config */
} number_rule;

#define RULE(directive, parse, min, max, value, at)                                                \
    {                                                                                              \
        directive, parse, min, max, offsetof(mts_report_config, value),                            \
            offsetof(mts_report_config, at)                                                        \
    }

/* The two numbers of the same directive must be adjacent. */
static const number_rule number_rules[] = {
    RULE("MTASTSReportMaxSize", mta_sts_size_parse, KIB, TLSRPT_SENT_MAX, max_sent, max_size_at),
    RULE("MTASTSReportMaxSize", mta_sts_size_parse, KIB, TLSRPT_INFLATED_MAX, max_inflated,
         max_size_at),
    RULE("MTASTSReportQuota", mta_sts_size_parse, TLSRPT_QUOTA_MIN, TLSRPT_QUOTA_MAX, spool_quota,
         quota_at),
    RULE("MTASTSReportQuota", mta_sts_size_parse, TLSRPT_QUOTA_MIN, TLSRPT_QUOTA_MAX,
         quarantine_quota, quota_at),
    RULE("MTASTSReportLimit", mta_sts_number_parse, 1, 1000000, per_minute, limit_at),
    RULE("MTASTSCertificateDays", mta_sts_number_parse, 1, 3650, certificate_days,
         certificate_days_at),
    RULE("MTASTSReportKeep", mta_sts_number_parse, 1, 36500, keep_days, keep_at),
    RULE("MTASTSFetchLogKeep", mta_sts_number_parse, 1, 3650, fetch_keep_days, fetch_keep_at),
};

static const number_rule *rule_of(const cmd_parms *cmd)
{
    const number_rule *rule = number_rules;

    while (apr_cstr_casecmp(rule->directive, cmd->cmd->name) != 0) {
        rule++;
    }
    return rule;
}

static const char *set_numbers(cmd_parms *cmd, const char *const *args, int count)
{
    const number_rule *rule = rule_of(cmd);
    char *config = (char *)config_of(cmd);
    const ap_directive_t **at = (const ap_directive_t **)(config + rule->at);
    const char *error = mts_directive_refuse_not_global(cmd);
    int i;

    if (error) {
        return error;
    }
    if (is_second(cmd, *at)) {
        return mts_directive_refuse_second(cmd, *at);
    }
    *at = cmd->directive;
    for (i = 0; i < count; i++, rule++) {
        error = rule->parse(cmd->pool, args[i], rule->min, rule->max,
                            (apr_int64_t *)(config + rule->value));
        if (error) {
            return mts_directive_refuse_value(cmd, error);
        }
    }
    return NULL;
}

const char *mts_report_set_number(cmd_parms *cmd, void *unused, const char *number)
{
    (void)unused;
    return set_numbers(cmd, &number, 1);
}

/* Rejects a limit for inflated reports that is smaller than the limit for sent ones, because a
 * report may be sent uncompressed. */
static const char *refuse_size(cmd_parms *cmd)
{
    const mts_report_config *config = config_of(cmd);

    if (config->max_inflated >= config->max_sent) {
        return NULL;
    }
    return refuse_text(cmd, cmd->directive->args,
                       "allows fewer bytes inflated than sent; write the size as sent first, then "
                       "the size inflated, like 1M 10M");
}

const char *mts_report_set_pair(cmd_parms *cmd, void *unused, const char *one, const char *other)
{
    const char *const args[] = {one, other};
    const char *error = set_numbers(cmd, args, 2);

    (void)unused;
    return error ? error : refuse_size(cmd);
}

/* --- paths --- */

/* Whether a path consists of the characters that RFC 3986 section 3.3 allows, without
 * percent-encoding, because the path of a request is compared as it was sent. */
static int is_url_path(const char *path)
{
    for (; *path; path++) {
        if (!mta_sts_text_is_alnum(*path) && !strchr("/-._~!$&'()*+,;=:@", *path)) {
            return 0;
        }
    }
    return 1;
}

/* Whether a path has segments that clients remove before they send a request (RFC 3986 section
 * 5.2.4), or empty ones. */
static int has_dots_or_gaps(const char *path)
{
    static const char *const segments[] = {"/", "./", "../"};
    apr_size_t i;

    for (path = strchr(path, '/'); path; path = strchr(path + 1, '/')) {
        for (i = 0; i < sizeof(segments) / sizeof(segments[0]); i++) {
            apr_size_t len = strlen(segments[i]);

            if (strncmp(path + 1, segments[i], len) == 0 ||
                (i > 0 && strlen(path + 1) == len - 1 &&
                 strncmp(path + 1, segments[i], len - 1) == 0)) {
                return 1;
            }
        }
    }
    return 0;
}

static const char *refuse_path(cmd_parms *cmd, const char *path)
{
    if (strstr(path, "://")) {
        return refuse_text(cmd, path,
                           "is not allowed; write its path alone: a URL path that begins with / "
                           "like /tlsrpt");
    }
    if (strcmp(path, "/") == 0 && !cmd->server->is_virtual) {
        return refuse_text(cmd, path,
                           "is not allowed outside virtual hosts, since it is the home page of "
                           "every site; allowed are a longer URL path like /tlsrpt, and off");
    }
    if (path[0] != '/') {
        return refuse_text(cmd, path,
                           "is not allowed; allowed are a URL path that begins with / like "
                           "/tlsrpt, and off");
    }
    if (!is_url_path(path)) {
        return refuse_text(cmd, path,
                           "is not allowed; a URL path is made of letters, digits, / and "
                           "-._~!$&'()*+,;=:@, without query and without % escapes");
    }
    if (has_dots_or_gaps(path)) {
        return refuse_text(
            cmd, path,
            "is not allowed, because clients remove //, /./ and /../ from URLs: write it "
            "without them, like /tlsrpt");
    }
    if (strcmp(path, POLICY_PATH) == 0 ||
        strncmp(path, CHALLENGE_PATH, strlen(CHALLENGE_PATH)) == 0) {
        return refuse_text(cmd, path,
                           "is not allowed; this path belongs to policies, or to certificates: "
                           "write another like /tlsrpt");
    }
    return NULL;
}

const char *mts_report_set_path(cmd_parms *cmd, void *unused, const char *path)
{
    mts_report_path *own = &mts_config_of(cmd->server)->report_path;
    int is_off = apr_cstr_casecmp(path, "off") == 0;
    const char *error = mts_directive_refuse_context(cmd);

    (void)unused;
    if (!error && !is_off) {
        error = refuse_path(cmd, path);
    }
    if (!error && is_second(cmd, own->at)) {
        error = mts_directive_refuse_second(cmd, own->at);
    }
    if (error) {
        return error;
    }
    own->path = is_off ? NULL : path;
    own->at = cmd->directive;
    return NULL;
}

static const char *refuse_file_path(cmd_parms *cmd, const char *path)
{
    const char *c;

    if (path[0] != '/') {
        return refuse_text(cmd, path, "is not an absolute path: write one that begins with /");
    }
    for (c = path; *c; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f) {
            return refuse_text(cmd, path, "contains a control character: remove it");
        }
    }
    return strspn(path, "/") == strlen(path)
               ? refuse_text(cmd, path, "is the root of the file system: use a dedicated directory")
               : NULL;
}

const char *mts_report_set_state_dir(cmd_parms *cmd, void *unused, const char *path)
{
    mts_report_config *config = config_of(cmd);
    const char *error = mts_directive_refuse_not_global(cmd);
    apr_size_t len = strlen(path);

    (void)unused;
    if (!error) {
        error = refuse_file_path(cmd, path);
    }
    if (!error && is_second(cmd, config->state_dir_at)) {
        error = mts_directive_refuse_second(cmd, config->state_dir_at);
    }
    if (error) {
        return error;
    }
    while (path[len - 1] == '/') {
        len--;
    }
    config->state_dir = apr_pstrmemdup(cmd->pool, path, len);
    config->state_dir_at = cmd->directive;
    return NULL;
}

/* --- domains --- */

static const char *add_domain(cmd_parms *cmd, const char *arg)
{
    apr_array_header_t *domains = config_of(cmd)->domains;
    const char *domain;
    const char *error = mta_sts_name_parse_domain(cmd->pool, arg, &domain);
    int i;

    if (error) {
        return mts_directive_refuse_value(cmd, error);
    }
    for (i = 0; i < domains->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(domains, i, const char *), domain) == 0) {
            return NULL;
        }
    }
    APR_ARRAY_PUSH(domains, const char *) = domain;
    return NULL;
}

/* Splits the arguments here, since httpd's ITERATE stops at an empty argument and ignores the
 * rest. */
const char *mts_report_add_domains(cmd_parms *cmd, void *unused, const char *args)
{
    const char *error = mts_directive_refuse_not_global(cmd);

    (void)unused;
    if (!error && !*args) {
        error = mts_directive_refuse_value(
            cmd, "a domain is required, for example MTASTSReportDomain example.com");
    }
    while (!error && *args) {
        error = add_domain(cmd, mts_directive_next_arg(cmd, &args));
    }
    return error;
}

/* --- the database --- */

static const char *refuse_database(cmd_parms *cmd, const char *driver, const char *database)
{
    const char *error;

    if (strcmp(driver, "sqlite3") == 0) {
        return database ? refuse_file_path(cmd, database) : NULL;
    }
    if (strcmp(driver, "pgsql") == 0) {
        error = database ? mta_sts_database_validate(cmd->temp_pool, driver, database)
                         : "pgsql requires a connection string, for example MTASTSDatabase "
                           "pgsql \"host=db.example.com dbname=mta_sts user=mta_sts\"";
        return error ? mts_directive_refuse_value(cmd, error) : NULL;
    }
    return refuse_text(cmd, driver,
                       "is not a database; allowed are sqlite3 [FILE] and pgsql \"conninfo\"");
}

const char *mts_report_set_hosting(cmd_parms *cmd, void *unused, const char *value)
{
    mts_report_config *config = config_of(cmd);
    const char *error = mts_directive_refuse_not_global(cmd);
    int is_on = apr_cstr_casecmp(value, "on") == 0;

    (void)unused;
    if (!error && !is_on && apr_cstr_casecmp(value, "off") != 0) {
        error = refuse_text(cmd, value, "is not allowed; allowed are on and off");
    }
    if (!error && is_second(cmd, config->is_hosting_at)) {
        error = mts_directive_refuse_second(cmd, config->is_hosting_at);
    }
    if (!error) {
        config->is_hosting = is_on;
        config->is_hosting_at = cmd->directive;
    }
    return error;
}

const char *mts_report_set_fetch_log(cmd_parms *cmd, void *unused, const char *value)
{
    mts_report_config *config = config_of(cmd);
    const char *error = mts_directive_refuse_not_global(cmd);
    int log = MTS_FETCH_LOG_ADDRESS;

    (void)unused;
    while (log >= 0 && apr_cstr_casecmp(value, mts_fetch_log_name((mts_fetch_log)log)) != 0) {
        log--;
    }
    if (!error && log < 0) {
        error = refuse_text(cmd, value, "is not allowed; allowed are off, network and address");
    }
    if (!error && is_second(cmd, config->fetch_log_at)) {
        error = mts_directive_refuse_second(cmd, config->fetch_log_at);
    }
    if (!error) {
        config->fetch_log = (mts_fetch_log)log;
        config->fetch_log_at = cmd->directive;
    }
    return error;
}

/* The contradicting value is not shown: it may contain a password. */
const char *mts_report_set_database(cmd_parms *cmd, void *unused, const char *driver,
                                    const char *database)
{
    mts_report_config *config = config_of(cmd);
    const char *error = mts_directive_refuse_not_global(cmd);

    (void)unused;
    if (!error) {
        error = refuse_database(cmd, driver, database);
    }
    if (!error && is_second(cmd, config->database_at)) {
        error = apr_pstrcat(cmd->pool, cmd->cmd->name, " contradicts the one at ",
                            mts_config_location(cmd->temp_pool, config->database_at),
                            ": remove one of them", NULL);
    }
    if (error) {
        return error;
    }
    config->driver = driver;
    config->database = database;
    config->database_at = cmd->directive;
    return NULL;
}
