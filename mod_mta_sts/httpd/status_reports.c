/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/status_reports.h"

const mod_status_reports *mod_status_reports_of(request_rec *r, const mod_status_query *query,
                                                apr_time_t now)
{
    mod_status_reports *reports = apr_pcalloc(r->pool, sizeof(*reports));

    (void)query;
    (void)now;
    reports->problem = "There is no index of the reports";
    return reports;
}

apr_hash_t *mod_status_shares_of(request_rec *r, const apr_array_header_t *names, apr_time_t since)
{
    (void)r;
    (void)names;
    (void)since;
    return NULL;
}

const char *const mod_status_results[MOD_STATUS_RESULTS] = {
    "success",
    "starttls-not-supported",
    "certificate-host-mismatch",
    "certificate-expired",
    "certificate-not-trusted",
    "validation-failure",
    "tlsa-invalid",
    "dnssec-invalid",
    "dane-required",
    "sts-policy-fetch-error",
    "sts-policy-invalid",
    "sts-webpki-invalid",
    "other",
    "not-told",
};

apr_array_header_t *mod_status_series_of(request_rec *r, const mod_domains *domains,
                                         const mod_status_query *query, apr_time_t now,
                                         int *left_out)
{
    (void)r;
    (void)domains;
    (void)query;
    (void)now;
    *left_out = 0;
    return NULL;
}

void mod_status_reports_register_hooks(void)
{
}
