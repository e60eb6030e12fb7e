/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "cli/common/apache.h"

/* The document of -D DUMP_MTA_STS_JSON. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *p = fuzz_pool_make();
    const cli_apache *apache = cli_apache_read(p, (const char *)data, size);
    int i;

    for (i = 0; apache && i < apache->policies->nelts; i++) {
        const cli_apache_policy *policy = &APR_ARRAY_IDX(apache->policies, i, cli_apache_policy);

        CHECK(policy->domain && policy->id && policy->policy && policy->locations);
    }
    apr_pool_destroy(p);
    return 0;
}
