/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/common/hosted.h"

#include <stdlib.h>
#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "cli/common/state_dir.h"
#include "core/base/name.h"
#include "core/hosting/peek.h"
#include "core/policy/text.h"

static const char *find_dir(apr_pool_t *p, const cli_apache *apache, const char *state_dir)
{
    const char *dir = apache ? apache->hosting_dir : cli_state_dir_find(state_dir);
    char *real = dir ? realpath(dir, NULL) : NULL;
    const char *found = real ? apr_pstrdup(p, real) : dir;

    free(real);
    return found;
}

static cli_apache_policy make_policy(apr_pool_t *p, const cli_apache *apache,
                                     const mta_sts_list_row *row)
{
    cli_apache_policy policy = {.domain = row->domain,
                                .id = row->id,
                                .certificate_days = apache ? apache->certificate_days : -1,
                                .locations = apr_array_make(p, 1, sizeof(cli_apache_location)),
                                .is_hosted = 1,
                                .row_wrong = row->wrong};

    if (row->text) {
        policy.policy =
            mta_sts_policy_text_read(p, row->text, strlen(row->text), mta_sts_findings_make(p));
    }
    if (apache && apache->report_path) {
        policy.endpoint = apr_pstrcat(p, "https://" MTA_STS_POLICY_HOST_PREFIX, row->domain,
                                      apache->report_path, NULL);
    }
    return policy;
}

/* The domains of the policies as a hash, so that long lists can be compared quickly. */
static apr_hash_t *names_of(apr_pool_t *p, const apr_array_header_t *policies)
{
    apr_hash_t *names = apr_hash_make(p);
    int i;

    for (i = 0; i < policies->nelts; i++) {
        const char *domain = APR_ARRAY_IDX(policies, i, cli_apache_policy).domain;

        apr_hash_set(names, domain, APR_HASH_KEY_STRING, domain);
    }
    return names;
}

static int is_domain(apr_pool_t *p, const char *text)
{
    const char *domain;

    return !mta_sts_name_parse_domain(p, text, &domain) && strcmp(domain, text) == 0;
}

const char *cli_hosted_add(apr_pool_t *p, const cli_apache *apache, const char *state_dir,
                           const apr_array_header_t *domains, apr_array_header_t *policies)
{
    const char *dir = find_dir(p, apache, state_dir), *error;
    apr_hash_t *configured = names_of(p, policies);
    mta_sts_peek peek;
    int i;

    if (!dir) {
        return NULL;
    }
    error = domains ? mta_sts_peek_find(p, dir, domains, &peek) : mta_sts_peek_all(p, dir, &peek);
    for (i = 0; !error && i < peek.rows->nelts; i++) {
        const mta_sts_list_row *row = &APR_ARRAY_IDX(peek.rows, i, mta_sts_list_row);

        if (is_domain(p, row->domain) &&
            !apr_hash_get(configured, row->domain, APR_HASH_KEY_STRING)) {
            APR_ARRAY_PUSH(policies, cli_apache_policy) = make_policy(p, apache, row);
        }
    }
    return error ? apr_pstrcat(p, "hosted domains cannot be read: ", error, NULL) : NULL;
}
