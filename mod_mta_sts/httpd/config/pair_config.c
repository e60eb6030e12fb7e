/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/config/pair_config.h"

#include <string.h>

#include <apr_cstr.h>
#include <apr_strings.h>

#include "core/base/text.h"
#include "httpd/config/config.h"
#include "httpd/config/directive.h"
#include "httpd/config/vhost_names.h"

/* httpd creates a separate mts_config for each virtual host that has a directive of this module. */
static const char *refuse_context(cmd_parms *cmd)
{
    const char *error = mts_directive_refuse_context(cmd);

    return error || cmd->server->is_virtual
               ? error
               : mts_directive_refuse_value(
                     cmd, "only allowed in a <VirtualHost>: the one that answers for mta-sts.*");
}

static mts_pair_config *config_of(const cmd_parms *cmd)
{
    return &mts_config_of(cmd->server)->pairs;
}

static const char *add_glob(cmd_parms *cmd, const char *glob)
{
    mts_pair_config *config = config_of(cmd);
    const char *path = *glob ? ap_server_root_relative(cmd->pool, glob) : NULL;

    if (!path) {
        return mts_directive_refuse_value(
            cmd, apr_pstrcat(cmd->pool, mta_sts_text_quote(cmd->pool, glob, strlen(glob)),
                             " is not a path", NULL));
    }
    if (!config->globs) {
        config->globs = apr_array_make(cmd->pool, 1, sizeof(const char *));
        config->globs_at = cmd->directive;
    }
    APR_ARRAY_PUSH(config->globs, const char *) = path;
    return NULL;
}

const char *mts_pair_add_globs(cmd_parms *cmd, void *unused, const char *args)
{
    const char *error = refuse_context(cmd);

    (void)unused;
    if (!error && !*args) {
        error = mts_directive_refuse_value(
            cmd, "a path is required, for example MTASTSCertificates \"/etc/letsencrypt/live/*\"");
    }
    while (!error && *args) {
        error = add_glob(cmd, mts_directive_next_arg(cmd, &args));
    }
    return error;
}

const char *mts_pair_set_unknown_name(cmd_parms *cmd, void *unused, const char *value)
{
    mts_pair_config *config = config_of(cmd);
    const char *error = refuse_context(cmd);
    int is_fallback = apr_cstr_casecmp(value, "fallback") == 0;

    (void)unused;
    if (!error && !is_fallback && apr_cstr_casecmp(value, "refuse") != 0) {
        error = mts_directive_refuse_value(
            cmd, apr_pstrcat(cmd->pool, mta_sts_text_quote(cmd->pool, value, strlen(value)),
                             " is not allowed; allowed are refuse and fallback", NULL));
    }
    if (!error && config->is_fallback_at && config->is_fallback != is_fallback) {
        error = mts_directive_refuse_second(cmd, config->is_fallback_at);
    }
    if (!error) {
        config->is_fallback = is_fallback;
        config->is_fallback_at = cmd->directive;
    }
    return error;
}

static mts_pair_config *own_config(const server_rec *s)
{
    mts_config *own = mts_config_own(s);

    return own && own->pairs.globs ? &own->pairs : NULL;
}

const mts_pair_config *mts_pair_config_of(const server_rec *s)
{
    return own_config(s);
}

/* --- checks --- */

static int have_same_globs(const mts_pair_config *one, const mts_pair_config *other)
{
    int i;

    for (i = 0; i < one->globs->nelts && i < other->globs->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(one->globs, i, const char *),
                   APR_ARRAY_IDX(other->globs, i, const char *)) != 0) {
            return 0;
        }
    }
    return one->globs->nelts == other->globs->nelts;
}

static mta_sts_pairs_users find_same(const server_rec *main, const server_rec *before,
                                     const mts_pair_config *config)
{
    const server_rec *s;

    for (s = main; s != before; s = s->next) {
        const mts_pair_config *other = own_config(s);

        if (other && have_same_globs(config, other)) {
            return other->user;
        }
    }
    return 0;
}

static void locate(mta_sts_finding *finding, const ap_directive_t *at)
{
    finding->file = at->filename;
    finding->line = at->line_num;
}

static void check_use(const server_rec *s, mta_sts_findings *findings)
{
    const mts_config *own = mts_config_own(s);
    const ap_directive_t *at = NULL;
    const char *name, *reason;

    if (own && own->pairs.globs && !mts_vhost_names_https(s)) {
        at = own->pairs.globs_at;
        reason = "the virtual host does not use TLS: set SSLEngine on in it";
    }
    else if (own && !own->pairs.globs && own->pairs.is_fallback_at) {
        at = own->pairs.is_fallback_at;
        reason = "the virtual host has no MTASTSCertificates";
    }
    if (at) {
        name = s->server_hostname ? s->server_hostname : at->directive;
        locate(mta_sts_finding_add(findings, MTA_STS_WARNING, "pairs-unused", name, NULL,
                                   "%s has no effect, because %s", at->directive, reason),
               at);
    }
}

void mts_pair_config_resolve(server_rec *main, mta_sts_findings *findings)
{
    int count = 0;
    server_rec *s;

    for (s = main; s; s = s->next) {
        mts_pair_config *config = own_config(s);

        check_use(s, findings);
        if (!config) {
            continue;
        }
        config->user = find_same(main, s, config);
        if (!config->user && count == MTA_STS_PAIRS_USERS_MAX) {
            locate(mta_sts_finding_add(
                       findings, MTA_STS_ERROR, "pairs-too-many", config->globs_at->directive,
                       "use the same MTASTSCertificates in several virtual hosts",
                       "more than %d virtual hosts have different ones", MTA_STS_PAIRS_USERS_MAX),
                   config->globs_at);
        }
        else if (!config->user) {
            config->user = (mta_sts_pairs_users)1 << count++;
        }
    }
}
