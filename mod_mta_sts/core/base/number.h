/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_BASE_NUMBER_H
#define CORE_BASE_NUMBER_H

#include <apr_pools.h>

/*
 * Numbers as an admin enters them: decimal digits only, without a sign, blanks or a fraction,
 * within a range that the error message states.
 */

/*
 * Reads a whole number.
 *
 * @param p        pool of the error text
 * @param min, max the permitted range, 0 <= min <= max
 * @param value    out: the number
 * @return NULL, or what is wrong with the text and what is allowed
 */
const char *mta_sts_number_parse(apr_pool_t *p, const char *text, apr_int64_t min, apr_int64_t max,
                                 apr_int64_t *value);

/*
 * Reads a number of bytes: digits, optionally followed by K, M, G or T for the powers of 1024.
 *
 * @param p, min, max, return value: as for mta_sts_number_parse
 * @param bytes               out: the number of bytes
 */
const char *mta_sts_size_parse(apr_pool_t *p, const char *text, apr_int64_t min, apr_int64_t max,
                               apr_int64_t *bytes);

/* A number of bytes in the notation that mta_sts_size_parse reads, with the largest suffix that
 * divides it evenly: "10M". Allocated from p. */
const char *mta_sts_size_render(apr_pool_t *p, apr_int64_t bytes);

#endif
