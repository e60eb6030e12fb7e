/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_REPORT_LIMITS_H
#define TLSRPT_REPORT_LIMITS_H

#include <apr.h>

/* The limits for reading a report. A report that exceeds one is refused as a whole, never cut. */
typedef struct tlsrpt_limits {
    apr_size_t sent;     /* bytes as received */
    apr_size_t inflated; /* bytes of JSON */
    apr_size_t memory;   /* bytes that the parsed JSON needs, estimated before it is parsed:
                            jansson needs 240 bytes for each "{}", so 10 MiB of them would need
                            800 MiB */
    apr_size_t depth;    /* of nested arrays and objects */
    apr_size_t string;   /* bytes of one string or number, as written */
    int policies;
    int failures; /* failure details of all policies together */
} tlsrpt_limits;

extern const tlsrpt_limits tlsrpt_limits_default;

/* For reports in the spool, whatever the limits were when they were accepted. */
extern const tlsrpt_limits tlsrpt_limits_stored;

/* The largest sizes that an admin may configure: sent and inflated. */
#define TLSRPT_SENT_MAX (64 << 20)
#define TLSRPT_INFLATED_MAX (512 << 20)

/* The memory limit for JSON of that size: 16 MiB for the default, and enough for the smallest. */
#define TLSRPT_MEMORY_OF(inflated) (((apr_size_t)1 << 20) + (apr_size_t)(inflated) / 2 * 3)

#endif
