/* SPDX-License-Identifier: Apache-2.0 */
#include "core/policy/host.h"

#include <string.h>

#include <apr_strings.h>

static void locate(mta_sts_findings *findings, int from, mta_sts_location location)
{
    for (; from < findings->list->nelts; from++) {
        mta_sts_finding *finding = &APR_ARRAY_IDX(findings->list, from, mta_sts_finding);

        finding->file = location.file;
        finding->line = location.line;
    }
}

static const char *location_text(apr_pool_t *p, mta_sts_location location)
{
    return location.line ? apr_psprintf(p, "%s:%d", location.file, location.line) : location.file;
}

/* This is the normal state before certbot has run. */
static void report_no_https(const mta_sts_policy_host *facts, mta_sts_findings *findings)
{
    int from = findings->list->nelts;

    mta_sts_finding_add(findings, MTA_STS_INFO, "https-missing", facts->host,
                        apr_psprintf(findings->pool, "run: certbot --apache -d %s", facts->host),
                        "no https virtual host answers for it yet, and senders use https only");
    locate(findings, from, facts->http.at);
}

/* certbot copies the http virtual host only once: later changes to the http one do not reach
 * senders. */
static void check_agreement(const mta_sts_policy_host *facts, mta_sts_findings *findings)
{
    apr_pool_t *p = findings->pool;
    int from = findings->list->nelts;
    const char *fix, *here, *there;

    if (!facts->http.text || (facts->https.text && !strcmp(facts->http.text, facts->https.text))) {
        return;
    }
    here = location_text(p, facts->http.at);
    there = location_text(p, facts->https.at);
    fix = apr_psprintf(p,
                       "make the same change at %s, or move the policy into a <MTASTSPolicy %s> "
                       "block in the server configuration",
                       there, facts->domain);
    if (facts->https.text) {
        mta_sts_finding_add(findings, MTA_STS_WARNING, "policy-differs", facts->host, fix,
                            "the http virtual host has a different policy (%s) than the https one "
                            "(%s), which senders see",
                            here, there);
    }
    else {
        mta_sts_finding_add(findings, MTA_STS_WARNING, "policy-only-http", facts->host, fix,
                            "the http virtual host has a policy (%s), but the https one, which "
                            "senders use, has none (%s)",
                            here, there);
    }
    locate(findings, from, facts->http.at);
}

static void check_certificates(const mta_sts_policy_host *facts, apr_time_t now,
                               mta_sts_findings *findings)
{
    const char *fix =
        apr_psprintf(findings->pool, "run: certbot --apache -d %s (with mod_md: add MDomain %s)",
                     facts->host, facts->host);
    int from = findings->list->nelts, i;

    for (i = 0; facts->certificates && i < facts->certificates->nelts; i++) {
        const mta_sts_certificate *certificate =
            APR_ARRAY_IDX(facts->certificates, i, mta_sts_certificate *);

        if (!facts->has_other_chain || certificate->trust == MTA_STS_TRUST_SELF_SIGNED) {
            mta_sts_certificate_trust_check(certificate, facts->host, findings);
        }
        mta_sts_certificate_check(certificate, facts->host, now, fix, findings);
    }
    if (facts->certificates && facts->certificates->nelts == 0) {
        mta_sts_finding_add(findings, MTA_STS_INFO, "certificate-missing", facts->host,
                            "wait for mod_md to obtain it, or check httpd's log for the reason",
                            "the https virtual host has no certificate yet");
    }
    locate(findings, from, facts->https_at);
}

void mta_sts_policy_host_check(const mta_sts_policy_host *facts, apr_time_t now,
                               mta_sts_findings *findings)
{
    if (!facts->has_https) {
        report_no_https(facts, findings);
        return;
    }
    check_agreement(facts, findings);
    check_certificates(facts, now, findings);
}
