/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_POLICY_REPAIR_H
#define CORE_POLICY_REPAIR_H

#include <apr_pools.h>
#include <apr_tables.h>

/*
 * Reverses the alterations that editors, spreadsheets, DNS panels, shells and zone files make to a
 * policy text or a TXT record, so that one finding can name the cause and show the intended text.
 * Senders repair nothing: a text that needs a repair is not valid.
 */

typedef struct mta_sts_repair {
    apr_pool_t *p;
    const char *text; /* the text after the repairs so far, NUL-terminated */
    apr_size_t len;
    apr_array_header_t *found; /* of const char *: clauses that say what was repaired: "contains
                                  backslash escapes" */
} mta_sts_repair;

/* Begins the repair of a text, which may contain any bytes; all results are allocated from p. */
mta_sts_repair mta_sts_repair_begin(apr_pool_t *p, const char *text, apr_size_t len);

/* Records a repair; each clause is listed only once. */
void mta_sts_repair_note(mta_sts_repair *repair, const char *clause);

/* Replaces the text if the new one differs, and then records the clause. */
void mta_sts_repair_set(mta_sts_repair *repair, const char *text, apr_size_t len,
                        const char *clause);

/* The clauses joined: "A, B and C". */
const char *mta_sts_repair_clauses(const mta_sts_repair *repair);

/* Repairs encodings, and replaces typographic and invisible characters. */
void mta_sts_repair_characters(mta_sts_repair *repair);

/* The two parts of mta_sts_repair_characters: the encoding, and letters of other alphabets within
 * ASCII words (homoglyphs). */
void mta_sts_repair_encoding(mta_sts_repair *repair);
void mta_sts_repair_lookalikes(mta_sts_repair *repair);

/* Decodes escapes: HTML, quoted-printable, URL encoding, backslashes. */
void mta_sts_repair_escapes(mta_sts_repair *repair);

/* Replaces Markdown and HTML links, into which editors turn names and addresses, by their
 * targets. */
void mta_sts_repair_links(mta_sts_repair *repair);

/* Whether a text contains the string mark, ignoring case. */
int mta_sts_repair_contains(const char *text, const char *mark);

/* Removes what surrounds the lines of a policy text: the quote marks (">") of a mail, line numbers,
 * the header of an HTTP response, the here-document of a shell, Markdown, and empty lines from
 * doubled line ends; and converts a table with two columns. */
void mta_sts_repair_layout(mta_sts_repair *repair);

/* Two parts of mta_sts_repair_layout: the arguments of commands (echo, printf) and of directives of
 * other web servers; the elements of XML. */
void mta_sts_repair_command(mta_sts_repair *repair);
void mta_sts_repair_xml(mta_sts_repair *repair);

/* Repairs a policy text: one field per line, separators, spelling of field names, quotes. */
void mta_sts_repair_policy(mta_sts_repair *repair);

/*
 * The MX hosts in the value of an mx line, or in a list of hosts, without anything else: the other
 * fields of an MX record, "and", a scheme, a port. Repairs are recorded.
 *
 * @return array of const char *: host names and wildcards, allocated from the pool of the repair;
 *         items that cannot be repaired are unchanged
 */
apr_array_header_t *mta_sts_repair_mx_list(mta_sts_repair *repair, const char *value);

/* A max_age in seconds if it has a unit ("1 week"), separators, or the notation of a spreadsheet
 * ("6.048E+05"), which is recorded as a repair; else the value itself. */
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

/* Whether a text begins with a version, in any of its misspellings, with or without "v=". */
int mta_sts_repair_is_version(const char *text, const char *version);

/* Why the intended id cannot be determined, as a format with "%s" for the id: a spreadsheet rounded
 * it ("2.02601E+13"), or it is a placeholder ("${ID}"); else NULL. */
const char *mta_sts_repair_is_lost(const char *id);

/* Repairs a list of report URIs separated by commas: missing commas and schemes, <>, U-labels.
 *
 * @return the repaired list, from the pool of the repair
 */
const char *mta_sts_repair_rua(mta_sts_repair *repair, const char *list);

/*
 * Recognizes what people write instead of "@" and "." to hide addresses from harvesters: "(at)",
 * "[dot]", "[.]", " at ".
 *
 * @param meant out: '@' or '.'
 * @return the number of bytes at text that stand for it, including blanks around it; 0: there is no
 *         such spelling
 */
apr_size_t mta_sts_repair_spelled(const char *text, char *meant);

/* Repairs "mailto;" and "https;", whose semicolon would end the field of a report URI too early. */
void mta_sts_repair_rua_marks(mta_sts_repair *repair);

/* Whether the separator at mark, a pointer into list, belongs to the path of the https URI before
 * it, because neither a field nor an address follows. */
int mta_sts_repair_is_in_url(const char *list, const char *mark);

/* A report URI, or mail address, with its host as A-labels and without a trailing dot; unchanged if
 * the host is not a host name. */
const char *mta_sts_repair_uri_host(apr_pool_t *p, const char *uri);

/*
 * Repairs the value of MTASTSMx: hosts separated by blanks.
 *
 * @param args    as written in the configuration
 * @param clauses out: what was repaired: "contains a comma"
 * @return the intended value, or NULL if no repair makes it valid
 */
const char *mta_sts_repair_mx_args(apr_pool_t *p, const char *args, const char **clauses);

#endif
