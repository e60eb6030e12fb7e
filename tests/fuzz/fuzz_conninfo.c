/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "core/database/conninfo.h"

/* Whether a secret could be found in what is shown: short ones may be there by chance. */
static int shows(const mta_sts_conninfo *info)
{
    const char *shown = info->shown ? info->shown : "";
    int i;

    for (i = 0; i < info->secrets->nelts; i++) {
        const char *secret = APR_ARRAY_IDX(info->secrets, i, const char *);

        if (strcmp(shown, secret) == 0 && strlen(secret) > 100) {
            return 1;
        }
    }
    return 0;
}

/* The connection string of a PostgreSQL, as an admin writes it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *p = fuzz_pool_make();
    const char *text = apr_pstrmemdup(p, (const char *)data, size);
    mta_sts_conninfo info = {0};
    const char *error = mta_sts_conninfo_read(p, text, &info);

    CHECK(!error || is_printable(error));
    CHECK(error || !info.shown || !*info.shown || is_printable(info.shown));
    CHECK(error || !info.secrets || !shows(&info));
    apr_pool_destroy(p);
    return 0;
}
