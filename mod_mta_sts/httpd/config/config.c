/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/config/config.h"

#include <apr_strings.h>

#include "core/database/database.h"
#include "httpd/shared/module.h"
#include "tlsrpt/spool/spool.h"

static mts_report_config *make_report_config(apr_pool_t *p)
{
    mts_report_config *config = apr_pcalloc(p, sizeof(*config));

    config->max_sent = 1 << 20;
    config->max_inflated = 10 << 20;
    config->spool_quota = TLSRPT_QUOTA_REPORTS;
    config->quarantine_quota = TLSRPT_QUOTA_QUARANTINE;
    config->per_minute = 60;
    config->keep_days = 400;
    config->fetch_log = MTS_FETCH_LOG_NETWORK;
    config->fetch_keep_days = 90;
    config->domains = apr_array_make(p, 1, sizeof(const char *));
    config->driver = MTA_STS_DATABASE_SQLITE;
    config->state_dir = MTS_STATE_DIR;
    return config;
}

void *mts_config_create(apr_pool_t *p, server_rec *s)
{
    mts_config *config = apr_pcalloc(p, sizeof(*config));

    config->server = s;
    config->main = config;
    config->blocks_end = &config->blocks;
    if (!s->is_virtual) {
        config->reports = make_report_config(p);
    }
    return config;
}

void *mts_config_merge(apr_pool_t *p, void *base, void *add)
{
    mts_config *main = base;
    mts_config *config = apr_pmemdup(p, add, sizeof(*config));

    config->main = main;
    config->reports = main->reports;
    if (!config->report_path.at) {
        config->report_path = main->report_path;
    }
    config->plain = mts_settings_inherit(&main->own, &config->own);
    return config;
}

mts_config *mts_config_own(const server_rec *s)
{
    mts_config *config = mts_config_of(s);

    return config->server == s ? config : NULL;
}

mts_settings mts_settings_inherit(const mts_settings *outer, const mts_settings *inner)
{
    mts_settings settings = *inner;

    if (inner->mode == MTA_STS_MODE_UNSET) {
        settings.mode = outer->mode;
        settings.mode_at = outer->mode_at;
    }
    if (!inner->max_age) {
        settings.max_age = outer->max_age;
        settings.max_age_at = outer->max_age_at;
    }
    if (!inner->mx) {
        settings.mx = outer->mx;
        settings.mx_at = outer->mx_at;
    }
    return settings;
}

int mts_settings_are_set(const mts_settings *settings)
{
    return settings->mode_at || settings->max_age_at || settings->mx_at;
}

const char *mts_config_location(apr_pool_t *p, const ap_directive_t *directive)
{
    return apr_psprintf(p, "%s:%d", directive->filename, directive->line_num);
}

const char *mts_config_server_name(apr_pool_t *p, const server_rec *s)
{
    if (!s->is_virtual) {
        return "main server";
    }
    return apr_psprintf(p, "virtual host %s:%u (%s:%u)",
                        s->server_hostname ? s->server_hostname : "without ServerName",
                        s->addrs ? (unsigned)s->addrs->host_port : (unsigned)s->port, s->defn_name,
                        s->defn_line_number);
}
