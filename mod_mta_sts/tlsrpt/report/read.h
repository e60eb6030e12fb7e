/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_REPORT_READ_H
#define TLSRPT_REPORT_READ_H

#include "core/base/finding.h"
#include "tlsrpt/report/limits.h"
#include "tlsrpt/report/report.h"

/* Reads a report from bytes that anyone may have sent, within bounded time and memory. */

typedef enum tlsrpt_outcome {
    TLSRPT_READ,         /* a report */
    TLSRPT_NOT_A_REPORT, /* neither gzip nor text that begins with "{" */
    TLSRPT_TOO_LARGE,    /* exceeds limits.sent or limits.inflated */
    TLSRPT_NO_POLICIES,  /* complete JSON, but without an array of policies */
    TLSRPT_UNREADABLE,   /* begins like a report but is damaged or incomplete, or exceeds one of
                            the other limits */
    TLSRPT_NOT_ADMITTED, /* the gate rejected the report, so it was not parsed */
} tlsrpt_outcome;

/* Called before a report is parsed, when the memory needed for that is known; pass returns whether
 * to continue. */
typedef struct tlsrpt_gate {
    int (*pass)(void *baton, apr_size_t memory);
    void *baton;
} tlsrpt_gate;

typedef struct tlsrpt_reading {
    tlsrpt_outcome outcome;
    const char *reason;    /* if the outcome is not TLSRPT_READ, a text that says why; else NULL */
    const char *digest;    /* 64 hex digits: SHA-256 of the inflated bytes; of the bytes as sent if
                              those cannot be inflated completely, or were rejected before that for
                              their first byte, depth, strings or memory */
    apr_size_t len;        /* bytes as sent */
    tlsrpt_report *report; /* TLSRPT_READ only, else NULL */
    apr_size_t parsed; /* estimated memory of the parsed JSON in bytes; 0 if it was not parsed */
    mta_sts_findings *findings; /* deviations from RFC 8460 that were accepted */
} tlsrpt_reading;

/*
 * Reads one report: JSON or gzip of JSON (RFC 8460 sections 4.4 and 5.2), detected by the first
 * bytes. Bytes that would inflate beyond the limits, or take too much memory when parsed, are
 * rejected with a fixed amount of memory; JSON is parsed only if it is within the limits.
 *
 * Where the sender's meaning is clear, a deviation is accepted with a finding, one for each kind: a
 * member that is missing, null, empty, of another type or under another name; a time without a time
 * zone; a byte order mark; bytes after the JSON or the gzip; two members with the same name, of
 * which the last is used. A report is unreadable if the numbers or the text are in doubt: a count
 * outside 0..2^63-1, NaN, a number that neither a double nor a 64-bit integer can represent, NUL,
 * invalid UTF-8, an unpaired surrogate, damaged or truncated gzip, gzip of anything but JSON.
 *
 * @param p     pool of the reading
 * @param bytes borrowed; any bytes
 * @param len   their number, any size
 * @return never NULL
 */
tlsrpt_reading *tlsrpt_report_read(apr_pool_t *p, const char *bytes, apr_size_t len,
                                   const tlsrpt_limits *limits);

/* The same, with a gate; NULL: no gate. */
tlsrpt_reading *tlsrpt_report_read_gated(apr_pool_t *p, const char *bytes, apr_size_t len,
                                         const tlsrpt_limits *limits, const tlsrpt_gate *gate);

/* "bytes after the end of the JSON were ignored", or the same about gzip; NULL: nothing was
 * ignored. A string constant. */
const char *tlsrpt_reading_trailing(const tlsrpt_reading *reading);

#endif
