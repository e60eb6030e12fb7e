/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_NET_IMAP_RESPONSE_H
#define CLI_NET_IMAP_RESPONSE_H

#include <apr_pools.h>
#include <apr_tables.h>

/*
 * What an IMAP server says (RFC 3501 section 7): where a response ends in the bytes that came, and
 * what of it matters for reading a mailbox. Everything is borrowed from the bytes or allocated from
 * the pool; nothing is trusted.
 */

typedef enum cli_imap_kind {
    CLI_IMAP_OTHER,      /* another one, to be ignored */
    CLI_IMAP_DONE,       /* the end of the command: status, code, text */
    CLI_IMAP_STATUS,     /* "* OK [UIDVALIDITY 1] ...": status, code, text */
    CLI_IMAP_SEARCH,     /* uids */
    CLI_IMAP_FETCH,      /* uid, body */
    CLI_IMAP_CAPABILITY, /* text: the capabilities, separated by blanks */
} cli_imap_kind;

typedef enum cli_imap_status {
    CLI_IMAP_NO_STATUS,
    CLI_IMAP_OK,
    CLI_IMAP_NO,
    CLI_IMAP_BAD,
    CLI_IMAP_BYE,
} cli_imap_status;

typedef struct cli_imap_response {
    cli_imap_kind kind;
    cli_imap_status status;
    const char *code;               /* what is between brackets, or NULL */
    const char *text;               /* what follows */
    const apr_array_header_t *uids; /* of apr_uint32_t, in any order */
    apr_uint32_t uid;               /* 0: not in it */
    const char *body;               /* of BODY[], NULL: not in it */
    apr_size_t body_len;
} cli_imap_response;

/*
 * Finds the end of the first response.
 *
 * @param most  bytes of a response
 * @param taken out: its length with the line's end; 0: more bytes are needed
 * @return NULL, or why the connection cannot be used any more
 */
const char *cli_imap_response_find(const char *bytes, apr_size_t len, apr_size_t most,
                                   apr_size_t *taken);

/*
 * Reads one response.
 *
 * @param p     pool of what is in it
 * @param bytes as found by cli_imap_response_find; borrowed
 * @param tag   of the command that is under way
 * @return NULL, or why it cannot be read
 */
const char *cli_imap_response_read(apr_pool_t *p, const char *bytes, apr_size_t len,
                                   const char *tag, cli_imap_response *response);

/* The number of a code like "UIDVALIDITY 17", of 1..2^32-1; 0 if it is another code. */
apr_uint32_t cli_imap_code_number(const cli_imap_response *response, const char *name);

/* Whether the list of capabilities has this one, compared without case. */
int cli_imap_has_capability(const char *list, const char *name);

#endif
