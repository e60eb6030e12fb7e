/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measures how long the watchdog takes to write the fetch log, as httpd/upkeep/fetches.c does it,
 * in batches of 250 rows of as many domains:
 *
 *   fetch_rows DRIVER DATABASE DOMAINS BATCHES
 *
 * Prints a line for each batch: its milliseconds. Without batches, it makes the tables.
 */
#include <stdio.h>
#include <stdlib.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "core/database/fetches.h"

#define BATCH 250
#define ROWS_MAX 1000000000
#define STEP 600011 /* a prime, so that the domains of a batch are all over the table */

static apr_array_header_t *make_batch(apr_pool_t *p, long number, long domains)
{
    apr_array_header_t *fetches = apr_array_make(p, BATCH, sizeof(mta_sts_fetch));
    const apr_time_t now = apr_time_now();
    int i;

    for (i = 0; i < BATCH; i++) {
        long domain = (number * BATCH + i + 1) * STEP % domains;

        APR_ARRAY_PUSH(fetches, mta_sts_fetch) =
            (mta_sts_fetch){.domain = apr_psprintf(p, "h%06ld.example.org", domain),
                            .network = "198.51.100.0/24",
                            .address = "",
                            .outcome = MTA_STS_FETCH_SERVED,
                            .id = "0123456789abcdef0123",
                            .agent = "Postfix",
                            .requests = 1,
                            .first = now,
                            .last = now};
    }
    return fetches;
}

/* Returns NULL, or what failed. */
static const char *write_batch(mta_sts_database *db, apr_pool_t *p, long number, long domains)
{
    const mta_sts_fetches_machine machine = {
        .host = mta_sts_database_host(p), .began = apr_time_now(), .rows_max = ROWS_MAX};
    const apr_array_header_t *fetches = make_batch(p, number, domains);
    const apr_time_t begin = apr_time_now();
    const char *error = mta_sts_fetches_add(db, &machine, fetches, p);

    printf("%.2f\n", (double)(apr_time_now() - begin) / 1000);
    return error;
}

int main(int argc, const char *const *argv)
{
    apr_pool_t *p, *scratch;
    mta_sts_database *db = NULL;
    const char *error;
    long i;

    if (argc != 5 || apr_initialize() != APR_SUCCESS) {
        return 2;
    }
    apr_pool_create(&p, NULL);
    apr_pool_create(&scratch, p);
    error = mta_sts_database_init(p);
    error = error ? error : mta_sts_database_open(p, argv[1], argv[2], &db);
    for (i = 0; !error && i < atol(argv[4]); i++) {
        apr_pool_clear(scratch);
        error = write_batch(db, scratch, i, atol(argv[3]));
    }
    if (error) {
        fprintf(stderr, "%s\n", error);
    }
    apr_pool_destroy(p);
    return error != NULL;
}
