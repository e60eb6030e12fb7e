/* SPDX-License-Identifier: Apache-2.0 */
/* Prints the DNS records to publish for a row. */
#include <stdio.h>

#include "cli/policy/call.h"
#include "core/dns/publication.h"
#include "core/dns/zone_text.h"
#include "core/policy/record.h"

/* The domain that publishes the record with the id: the CNAME of an alias points there. */
static const char *publisher_of(const mta_sts_hosted_row *row)
{
    return row->alias_of ? row->alias_of : row->domain;
}

static void print_nsupdate(const cli_policy_call *call, const char *domain,
                           const mta_sts_hosted_policy *policy)
{
    const mta_sts_publication_facts facts = {
        .domain = domain, .id = policy->id, .policy = &policy->policy, .ttl = MTA_STS_TTL_DEFAULT};
    mta_sts_findings *findings = mta_sts_findings_make(call->p);

    fputs(mta_sts_nsupdate_render(call->p, mta_sts_publication_make(call->p, &facts, findings)),
          stdout);
}

/* Prints the CNAMEs for customers: with these, they never have to change DNS again. */
static void print_aliases(const cli_policy_call *call, const mta_sts_hosted_row *row)
{
    fprintf(call->talk,
            "Records for the zone of %s, to be published once:\n"
            "mta-sts.%s. IN CNAME mta-sts.%s.\n"
            "_mta-sts.%s. IN CNAME _mta-sts.%s.\n"
            "The certificate of the policy host must cover mta-sts.%s.\n",
            row->domain, row->domain, row->alias_of, row->domain, row->alias_of, row->domain);
}

void cli_policy_print_records(const cli_policy_call *call, const mta_sts_hosted_row *row,
                              const mta_sts_hosted_policy *policy, int was_alias, const char *alias)
{
    const char *domain = publisher_of(row);

    if (row->alias_of) {
        print_aliases(call, row);
        fprintf(call->talk, "Record for the zone of %s, as before:\n", domain);
    }
    else if (was_alias) {
        fprintf(call->talk,
                "Publish this record; if _mta-sts.%s is a CNAME record, in its place:\n", domain);
    }
    else {
        fputs("Publish this record:\n", call->talk);
    }
    if (call->as_nsupdate) {
        if (was_alias && !row->alias_of) { /* a TXT record next to a CNAME would be ignored */
            printf("update delete _mta-sts.%s. CNAME\n", domain);
        }
        print_nsupdate(call, domain, policy);
    }
    else {
        printf("_mta-sts.%s. IN TXT \"%s\"\n", domain, mta_sts_record_render(call->p, policy->id));
    }
    if (alias) {
        fprintf(
            call->talk,
            "Its aliases, such as %s, have the same policy and id: where _mta-sts is not a CNAME "
            "to this record, publish the id there, too.\n",
            alias);
    }
}
