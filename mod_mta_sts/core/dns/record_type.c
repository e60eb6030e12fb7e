/* SPDX-License-Identifier: Apache-2.0 */
#include "core/dns/record_type.h"

#include <string.h>

#include <apr_cstr.h>
#include <apr_strings.h>

#include "core/base/name.h"
#include "core/dns/rdata.h"

static const struct {
    const char *prefix;
    const char *rdata_name;
    int rdata;
    const char *version; /* the beginning of a TXT record of this type */
} types[MTA_STS_RECORD_TYPES] = {
    [MTA_STS_TYPE_MTA_STS] = {"_mta-sts.", "TXT", MTA_STS_RDATA_TXT, "v=STSv1"},
    [MTA_STS_TYPE_CNAME] = {MTA_STS_POLICY_HOST_PREFIX, "CNAME", MTA_STS_RDATA_CNAME, NULL},
    [MTA_STS_TYPE_A] = {MTA_STS_POLICY_HOST_PREFIX, "A", MTA_STS_RDATA_A, NULL},
    [MTA_STS_TYPE_AAAA] = {MTA_STS_POLICY_HOST_PREFIX, "AAAA", MTA_STS_RDATA_AAAA, NULL},
    [MTA_STS_TYPE_TLSRPT] = {"_smtp._tls.", "TXT", MTA_STS_RDATA_TXT, "v=TLSRPTv1"},
    [MTA_STS_TYPE_MX] = {"", "MX", MTA_STS_RDATA_MX, NULL},
};

const char *mta_sts_record_type_rdata_name(mta_sts_record_type type)
{
    return types[type].rdata_name;
}

int mta_sts_record_type_rdata(mta_sts_record_type type)
{
    return types[type].rdata;
}

const char *mta_sts_record_type_name(apr_pool_t *p, mta_sts_record_type type, const char *domain)
{
    return apr_pstrcat(p, types[type].prefix, domain, NULL);
}

int mta_sts_record_type_is_published(mta_sts_record_type type, const char *text)
{
    const char *version = types[type].version;

    /* Quotation marks and blanks at the beginning are common mistakes. */
    text += strspn(text, " \t\"'");
    return apr_cstr_casecmpn(text, version, strlen(version)) == 0;
}
