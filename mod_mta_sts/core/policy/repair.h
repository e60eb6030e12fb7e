/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_POLICY_REPAIR_H
#define CORE_POLICY_REPAIR_H

#include <apr_pools.h>
#include <apr_tables.h>

/*
 * Reverses what editors, spreadsheets, DNS panels, shells and zone files do to a policy text or a
 * TXT record, so that one finding can name the cause and show the intended text. Senders repair
 * nothing: a text that needs a repair is not valid.
 */

typedef struct mta_sts_repair {
    apr_pool_t *p;
    const char *text; /* the text after the repairs so far, NUL-terminated */
    apr_size_t len;
    apr_array_header_t *found; /* of const char *: what was repaired: "contains backslash
                                  escapes" */
} mta_sts_repair;

/* Starts with a text of any bytes; all results are allocated from p. */
mta_sts_repair mta_sts_repair_begin(apr_pool_t *p, const char *text, apr_size_t len);

/* Records a repair; each clause is listed only once. */
void mta_sts_repair_note(mta_sts_repair *repair, const char *clause);

/* Replaces the text if the new one differs, and records why. */
void mta_sts_repair_set(mta_sts_repair *repair, const char *text, apr_size_t len,
                        const char *clause);

/* The clauses joined: "A, B and C". */
const char *mta_sts_repair_clauses(const mta_sts_repair *repair);

/* Repairs encodings, and replaces typographic and invisible characters. */
void mta_sts_repair_characters(mta_sts_repair *repair);

/* Decodes escapes: HTML, quoted-printable, URL encoding, backslashes. */
void mta_sts_repair_escapes(mta_sts_repair *repair);

/* Repairs a policy text: one field per line, separators, spelling of field names, quotes. */
void mta_sts_repair_policy(mta_sts_repair *repair);

/* A host of an mx line without a surrounding scheme, user, port or path, and with the "*." of a
 * wildcard; repairs are recorded. */
const char *mta_sts_repair_mx_host(mta_sts_repair *repair, const char *typed);

/* A max_age in seconds if it has a unit ("1 week"), which is recorded; else the value itself. */
const char *mta_sts_repair_max_age(mta_sts_repair *repair, const char *value);

/* The intended mode or version: "enforced" becomes "enforce". For an unknown spelling, the mode in
 * lower case, or the version itself. */
const char *mta_sts_repair_mode(apr_pool_t *p, const char *value);
const char *mta_sts_repair_version(apr_pool_t *p, const char *value);

/*
 * Repairs the fields of a TXT record.
 *
 * @param version "STSv1" or "TLSRPTv1"
 * @param field   "id" or "rua"
 */
void mta_sts_repair_record(mta_sts_repair *repair, const char *version, const char *field);

/* Whether a text begins with a version, with or without "v=", however it is spelled. */
int mta_sts_repair_is_version(const char *text, const char *version);

/* Repairs a list of report URIs separated by commas: missing commas and schemes, <>, U-labels.
 *
 * @return the repaired list, from the pool of the repair
 */
const char *mta_sts_repair_rua(mta_sts_repair *repair, const char *list);

/*
 * Repairs the value of MTASTSMx: hosts separated by blanks.
 *
 * @param args    as written in the configuration
 * @param clauses out: what was repaired: "contains a comma"
 * @return the intended value, or NULL if a repair does not make it valid
 */
const char *mta_sts_repair_mx_args(apr_pool_t *p, const char *args, const char **clauses);

#endif
