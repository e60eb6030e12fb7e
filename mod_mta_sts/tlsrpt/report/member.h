/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_REPORT_MEMBER_H
#define TLSRPT_REPORT_MEMBER_H

#include "core/base/finding.h"
#include "tlsrpt/report/limits.h"
#include "tlsrpt/report/report.h"
#include "tlsrpt/report/value.h"

/* Reads the members of objects in the JSON of a report as the types that they should have.
 * Deviations are noted as findings, the first of each kind with its location; a doubtful number
 * makes the report unreadable. Objects and values may be NULL: absent.
 */

/* The current location in a report, and what was noted so far. */
typedef struct tlsrpt_reader {
    apr_pool_t *p;
    apr_pool_t *ptemp; /* cleared after each policy */
    const tlsrpt_limits *limits;
    mta_sts_findings *findings;
    int policy;        /* index, or -1 */
    int failure;       /* index, or -1 */
    int failures;      /* of all policies so far */
    int conversions;   /* of names to A-labels so far */
    const char *error; /* why it cannot be read, or NULL */
} tlsrpt_reader;

/* Whether a deviation of this kind was noted. */
int tlsrpt_member_is_noted(const tlsrpt_reader *r, const char *id);

/*
 * Notes one deviation of each kind, however often it occurs: nothing is allocated for the others.
 *
 * @param id   its kind, a string constant
 * @param name the member's
 * @param what text about the member; borrowed for the call
 */
void tlsrpt_member_note(tlsrpt_reader *r, mta_sts_severity severity, const char *id,
                        const char *name, const char *what);

/* The same, with the value of the member; any bytes. */
void tlsrpt_member_note_value(tlsrpt_reader *r, mta_sts_severity severity, const char *id,
                              const char *name, const char *value, const char *what);

/* The same, for a member of the wrong type. */
void tlsrpt_member_note_type(tlsrpt_reader *r, const char *name, const char *what);

/* The value of a member; NULL if it is absent or null. */
const tlsrpt_value *tlsrpt_member_of(const tlsrpt_value *object, const char *name);

/* An object or array (TLSRPT_OBJECT, TLSRPT_ARRAY), or NULL. */
const tlsrpt_value *tlsrpt_member_container(tlsrpt_reader *r, const tlsrpt_value *object,
                                            const char *name, tlsrpt_value_type type);

/*
 * A string, or NULL if it is missing or empty.
 *
 * @param missing id under which its absence is noted, or NULL: it is optional
 */
const char *tlsrpt_member_string(tlsrpt_reader *r, const tlsrpt_value *object, const char *name,
                                 const char *missing);

/*
 * An array of strings; never NULL.
 *
 * @param value the member's value
 * @param lone  id under which a single string is noted, which is read as an array of one
 */
apr_array_header_t *tlsrpt_member_strings(tlsrpt_reader *r, const tlsrpt_value *value,
                                          const char *name, const char *lone);

/* A number of sessions, 0..2^63-1; 0 if it is missing. Another number is an error. */
apr_int64_t tlsrpt_member_count(tlsrpt_reader *r, const tlsrpt_value *object, const char *name);

#endif
