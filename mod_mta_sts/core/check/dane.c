/* SPDX-License-Identifier: Apache-2.0 */
/* The TLSA records of the MX hosts: what senders that support DANE do, in any mode. */
#include <string.h>

#include <apr_strings.h>

#include "core/base/format.h"
#include "core/check/dangling_alias.h"
#include "core/check/judge.h"
#include "core/check/tlsa.h"
#include "core/policy/provider.h"

/* Senders do not query TLSA records of hosts whose addresses are not signed (RFC 7672 section
 * 2.2.2). */
static int is_unsigned(const mta_sts_check_mx *mx)
{
    return mx->a.dnssec == MTA_STS_DNSSEC_INSECURE || mx->aaaa.dnssec == MTA_STS_DNSSEC_INSECURE;
}

/* Stores for the verdict what senders that support DANE do; the verdict names only the first
 * host. */
static void note(mta_sts_judge *judge, const char *host, const char *what)
{
    if (!judge->result->verdict.dane) {
        judge->result->verdict.dane =
            apr_psprintf(judge->p, "senders that support DANE %s %s, in any mode", what, host);
    }
}

/* A lookup that timed out here may work elsewhere, so it is named only if nothing worse is known.
 * Senders treat it like a failure (RFC 7672 section 2.1). */
static void note_timeouts(mta_sts_judge *judge)
{
    const apr_array_header_t *mxs = judge->facts->mxs;
    int i;

    for (i = 0; i < mxs->nelts; i++) {
        const mta_sts_check_mx *mx = APR_ARRAY_IDX(mxs, i, const mta_sts_check_mx *);

        if (mx->tlsa.status == MTA_STS_ANSWER_TIMEOUT && !is_unsigned(mx)) {
            note(judge, mx->host,
                 "may be unable to look up the TLSA records, which timed out here, and then defer "
                 "mail to");
        }
    }
}

static const char *fix(apr_pool_t *p, const char *host, const apr_array_header_t *chain)
{
    const mta_sts_provider *provider = mta_sts_provider_of_host(host);
    const char *record = mta_sts_tlsa_record(p, chain);

    if (provider) {
        return apr_psprintf(p, "your mail provider, %s, runs this host: report it there",
                            provider->name);
    }
    return record ? apr_psprintf(p,
                                 "publish \"_25._tcp.%s. IN TLSA %s\", which matches the key in "
                                 "use, and delete the old records once their TTL has passed; "
                                 "before the next key change, publish the record of the new key, "
                                 "wait for the TTL, and only then change the key",
                                 host, record)
                  : NULL;
}

/* Senders that support DANE refuse to deliver, because no record matches the certificate. */
static void add_mismatch(mta_sts_judge *judge, const mta_sts_check_mx *mx,
                         const mta_sts_mx_probe *probe, mta_sts_findings *findings,
                         const char *what)
{
    mta_sts_finding_add(findings, MTA_STS_ERROR, "tlsa-mismatch", mx->host,
                        fix(judge->p, mx->host, probe->peer.chain),
                        "%s: senders that support DANE do not deliver to it", what);
    note(judge, mx->host, "do not deliver to");
}

/* With TLSA records, even with unusable ones, TLS is mandatory (RFC 7672 section 2.2). */
static void add_plain(mta_sts_judge *judge, const mta_sts_check_mx *mx,
                      const mta_sts_mx_probe *probe, mta_sts_findings *findings)
{
    mta_sts_finding_add(findings, MTA_STS_ERROR, "tlsa-without-tls", mx->host,
                        fix(judge->p, mx->host, NULL) ? fix(judge->p, mx->host, NULL)
                                                      : "enable STARTTLS there, or delete the TLSA "
                                                        "records until it works",
                        "it has TLSA records, but TLS does not work at %s: senders that support "
                        "DANE do not deliver to it",
                        probe->address);
    note(judge, mx->host, "do not deliver to");
}

/* "its TLSA record does not match", "none of its 2 TLSA records matches". */
static const char *describe_records(apr_pool_t *p, int count, const char *one, const char *many)
{
    return count == 1 ? apr_pstrcat(p, "its TLSA record ", one, NULL)
                      : apr_psprintf(p, "none of its %d TLSA records %s", count, many);
}

static void judge_address(mta_sts_judge *judge, const mta_sts_check_mx *mx,
                          const mta_sts_mx_probe *probe, mta_sts_findings *findings)
{
    const apr_array_header_t *chain = probe->peer.chain;
    apr_pool_t *p = judge->p;
    int count = mx->tlsa.values->nelts;

    switch (mta_sts_tlsa_compare(p, mx->tlsa.values, chain, mx->host, judge->facts->domain)) {
    case MTA_STS_TLSA_MATCH:
        mta_sts_finding_add(findings, MTA_STS_OK, "tlsa-match", mx->host, NULL,
                            "a TLSA record matches the certificate at %s", probe->address);
        break;
    case MTA_STS_TLSA_MISMATCH:
        add_mismatch(judge, mx, probe, findings,
                     apr_psprintf(p, "%s the certificate at %s",
                                  describe_records(p, count, "does not match", "matches"),
                                  probe->address));
        break;
    case MTA_STS_TLSA_UNVERIFIED:
        add_mismatch(judge, mx, probe, findings,
                     apr_psprintf(p,
                                  "a TLSA record of usage 2 matches the chain at %s, but the "
                                  "server's certificate does not chain to it, is not valid now, or "
                                  "does not name the host",
                                  probe->address));
        break;
    case MTA_STS_TLSA_UNUSABLE:
        mta_sts_finding_add(
            findings, MTA_STS_WARNING, "tlsa-unusable", mx->host, fix(p, mx->host, chain),
            "%s for SMTP, which needs usage 2 or 3, selector 0 or 1, matching type 0 to 2, and "
            "data of the matching length: senders that support DANE do not verify the certificate "
            "at %s",
            describe_records(p, count, "cannot be used", "can be used"), probe->address);
        break;
    case MTA_STS_TLSA_UNKNOWN:
        if (mta_sts_mx_probe_is_plain(probe)) {
            add_plain(judge, mx, probe, findings);
        }
        break;
    }
}

/* Without DNSSEC, senders do not ask for TLSA records. */
static void report_dangling_alias(const mta_sts_judge *judge, const mta_sts_check_mx *mx,
                                  mta_sts_findings *findings)
{
    const char *name = apr_psprintf(judge->p, "_25._tcp.%s", mx->host);

    mta_sts_finding_add(
        findings, mx->tlsa.dnssec == MTA_STS_DNSSEC_INSECURE ? MTA_STS_INFO : MTA_STS_WARNING,
        "alias-dangling", name, mta_sts_dangling_alias_fix(judge->p, &mx->tlsa, name), "%s",
        mta_sts_dangling_alias_text(judge->p, &mx->tlsa, "the host has no TLSA records",
                                    "decides which certificates senders that support DANE accept "
                                    "there"));
}

/* Returns whether there are records that senders use. */
static int judge_answer(mta_sts_judge *judge, const mta_sts_check_mx *mx,
                        mta_sts_findings *findings)
{
    const mta_sts_answer *tlsa = &mx->tlsa;
    int index = findings->list->nelts;

    /* RFC 7672 section 2.1. */
    if (mta_sts_answer_check(tlsa, mx->host, "TLSA records", findings)) {
        mta_sts_judge_lower_severity(findings, index, MTA_STS_ERROR, MTA_STS_WARNING);
        if (tlsa->status != MTA_STS_ANSWER_TIMEOUT && !is_unsigned(mx)) {
            note(judge, mx->host, "cannot look up the TLSA records, and defer mail to");
        }
        return 0;
    }
    if (mta_sts_answer_is_empty(tlsa) && tlsa->alias) {
        report_dangling_alias(judge, mx, findings);
    }
    if (tlsa->status != MTA_STS_ANSWER_OK) {
        return 0;
    }
    if (tlsa->dnssec == MTA_STS_DNSSEC_INSECURE) {
        mta_sts_finding_add(findings, MTA_STS_INFO, "tlsa-insecure", mx->host,
                            "sign the zone with DNSSEC, or remove the TLSA records",
                            tlsa->values->nelts == 1
                                ? "its TLSA record has no effect, because the zone is not signed"
                                : "its TLSA records have no effect, because the zone is not "
                                  "signed");
        return 0;
    }
    mta_sts_finding_add(
        findings, MTA_STS_INFO, "dane-present", mx->host, NULL,
        "it has %s: senders that support DANE use them instead of MTA-STS",
        mta_sts_format_count(judge->p, tlsa->values->nelts, "TLSA record", "TLSA records"));
    return 1;
}

void mta_sts_judge_dane(mta_sts_judge *judge, int first)
{
    const apr_array_header_t *mxs = judge->facts->mxs;
    int i, j;

    for (i = 0; i < mxs->nelts; i++) {
        const mta_sts_check_mx *mx = APR_ARRAY_IDX(mxs, i, const mta_sts_check_mx *);
        const mta_sts_check_section *section =
            &APR_ARRAY_IDX(judge->result->sections, first + i, mta_sts_check_section);

        if (mx->tlsa.values && judge_answer(judge, mx, section->findings)) {
            for (j = 0; j < mx->probes->nelts; j++) {
                judge_address(judge, mx, APR_ARRAY_IDX(mx->probes, j, const mta_sts_mx_probe *),
                              section->findings);
            }
        }
    }
    note_timeouts(judge);
}
