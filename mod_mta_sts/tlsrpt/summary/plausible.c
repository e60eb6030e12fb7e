/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/summary/plausible.h"

/* The largest number that is plausible next to a plausible one. */
static apr_int64_t beside(apr_int64_t size)
{
    apr_int64_t limit = size > TLSRPT_PLAUSIBLE_MAX / TLSRPT_PLAUSIBLE_FACTOR
                            ? TLSRPT_PLAUSIBLE_MAX
                            : size * TLSRPT_PLAUSIBLE_FACTOR;

    return limit < TLSRPT_PLAUSIBLE_MIN ? TLSRPT_PLAUSIBLE_MIN : limit;
}

apr_int64_t tlsrpt_plausible_limit(apr_int64_t base, const apr_int64_t *sizes, int count)
{
    apr_int64_t largest = base;
    int i;

    for (i = 0; i < count; i++) {
        if (largest >= 0 && sizes[i] > beside(largest)) {
            return beside(largest);
        }
        largest = sizes[i] > largest ? sizes[i] : largest;
    }
    return TLSRPT_PLAUSIBLE_MAX;
}
