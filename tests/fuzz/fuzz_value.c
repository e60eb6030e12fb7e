/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include <apr_time.h>

#include "core/base/network.h"
#include "core/base/number.h"
#include "core/base/time.h"
#include "core/policy/policy.h"
#include "core/policy/provider.h"

static void check_time(const char *text)
{
    apr_time_t time = -1;
    mta_sts_time_form form = mta_sts_time_parse(text, &time);

    CHECK(form == MTA_STS_TIME_INVALID || (time >= 0 && time < apr_time_from_sec(253402300801)));
}

static void check_numbers(apr_pool_t *p, const char *text)
{
    apr_int64_t number = -1, size = -1, again;
    const char *error = mta_sts_number_parse(p, text, 1, APR_INT64_MAX, &number);

    CHECK(error ? is_printable(error) : number >= 1);
    CHECK(error || text[strspn(text, "0123456789")] == '\0');
    error = mta_sts_size_parse(p, text, 1024, APR_INT64_MAX, &size);
    CHECK(error ? is_printable(error) : size >= 1024);
    if (!error) {
        CHECK(!mta_sts_size_parse(p, mta_sts_size_render(p, size), 1024, APR_INT64_MAX, &again));
        CHECK(again == size);
    }
    error = mta_sts_max_age_parse(p, text, &number);
    CHECK(error ? is_printable(error) : number >= 1 && number <= MTA_STS_MAX_AGE_MAX);
}

/* A single value: a date of a report, a number or a size of a configuration, an address of a
 * client, a mode or max_age of a database, the name of a mail server. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *p = fuzz_pool_make();
    const char *text = apr_pstrmemdup(p, (const char *)data, size), *network, *error;
    mta_sts_mode mode = MTA_STS_MODE_UNSET;

    check_time(text);
    check_numbers(p, text);
    network = mta_sts_network_of(p, text);
    CHECK(network[strspn(network, "0123456789abcdef.:/")] == '\0');
    CHECK(!*network || strstr(network, "/24") || strstr(network, "/48"));
    error = mta_sts_mode_parse(p, text, &mode);
    CHECK(error ? is_printable(error) : mode != MTA_STS_MODE_UNSET);
    mta_sts_provider_of_host(text);
    mta_sts_provider_of_pattern(text);
    apr_pool_destroy(p);
    return 0;
}
