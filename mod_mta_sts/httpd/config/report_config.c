/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/config/report_config.h"

#include "httpd/config/config.h"
#include "tlsrpt/report/limits.h"

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

const char *mts_fetch_log_name(mts_fetch_log log)
{
    static const char *const names[] = {
        [MTS_FETCH_LOG_OFF] = "off",
        [MTS_FETCH_LOG_NETWORK] = "network",
        [MTS_FETCH_LOG_ADDRESS] = "address",
    };

    return names[log];
}
