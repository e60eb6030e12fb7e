/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_REPORT_REPORT_H
#define TLSRPT_REPORT_REPORT_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

#include "core/base/finding.h"

/*
 * One TLS report (RFC 8460 section 4.4): what one sender tells of the sessions of one day. It is
 * read from bytes that a stranger sent, so everything in it is bounded, and nothing of it is true
 * because it says so. Strings are valid UTF-8 without NUL, but may hold anything else: whoever
 * shows them escapes them.
 */

/* What is read at most; over it, a report is refused or unreadable, never cut. */
typedef struct tlsrpt_limits {
    apr_size_t sent;     /* bytes as they came */
    apr_size_t inflated; /* bytes of JSON */
    apr_size_t memory;   /* bytes that the parsed JSON takes, known before it is parsed: jansson
                            takes 240 for each "{}", so that 10 MiB of them would be 800 */
    apr_size_t depth;    /* of nested arrays and objects */
    apr_size_t string;   /* bytes of one string or number, as written */
    int policies;
    int failures; /* failure details of all policies together */
} tlsrpt_limits;

extern const tlsrpt_limits tlsrpt_limits_default;

/* The largest sizes that an admin may allow: sent and inflated. */
#define TLSRPT_SENT_MAX (64 << 20)
#define TLSRPT_INFLATED_MAX (512 << 20)

/* Memory for JSON of so many bytes: 16 MiB for the default, and enough for the smallest. */
#define TLSRPT_MEMORY_OF(inflated) (((apr_size_t)1 << 20) + (apr_size_t)(inflated) / 2 * 3)

/* Failed sessions of one kind (RFC 8460 section 4.3). A string that was not told is NULL. */
typedef struct tlsrpt_failure {
    const char *result_type; /* as sent; "" if it was not told */
    apr_int64_t sessions;
    const char *sending_ip;
    const char *receiving_mx;
    const char *receiving_helo;
    const char *receiving_ip;
    const char *reason;      /* failure-reason-code: free text */
    const char *information; /* additional-information: a URI, or what was sent for one */
} tlsrpt_failure;

/* What the sender saw of one policy domain. */
typedef struct tlsrpt_policy {
    const char *type;           /* "sts", "tlsa", "no-policy-found", or as sent; "" if not told */
    const char *domain;         /* lower case, no trailing dot; NULL: not told */
    apr_array_header_t *mx;     /* of const char * */
    apr_array_header_t *policy; /* of const char *: policy-string, a line each */
    apr_int64_t successful;     /* sessions, 0..2^63-1 */
    apr_int64_t failed;
    apr_array_header_t *failures; /* of tlsrpt_failure; their sum may exceed `failed` */
} tlsrpt_policy;

typedef struct tlsrpt_report {
    const char *organization;     /* "" if not told */
    const char *contact;          /* NULL: not told */
    const char *id;               /* "" if not told; not unique in the world */
    apr_time_t begin, end;        /* 0: not told */
    apr_array_header_t *policies; /* of tlsrpt_policy; may be empty */
} tlsrpt_report;

typedef enum tlsrpt_outcome {
    TLSRPT_READ,         /* a report */
    TLSRPT_NOT_A_REPORT, /* neither gzip nor text that begins with "{" */
    TLSRPT_TOO_LARGE,    /* over limits.sent or limits.inflated */
    TLSRPT_NO_POLICIES,  /* whole JSON, but without an array of policies */
    TLSRPT_UNREADABLE,   /* begins like a report and cannot be read to its end, or has more in it
                            than the other limits allow */
} tlsrpt_outcome;

typedef struct tlsrpt_reading {
    tlsrpt_outcome outcome;
    const char *reason;    /* in words, why it is not TLSRPT_READ; else NULL */
    const char *digest;    /* 64 hex digits: SHA-256 of the inflated bytes, or of the bytes as sent
                              where those could not be inflated to their end, or were refused before
                              it: by their first byte, depth, strings or memory */
    tlsrpt_report *report; /* TLSRPT_READ only, else NULL */
    apr_size_t parsed;     /* bytes of memory that its JSON took, about; 0: not parsed */
    mta_sts_findings *findings; /* deviations from RFC 8460 that were accepted */
} tlsrpt_reading;

/*
 * Reads one report: JSON, or gzip of it (RFC 8460 sections 4.4 and 5.2), told apart by its first
 * bytes. What inflates beyond the limits, or takes too much memory once parsed, is refused with a
 * fixed amount of memory; only then is JSON parsed.
 *
 * Where a sender's meaning is clear, a deviation is accepted with a finding, one for each kind: a
 * member that is missing, null, empty, of another type or called otherwise; a time without zone; a
 * byte order mark; bytes behind the JSON or the gzip; two members of one name, the last of which
 * counts. Unreadable is what leaves a doubt about the numbers or the text: a count that is not
 * 0..2^63-1, NaN, any number that no double or 64-bit integer holds, NUL, invalid UTF-8, half a
 * surrogate pair, a damaged or cut gzip, gzip of anything but JSON.
 *
 * @param p      pool of the reading
 * @param bytes borrowed; any bytes
 * @param len    their number, of any size
 * @return never NULL
 */
tlsrpt_reading *tlsrpt_report_read(apr_pool_t *p, const char *bytes, apr_size_t len,
                                   const tlsrpt_limits *limits);

/* The sum of two counts (0..2^63-1); it stops at 2^63-1. */
apr_int64_t tlsrpt_count_add(apr_int64_t a, apr_int64_t b);

/*
 * What makes a report the same report whatever way it came: its organization, id, date range and
 * policy domains (in any order). 64 hex digits, allocated from p.
 */
const char *tlsrpt_report_identity(apr_pool_t *p, const tlsrpt_report *report);

#endif
