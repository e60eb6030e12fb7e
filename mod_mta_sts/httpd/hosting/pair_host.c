/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/hosting/pair_host.h"

#include <apr_strings.h>

#include "httpd/config/config.h"
#include "httpd/hosting/pairs.h"
#include "httpd/hosting/renewal.h"

typedef struct collector {
    apr_pool_t *p;
    int warning_days;
    apr_array_header_t *certificates;
} collector;

static int collect(void *baton, const mta_sts_pairs_choice *choice)
{
    collector *c = baton;
    int kind;

    c->certificates = apr_array_make(c->p, 2, sizeof(mta_sts_certificate *));
    for (kind = 0; kind < MTA_STS_PAIR_KINDS; kind++) {
        const mta_sts_pairs_slot *slot = choice->by_kind[kind];

        if (slot) {
            mta_sts_certificate *of = mta_sts_certificate_of(c->p, slot->pair->leaf);

            of->path = apr_pstrdup(c->p, slot->files.certificate);
            of->warning_days = c->warning_days;
            APR_ARRAY_PUSH(c->certificates, const mta_sts_certificate *) = of;
        }
    }
    return 1;
}

apr_array_header_t *mts_pair_host_certificates(const server_rec *s, const char *host, apr_pool_t *p)
{
    const mts_pair_config *config = mts_pair_config_of(s);
    collector c = {p, (int)mts_report_config_of(s)->certificate_days, NULL};

    if (config && mts_pairs_are_used()) {
        mts_renewal_apply();
        mts_pairs_find(config->user, host, collect, &c);
    }
    return c.certificates;
}

static int is_covered(const apr_array_header_t *own, const char *host)
{
    int i;

    for (i = 0; own && i < own->nelts; i++) {
        const mta_sts_certificate *of = APR_ARRAY_IDX(own, i, const mta_sts_certificate *);

        if (!of->error && mta_sts_certificate_names(of, host)) {
            return 1;
        }
    }
    return 0;
}

int mts_pair_host_report_missing(const server_rec *s, const char *host,
                                 const apr_array_header_t *own, mta_sts_findings *findings)
{
    const mts_pair_config *config = mts_pair_config_of(s);
    mta_sts_finding *finding;

    if (!config || !mts_pairs_are_used() || is_covered(own, host)) {
        return 0;
    }
    finding = mta_sts_finding_add(
        findings, MTA_STS_ERROR, "pair-missing", host,
        "have a certificate issued for it; if there is one, check that MTASTSCertificates matches "
        "its files",
        "no key pair covers this policy host, so clients get %s",
        config->is_fallback ? "a certificate with another name" : "a TLS alert");
    finding->file = config->globs_at->filename;
    finding->line = config->globs_at->line_num;
    return 1;
}
