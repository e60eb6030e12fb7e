/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_REPORT_GUESS_H
#define TLSRPT_REPORT_GUESS_H

#include <apr.h>

/*
 * What bytes that are not a report probably are, and what to do about it, from their beginning.
 *
 * @param bytes as received, not inflated
 * @return text to append to a reason: "; this is bzip2: uncompress it first"; "" if unknown
 */
const char *tlsrpt_guess(const char *bytes, apr_size_t len);

/* The same for the content of a gzip, of which only the first byte is known. */
const char *tlsrpt_guess_in_gzip(char first);

#endif
