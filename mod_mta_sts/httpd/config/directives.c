/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/config/directives.h"

#include <apr_cstr.h>
#include <apr_strings.h>
#include <http_log.h>

#include "core/base/name.h"
#include "core/policy/policy.h"
#include "core/policy/repair.h"
#include "core/base/text.h"
#include "httpd/config/config.h"
#include "httpd/config/directive.h"
#include "httpd/config/pair_config.h"
#include "httpd/config/report_config.h"

#define BLOCK "<MTASTSPolicy"

static mts_config *config_of(const cmd_parms *cmd)
{
    return mts_config_of(cmd->server);
}

/* The settings that a directive changes: those of the enclosing block, or else of its server. */
static mts_settings *settings_of(const cmd_parms *cmd)
{
    mts_config *config = config_of(cmd);

    return config->open_block ? &config->open_block->settings : &config->own;
}

static const char *set_mode(cmd_parms *cmd, void *unused, const char *arg)
{
    mts_settings *settings = settings_of(cmd);
    mta_sts_mode mode;
    const char *error = mts_directive_refuse_context(cmd);

    (void)unused;
    if (error) {
        return error;
    }
    error = mta_sts_mode_parse(cmd->pool, arg, &mode);
    if (error) {
        return mts_directive_refuse_value(cmd, error);
    }
    if (settings->mode_at && settings->mode != mode) {
        return mts_directive_refuse_second(cmd, settings->mode_at);
    }
    settings->mode = mode;
    settings->mode_at = cmd->directive;
    return NULL;
}

static const char *set_max_age(cmd_parms *cmd, void *unused, const char *arg)
{
    mts_settings *settings = settings_of(cmd);
    apr_int64_t seconds;
    const char *error = mts_directive_refuse_context(cmd);

    (void)unused;
    if (error) {
        return error;
    }
    error = mta_sts_max_age_parse(cmd->pool, arg, &seconds);
    if (error) {
        return mts_directive_refuse_value(cmd, error);
    }
    if (settings->max_age_at && settings->max_age != seconds) {
        return mts_directive_refuse_second(cmd, settings->max_age_at);
    }
    settings->max_age = (int)seconds;
    settings->max_age_at = cmd->directive;
    return NULL;
}

static int holds(const apr_array_header_t *names, const char *name)
{
    int i;

    for (i = 0; i < names->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(names, i, const char *), name) == 0) {
            return 1;
        }
    }
    return 0;
}

/* The error for a value of MTASTSMx, with a corrected line if that can be determined. */
static const char *refuse_mx(cmd_parms *cmd, const char *error)
{
    const char *clauses, *args = cmd->directive->args;
    const char *right = mta_sts_repair_mx_args(cmd->pool, args, &clauses);

    return mts_directive_refuse_value(
        cmd, right ? apr_pstrcat(cmd->pool, mta_sts_text_quote(cmd->pool, args, strlen(args)), " ",
                                 clauses, ": write \"", cmd->cmd->name, " ", right, "\"", NULL)
                   : error);
}

static const char *add_mx(cmd_parms *cmd, mts_settings *settings, const char *arg)
{
    const char *pattern;
    const char *error = mta_sts_name_parse_mx(cmd->pool, arg, MTA_STS_NAME_ULABEL, &pattern);

    if (error) {
        return refuse_mx(cmd, error);
    }
    if (!settings->mx) {
        settings->mx = apr_array_make(cmd->pool, 1, sizeof(const char *));
        settings->mx_at = cmd->directive;
    }
    if (!holds(settings->mx, pattern)) {
        APR_ARRAY_PUSH(settings->mx, const char *) = pattern;
    }
    return NULL;
}

/* Splits the arguments itself, because httpd's ITERATE stops at an empty argument and ignores the
 * rest. */
static const char *add_mx_args(cmd_parms *cmd, void *unused, const char *args)
{
    const char *error = mts_directive_refuse_context(cmd);

    (void)unused;
    if (!error && !*args) {
        error = mts_directive_refuse_value(
            cmd, "an MX host is required, for example MTASTSMx mx1.example.com");
    }
    while (!error && *args) {
        error = add_mx(cmd, settings_of(cmd), mts_directive_next_arg(cmd, &args));
    }
    return error;
}

/* Copies the text between "<MTASTSPolicy" and ">" to *domains, which lives as long as the
 * configuration. */
static const char *cut_block_arguments(cmd_parms *cmd, const char *args, const char **domains)
{
    const char *end = ap_strrchr_c(args, '>');

    if (!end) {
        return BLOCK "> directive missing closing '>'";
    }
    if (end[1 + strspn(end + 1, " \t")]) {
        return apr_pstrcat(cmd->pool, BLOCK ">: unexpected text after '>': ",
                           mta_sts_text_quote(cmd->temp_pool, end + 1, strlen(end + 1)), NULL);
    }
    *domains = apr_pstrmemdup(cmd->pool, args, (apr_size_t)(end - args));
    return **domains ? NULL
                     : BLOCK "> requires a policy domain, for example " BLOCK " example.com>";
}

/* An upper bound of the number of arguments in a text. */
static apr_size_t count_args_max(const char *text)
{
    apr_size_t bound = 1;

    while ((text = strpbrk(text, " \t\"'")) != NULL) {
        bound++;
        text++;
    }
    return bound;
}

/*
 * Creates a block for the given policy domains, without any settings yet.
 *
 * @param block out: allocated from the configuration's pool
 */
static const char *make_block(cmd_parms *cmd, const char *args, mts_block **block)
{
    const char *domains, *domain, *error = cut_block_arguments(cmd, args, &domains);

    if (error) {
        return error;
    }
    *block = apr_pcalloc(cmd->pool, sizeof(mts_block) + count_args_max(domains) * sizeof(domain));
    (*block)->at = cmd->directive;
    while (*domains) {
        error =
            mta_sts_name_parse_domain(cmd->pool, mts_directive_next_arg(cmd, &domains), &domain);
        if (error) {
            return apr_pstrcat(cmd->pool, BLOCK ">: ", error, NULL);
        }
        (*block)->domains[(*block)->domain_count++] = domain;
    }
    return NULL;
}

/* Whether a directive is allowed in a block. */
static int is_policy_directive(const char *name)
{
    static const char *const names[] = {"MTASTSMode", "MTASTSMx", "MTASTSMaxAge"};
    apr_size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (apr_cstr_casecmp(name, names[i]) == 0) {
            return 1;
        }
    }
    return 0;
}

/* Rejects other directives inside a block, because they would silently apply to the enclosing
 * server. */
static const char *refuse_other_directives(cmd_parms *cmd)
{
    const ap_directive_t *child;

    for (child = cmd->directive->first_child; child; child = child->next) {
        if (!is_policy_directive(child->directive)) {
            cmd->err_directive = child;
            return apr_psprintf(cmd->pool,
                                "%s is not allowed inside " BLOCK
                                ">; allowed are MTASTSMode, MTASTSMx and MTASTSMaxAge",
                                child->directive);
        }
    }
    return NULL;
}

static const char *open_block(cmd_parms *cmd, void *unused, const char *args)
{
    mts_config *config = config_of(cmd);
    mts_block *block;
    const char *error = mts_directive_refuse_context(cmd);

    (void)unused;
    if (!error) {
        error = make_block(cmd, args, &block);
    }
    if (!error) {
        error = refuse_other_directives(cmd);
    }
    if (error) {
        return error;
    }
    *config->blocks_end = block;
    config->blocks_end = &block->next;
    config->open_block = block;
    error = ap_walk_config(cmd->directive->first_child, cmd, cmd->context);
    config->open_block = NULL;
    return error;
}

const command_rec mts_directives[] = {
    AP_INIT_TAKE1("MTASTSMode", set_mode, NULL, RSRC_CONF,
                  "The mode of the policy: none, testing (the default) or enforce"),
    AP_INIT_RAW_ARGS("MTASTSMx", add_mx_args, NULL, RSRC_CONF,
                     "One or more MX hosts, or *. and a domain, that mail for the policy domain "
                     "may be delivered to"),
    AP_INIT_TAKE1("MTASTSMaxAge", set_max_age, NULL, RSRC_CONF,
                  "How long senders may cache the policy: seconds, or with a suffix h, d or w "
                  "(default 604800, a week)"),
    AP_INIT_RAW_ARGS(BLOCK, open_block, NULL, RSRC_CONF,
                     "The policy of the policy domains named; inherits what it does not set"),
    AP_INIT_TAKE1("MTASTSReportPath", mts_report_set_path, NULL, RSRC_CONF,
                  "The URL path that accepts TLS reports, or off (the default)"),
    AP_INIT_TAKE2(
        "MTASTSReportMaxSize", mts_report_set_pair, NULL, RSRC_CONF,
        "The largest report: bytes as sent, and bytes after decompression (default 1M 10M)"),
    AP_INIT_TAKE2("MTASTSReportQuota", mts_report_set_pair, NULL, RSRC_CONF,
                  "Disk quotas: bytes of reports and bytes of the quarantine (default 1G 64M)"),
    AP_INIT_TAKE1("MTASTSReportLimit", mts_report_set_number, NULL, RSRC_CONF,
                  "Requests of one client address per minute, whatever the answer (default 60)"),
    AP_INIT_TAKE1("MTASTSReportKeep", mts_report_set_number, NULL, RSRC_CONF,
                  "Days after which a report is deleted (default 400)"),
    AP_INIT_TAKE1("MTASTSFetchLog", mts_report_set_fetch_log, NULL, RSRC_CONF,
                  "What is recorded of clients that request policies: off, network (the default: "
                  "IPv4 /24, IPv6 /48) or address (for a day)"),
    AP_INIT_TAKE1("MTASTSFetchLogKeep", mts_report_set_number, NULL, RSRC_CONF,
                  "Days after which records of requests for policies are deleted (default 90)"),
    AP_INIT_TAKE1("MTASTSCertificateDays", mts_report_set_number, NULL, RSRC_CONF,
                  "Days before expiry at which to warn about a certificate (default: a third of "
                  "its lifetime, 14 at most)"),
    AP_INIT_RAW_ARGS("MTASTSReportDomain", mts_report_add_domains, NULL, RSRC_CONF,
                     "Domains whose reports are accepted, in addition to those with a policy here"),
    AP_INIT_TAKE12(
        "MTASTSDatabase", mts_report_set_database, NULL, RSRC_CONF,
        "The index of the reports: sqlite3 and a file, or pgsql and \"conninfo\" (default "
        "sqlite3, in the state directory)"),
    AP_INIT_TAKE1("MTASTSHosting", mts_report_set_hosting, NULL, RSRC_CONF,
                  "Whether policies are also read from the database, without a reload: on or off "
                  "(the default)"),
    AP_INIT_RAW_ARGS("MTASTSCertificates", mts_pair_add_globs, NULL, RSRC_CONF,
                     "Wildcard paths of the key pairs that a TLS virtual host presents by the "
                     "client's server name: directories with fullchain.pem and privkey.pem, or "
                     ".crt files with .key files"),
    AP_INIT_TAKE1("MTASTSUnknownName", mts_pair_set_unknown_name, NULL, RSRC_CONF,
                  "What clients get for a policy host without a key pair: refuse (an alert, the "
                  "default) or fallback (the certificate of the virtual host)"),
    AP_INIT_TAKE1("MTASTSStateDir", mts_report_set_state_dir, NULL, RSRC_CONF,
                  "The directory of reports and index (default /var/lib/mod_mta_sts)"),
    {NULL, {NULL}, NULL, 0, RAW_ARGS, NULL},
};
