/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_REPORT_GUESS_H
#define TLSRPT_REPORT_GUESS_H

#include <apr.h>

/*
 * Guesses from their beginning what bytes are that are not a report, and says what to do about it.
 *
 * @param bytes len bytes, as received, not decompressed
 * @return a text to append to a reason: "; this is bzip2: uncompress it first"; "" if the format is
 *         not known; a string constant
 */
const char *tlsrpt_guess(const char *bytes, apr_size_t len);

/* The same for the contents of a gzip file, of which only the first byte is known. */
const char *tlsrpt_guess_in_gzip(char first);

#endif
