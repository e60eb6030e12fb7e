/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/config/report_config.h"

#include "httpd/config/config.h"
#include "tlsrpt/report/limits.h"
#include "tlsrpt/spool/spool.h"

mts_report_config *mts_report_config_make(apr_pool_t *p)
{
    mts_report_config *config = apr_pcalloc(p, sizeof(*config));

    config->max_sent = 1 << 20;
    config->max_inflated = 10 << 20;
    config->spool_quota = TLSRPT_QUOTA_REPORTS;
    config->quarantine_quota = TLSRPT_QUOTA_QUARANTINE;
    config->per_minute = 60;
    config->keep_days = 400;
    config->domains = apr_array_make(p, 1, sizeof(const char *));
    config->driver = "sqlite3";
    config->state_dir = MTS_STATE_DIR;
    return config;
}

const mts_report_config *mts_report_config_of(const server_rec *s)
{
    return mts_config_of(s)->reports;
}

const char *mts_report_path_of(const server_rec *s)
{
    return mts_config_of(s)->report_path.path;
}

tlsrpt_limits mts_report_limits_of(const server_rec *s)
{
    const mts_report_config *config = mts_report_config_of(s);
    tlsrpt_limits limits = tlsrpt_limits_default;

    limits.sent = (apr_size_t)config->max_sent;
    limits.inflated = (apr_size_t)config->max_inflated;
    limits.memory = TLSRPT_MEMORY_OF(limits.inflated);
    return limits;
}
