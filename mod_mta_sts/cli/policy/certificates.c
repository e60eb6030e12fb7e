/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/policy/certificates.h"

#include <stdio.h>

#include <apr_strings.h>

#include "cli/common/apache.h"
#include "core/base/name.h"
#include "core/hosting/pairs.h"

struct cli_certificates {
    mta_sts_pairs *pairs;
    apr_time_t now;
};

/* All virtual hosts are the same user here, because only one of them answers for a name. */
#define USER 1

static void report_broken(void *unused, mta_sts_pairs_slot *slot)
{
    (void)unused;
    if (slot->error) {
        fprintf(stderr, "mta-sts policy: %s: %s\n", slot->files.certificate, slot->error);
    }
}

const char *cli_certificates_read(apr_pool_t *p, cli_certificates **certificates)
{
    mta_sts_pairs_scan scan = {.user = USER, .now = apr_time_now()};
    apr_array_header_t *paths;
    const char *error = cli_apache_list_pair_paths(p, &paths);

    if (error) {
        return error;
    }
    *certificates = apr_palloc(p, sizeof(**certificates));
    (*certificates)->pairs = mta_sts_pairs_make(p);
    (*certificates)->now = scan.now;
    scan.globs = paths;
    mta_sts_pairs_begin((*certificates)->pairs, p);
    mta_sts_pairs_run_scan((*certificates)->pairs, &scan, p);
    mta_sts_pairs_each((*certificates)->pairs, report_broken, NULL);
    return NULL;
}

int cli_certificates_cover(const cli_certificates *certificates, const char *domain, apr_pool_t *p)
{
    const char *host = apr_pstrcat(p, MTA_STS_POLICY_HOST_PREFIX, domain, NULL);
    mta_sts_pairs_choice choice;
    int kind;

    mta_sts_pairs_find(certificates->pairs, host, USER, certificates->now, &choice);
    for (kind = 0; kind < MTA_STS_PAIR_KINDS; kind++) {
        if (choice.by_kind[kind] && choice.by_kind[kind]->pair->not_after > certificates->now) {
            return 1;
        }
    }
    return 0;
}
