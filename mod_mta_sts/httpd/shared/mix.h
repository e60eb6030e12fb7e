/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_SHARED_MIX_H
#define HTTPD_SHARED_MIX_H

#include <apr.h>

/*
 * One step of a hash for keys of tables in shared memory: the two halves of the 128-bit product of
 * its arguments, combined. One argument is secret, so that nobody can construct keys that collide.
 */
static inline apr_uint64_t mts_mix(apr_uint64_t a, apr_uint64_t b)
{
#ifdef __SIZEOF_INT128__
    unsigned __int128 product = (unsigned __int128)a * b;

    return (apr_uint64_t)product ^ (apr_uint64_t)(product >> 64);
#else /* the same, computed from products of halves */
    const apr_uint64_t half = UINT64_C(0xffffffff);
    apr_uint64_t low = (a & half) * (b & half), high = (a >> 32) * (b >> 32);
    apr_uint64_t first = (a >> 32) * (b & half), second = (a & half) * (b >> 32);
    apr_uint64_t middle = (low >> 32) + (first & half) + (second & half);

    high += (first >> 32) + (second >> 32) + (middle >> 32);
    return (a * b) ^ high;
#endif
}

#endif
