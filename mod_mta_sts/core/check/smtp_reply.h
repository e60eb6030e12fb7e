/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_CHECK_SMTP_REPLY_H
#define CORE_CHECK_SMTP_REPLY_H

#include <apr.h>

/*
 * Reads one reply of a mail server (RFC 5321 section 4.2), as its bytes arrive: lines of a code
 * and a text, "-" after the code of all but the last.
 */

/* A line may have 512 bytes by RFC 5321; some servers are more talkative. */
#define MTA_STS_SMTP_LINE_MAX 1000
#define MTA_STS_SMTP_LINES_MAX 100

typedef enum mta_sts_smtp_reply_status {
    MTA_STS_SMTP_REPLY_MORE,    /* it goes on */
    MTA_STS_SMTP_REPLY_DONE,    /* it is complete */
    MTA_STS_SMTP_REPLY_INVALID, /* this is no reply; line has how it begins */
} mta_sts_smtp_reply_status;

/* All zero before the first byte. */
typedef struct mta_sts_smtp_reply {
    char line[MTA_STS_SMTP_LINE_MAX + 1]; /* the line being read, or the last one: NUL-terminated
                                             once the status is not MORE */
    apr_size_t len;                       /* its bytes so far */
    int lines;                            /* those that are complete */
    int code;                             /* 200..599, the same in every line */
    int offers_starttls;                  /* a line says STARTTLS */
} mta_sts_smtp_reply;

/*
 * Takes in bytes.
 *
 * @param used out: how many of them belong to this reply; less than len only if it is DONE or
 *             GARBAGE
 */
mta_sts_smtp_reply_status mta_sts_smtp_reply_read(mta_sts_smtp_reply *reply, const char *bytes,
                                                  apr_size_t len, apr_size_t *used);

#endif
