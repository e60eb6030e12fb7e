/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/config/config.h"

#include <apr_strings.h>

#include "httpd/shared/module.h"

void *mod_config_create(apr_pool_t *p, server_rec *s)
{
    mod_config *config = apr_pcalloc(p, sizeof(*config));

    config->server = s;
    config->main = config;
    config->blocks_end = &config->blocks;
    if (!s->is_virtual) {
        config->reports = mod_report_config_make(p);
    }
    return config;
}

void *mod_config_merge(apr_pool_t *p, void *base, void *add)
{
    mod_config *main = base;
    mod_config *config = apr_pmemdup(p, add, sizeof(*config));

    config->main = main;
    config->reports = main->reports;
    if (!config->report_path.at) {
        config->report_path = main->report_path;
    }
    config->plain = mod_settings_inherit(&main->own, &config->own);
    return config;
}

mod_config *mod_config_of(const server_rec *s)
{
    return ap_get_module_config(s->module_config, &mta_sts_module);
}

mod_config *mod_config_own(const server_rec *s)
{
    mod_config *config = mod_config_of(s);

    return config->server == s ? config : NULL;
}

mod_settings mod_settings_inherit(const mod_settings *outer, const mod_settings *inner)
{
    mod_settings settings = *inner;

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

int mod_settings_told(const mod_settings *settings)
{
    return settings->mode_at || settings->max_age_at || settings->mx_at;
}

const char *mod_config_place(apr_pool_t *p, const ap_directive_t *directive)
{
    return apr_psprintf(p, "%s:%d", directive->filename, directive->line_num);
}

const char *mod_config_server_name(apr_pool_t *p, const server_rec *s)
{
    if (!s->is_virtual) {
        return "main server";
    }
    return apr_psprintf(p, "virtual host %s:%u (%s:%u)",
                        s->server_hostname ? s->server_hostname : "without ServerName",
                        s->addrs ? (unsigned)s->addrs->host_port : (unsigned)s->port, s->defn_name,
                        s->defn_line_number);
}
