/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_ORDERED_H
#define CLI_ORDERED_H

#include <apr_pools.h>

/*
 * Work on many things on all processors, whose results are taken one by one in the order of the
 * things: as if one thread had done it all, but sooner.
 */

/* Makes the result of one thing, on any thread; p lives until the result was taken. */
typedef void *cli_ordered_make(void *data, int number, apr_pool_t *p);

/* Takes a result, on the thread that called cli_ordered_run. */
typedef void cli_ordered_take(void *data, int number, apr_pool_t *p, void *result);

/*
 * Makes and takes the results of things 0..count-1. Few results, less than CLI_ORDERED_AHEAD, wait
 * to be taken at any time.
 *
 * @param p scratch
 */
#define CLI_ORDERED_AHEAD 16
void cli_ordered_run(apr_pool_t *p, int count, cli_ordered_make *make, cli_ordered_take *take,
                     void *data);

#endif
