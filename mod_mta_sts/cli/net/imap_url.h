/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_NET_IMAP_URL_H
#define CLI_NET_IMAP_URL_H

#include <apr_pools.h>

/*
 * The URL of a mailbox (RFC 5092): imaps://USER@HOST[:PORT]/MAILBOX, or imap:// for a connection
 * that begins with STARTTLS. The user may contain a literal "@"; other characters may be
 * percent-encoded. Parameters (";UIDVALIDITY=", ";AUTH=") are not accepted.
 */

typedef struct cli_imap_url {
    const char *user;
    const char *host; /* a host name with A-labels, or an address without brackets */
    int port;         /* 1..65535 */
    int is_starttls;
    const char *mailbox; /* UTF-8 */
    const char *text;    /* the URL in canonical form, for messages and as the identity of the
                            mailbox */
} cli_imap_url;

/* Whether an argument is meant to be such a URL. */
int cli_imap_url_is(const char *text);

/*
 * Parses a URL.
 *
 * @param p   pool of the parts and of the error text
 * @param url out
 * @return NULL, or what is wrong, without any password that the URL contains
 */
const char *cli_imap_url_read(apr_pool_t *p, const char *text, cli_imap_url *url);

/*
 * The name of a mailbox as an argument of a command: a quoted string in modified UTF-7 (RFC 3501
 * section 5.1.3), allocated from p.
 *
 * @param mailbox in UTF-8
 * @return NULL if it is not UTF-8, empty, longer than 1000 bytes or contains a control character
 */
const char *cli_imap_mailbox_quote(apr_pool_t *p, const char *mailbox);

#endif
