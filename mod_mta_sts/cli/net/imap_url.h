/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_NET_IMAP_URL_H
#define CLI_NET_IMAP_URL_H

#include <apr_pools.h>

/*
 * The URL of a mailbox (RFC 5092): imaps://USER@HOST[:PORT]/MAILBOX, or imap:// for a connection
 * that begins with STARTTLS. The user may contain an "@" as it is; other characters may be
 * percent-encoded. Parameters (";UIDVALIDITY=", ";AUTH=") are not accepted.
 */

typedef struct cli_imap_url {
    const char *user;
    const char *host; /* a name in A-labels, or an address without brackets */
    int port;         /* 1..65535 */
    int is_starttls;
    const char *mailbox; /* UTF-8 */
    const char *text;    /* the URL in one form, for messages and as the mailbox's identity */
} cli_imap_url;

/* Whether an argument is meant as such a URL. */
int cli_imap_url_is(const char *text);

/*
 * @param p   pool of the parts and of the error text
 * @param url out
 * @return NULL, or what is wrong; the text contains no password that was in the URL
 */
const char *cli_imap_url_read(apr_pool_t *p, const char *text, cli_imap_url *url);

/*
 * The name of a mailbox as an argument of a command: in modified UTF-7 (RFC 3501 section 5.1.3)
 * and in quotation marks.
 *
 * @param mailbox in UTF-8
 * @return NULL if it is not UTF-8, empty, longer than 1000 bytes or contains a control character
 */
const char *cli_imap_mailbox_quote(apr_pool_t *p, const char *mailbox);

#endif
