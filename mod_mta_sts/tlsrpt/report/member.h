/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_REPORT_MEMBER_H
#define TLSRPT_REPORT_MEMBER_H

#include "core/base/finding.h"
#include "tlsrpt/report/limits.h"
#include "tlsrpt/report/report.h"
#include "tlsrpt/report/value.h"

/* Reads the members of objects in the JSON of a report, and converts them to the types that they
 * should have. The first deviation of each kind is reported as a finding with its location; a
 * doubtful number makes the report unreadable. Objects and values may be NULL, which means
 * absent. */

/* The current location in a report, and the state of reading it. */
typedef struct tlsrpt_reader {
    apr_pool_t *p;
    apr_pool_t *ptemp; /* cleared after each policy */
    const tlsrpt_limits *limits;
    mta_sts_findings *findings;
    int policy;        /* index, or -1 */
    int failure;       /* index, or -1 */
    int failures;      /* number of failure details so far, of all policies */
    int conversions;   /* number of conversions of names to A-labels so far */
    const char *error; /* why the report cannot be read, or NULL */
} tlsrpt_reader;

/* Whether a deviation of this kind has been reported already. */
int tlsrpt_member_is_noted(const tlsrpt_reader *r, const char *id);

/*
 * Reports a deviation, unless one of the same kind has been reported: nothing is allocated for
 * further ones.
 *
 * @param id   the finding id, which is the kind; a string constant
 * @param name the member's
 * @param what text about the member; borrowed during the call
 */
void tlsrpt_member_note(tlsrpt_reader *r, mta_sts_severity severity, const char *id,
                        const char *name, const char *what);

/* The same, with the value of the member, which may contain any bytes. */
void tlsrpt_member_note_value(tlsrpt_reader *r, mta_sts_severity severity, const char *id,
                              const char *name, const char *value, const char *what);

/* The same, for a member of the wrong type. */
void tlsrpt_member_note_type(tlsrpt_reader *r, const char *name, const char *what);

/* The value of a member; NULL if it is absent or null. */
const tlsrpt_value *tlsrpt_member_of(const tlsrpt_value *object, const char *name);

/* A member that should be an object or an array (type: TLSRPT_OBJECT or TLSRPT_ARRAY); NULL if it
 * is absent or of another type. */
const tlsrpt_value *tlsrpt_member_container(tlsrpt_reader *r, const tlsrpt_value *object,
                                            const char *name, tlsrpt_value_type type);

/*
 * A member that should be a string; NULL if it is missing or empty.
 *
 * @param missing id of the finding about its absence; NULL: it is optional
 */
const char *tlsrpt_member_string(tlsrpt_reader *r, const tlsrpt_value *object, const char *name,
                                 const char *missing);

/*
 * A member that should be an array of strings; never NULL.
 *
 * @param value value of the member
 * @param lone  id of the finding about a single string, which is read as an array with one element
 */
apr_array_header_t *tlsrpt_member_strings(tlsrpt_reader *r, const tlsrpt_value *value,
                                          const char *name, const char *lone);

/* A member that is a number of sessions, 0..2^63-1; 0 if it is missing. Any other number is an
 * error. */
apr_int64_t tlsrpt_member_count(tlsrpt_reader *r, const tlsrpt_value *object, const char *name);

#endif
