/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_CHECK_SMTP_REPLY_H
#define CORE_CHECK_SMTP_REPLY_H

#include <apr.h>

/*
 * Parses one reply of a mail server (RFC 5321 section 4.2) as its bytes arrive: lines of a code and
 * a text, with "-" after the code of all but the last.
 */

/* In bytes. RFC 5321 allows 512; some servers exceed that. */
#define MTA_STS_SMTP_LINE_MAX 1000
#define MTA_STS_SMTP_LINES_MAX 100

typedef enum mta_sts_smtp_reply_status {
    MTA_STS_SMTP_REPLY_MORE,    /* the reply is not complete yet */
    MTA_STS_SMTP_REPLY_DONE,    /* it is complete */
    MTA_STS_SMTP_REPLY_INVALID, /* not an SMTP reply; line contains its beginning */
} mta_sts_smtp_reply_status;

/* Must be zeroed before the first byte. */
typedef struct mta_sts_smtp_reply {
    char line[MTA_STS_SMTP_LINE_MAX + 1]; /* the current or last line; NUL-terminated once the
                                             status is not MTA_STS_SMTP_REPLY_MORE */
    apr_size_t len;                       /* its length so far, in bytes */
    int lines;                            /* number of complete lines */
    int code;                             /* 200..599, the same on every line */
    int offers_starttls;                  /* whether a line is STARTTLS */
} mta_sts_smtp_reply;

/*
 * Parses the next bytes.
 *
 * @param used out: how many of the bytes belong to this reply; less than len only if the result is
 *             MTA_STS_SMTP_REPLY_DONE or MTA_STS_SMTP_REPLY_INVALID
 */
mta_sts_smtp_reply_status mta_sts_smtp_reply_read(mta_sts_smtp_reply *reply, const char *bytes,
                                                  apr_size_t len, apr_size_t *used);

#endif
