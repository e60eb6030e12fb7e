/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_POLICY_REPAIR_H
#define CORE_POLICY_REPAIR_H

#include <apr_pools.h>
#include <apr_tables.h>

/*
 * What editors, spreadsheets, DNS panels, shells and zone files do to a policy text or a TXT
 * record, undone, so that one finding can name it and show the text that was meant. Senders do
 * none of this: a text that needs a repair is not valid.
 */

typedef struct mta_sts_repair {
    apr_pool_t *p;
    const char *text; /* as repaired so far, NUL-terminated */
    apr_size_t len;
    apr_array_header_t *found; /* of const char *: what was undone: "contains backslash escapes" */
} mta_sts_repair;

/* Begins with a text of any bytes; p is the pool of all results. */
mta_sts_repair mta_sts_repair_begin(apr_pool_t *p, const char *text, apr_size_t len);

/* Notes a change, each clause once. */
void mta_sts_repair_note(mta_sts_repair *repair, const char *clause);

/* Replaces the text, if it differs, and notes why. */
void mta_sts_repair_set(mta_sts_repair *repair, const char *text, apr_size_t len,
                        const char *clause);

/* The clauses in one: "A, B and C". */
const char *mta_sts_repair_clauses(const mta_sts_repair *repair);

/* Encodings, typographic and invisible characters. */
void mta_sts_repair_characters(mta_sts_repair *repair);

/* Escapes: HTML, quoted-printable, URL encoding, backslashes. */
void mta_sts_repair_escapes(mta_sts_repair *repair);

/* The fields of a policy, each on a line of its own: separators, spelling of names, quotes. */
void mta_sts_repair_policy(mta_sts_repair *repair);

/* A host of an mx line without the scheme, user, port or path around it, and with the "*." of a
 * wildcard; what was undone is noted. */
const char *mta_sts_repair_mx_host(mta_sts_repair *repair, const char *typed);

/* A max_age in seconds, where it has a unit ("1 week"), which is noted; else the value itself. */
const char *mta_sts_repair_max_age(mta_sts_repair *repair, const char *value);

/* A mode, or a version, as it was meant: "enforced" is enforce. The mode in lower case, the version
 * itself, if no other spelling is known. */
const char *mta_sts_repair_mode(apr_pool_t *p, const char *value);
const char *mta_sts_repair_version(apr_pool_t *p, const char *value);

/*
 * The fields of a TXT record.
 *
 * @param version "STSv1" or "TLSRPTv1"
 * @param field   "id" or "rua"
 */
void mta_sts_repair_record(mta_sts_repair *repair, const char *version, const char *field);

/* Whether a text begins with a version, with or without "v=", however it is spelled. */
int mta_sts_repair_is_version(const char *text, const char *version);

/* A list of report URIs, separated by commas: missing commas and schemes, <>, U-labels. */
const char *mta_sts_repair_rua(mta_sts_repair *repair, const char *list);

/*
 * The value of MTASTSMx as it was meant: hosts separated by blanks.
 *
 * @param args    as typed
 * @param clauses out: what was undone: "contains a comma"
 * @return NULL if that does not make it valid
 */
const char *mta_sts_repair_mx_args(apr_pool_t *p, const char *args, const char **clauses);

#endif
