/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_REPORT_LIMITS_H
#define TLSRPT_REPORT_LIMITS_H

#include <apr.h>

/* The limits for reading a report. A report that exceeds one of them is rejected as a whole, never
 * truncated. */
typedef struct tlsrpt_limits {
    apr_size_t sent;     /* bytes as received */
    apr_size_t inflated; /* bytes of JSON */
    apr_size_t memory; /* bytes that the parsed JSON needs, estimated before parsing: jansson needs
                          240 bytes for each "{}", so 10 MiB of them would need 800 MiB */
    apr_size_t depth;  /* nesting depth of arrays and objects */
    apr_size_t string; /* bytes of one string or number, as written */
    int policies;
    int failures; /* number of failure details of all policies together */
} tlsrpt_limits;

extern const tlsrpt_limits tlsrpt_limits_default;

/* For reports in the spool, which may have been accepted with other limits. */
extern const tlsrpt_limits tlsrpt_limits_stored;

/* The largest values of sent and inflated that an admin may configure, in bytes. */
#define TLSRPT_SENT_MAX (64 << 20)
#define TLSRPT_INFLATED_MAX (512 << 20)

/* The memory limit in bytes for JSON of a maximum size: 16 MiB for the default size, and enough for
 * the smallest one. */
#define TLSRPT_MEMORY_OF(inflated) (((apr_size_t)1 << 20) + (apr_size_t)(inflated) / 2 * 3)

#endif
