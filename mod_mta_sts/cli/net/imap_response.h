/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_NET_IMAP_RESPONSE_H
#define CLI_NET_IMAP_RESPONSE_H

#include <apr_pools.h>
#include <apr_tables.h>

/*
 * Parses the responses of an IMAP server (RFC 3501 section 7): finds the end of a response in the
 * received bytes, and extracts the data that is needed for reading a mailbox. Results are borrowed
 * from the bytes or allocated from the pool. The bytes are not trusted.
 */

typedef enum cli_imap_kind {
    CLI_IMAP_OTHER,      /* any other response, to be ignored */
    CLI_IMAP_DONE,       /* tagged, the end of the command: status, code, text */
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
    const char *code;               /* the response code between brackets, or NULL */
    const char *text;               /* the text after it */
    const apr_array_header_t *uids; /* of apr_uint32_t, in any order */
    apr_uint32_t uid;               /* 0: absent */
    const char *body;               /* contents of BODY[]; NULL: absent */
    apr_size_t body_len;
} cli_imap_response;

/*
 * Finds the end of the first response.
 *
 * @param most  maximum number of bytes of a response
 * @param taken out: the length of the response, including its line end; 0: more bytes are needed
 * @return NULL, or why the connection cannot be used any more
 */
const char *cli_imap_response_find(const char *bytes, apr_size_t len, apr_size_t most,
                                   apr_size_t *taken);

/*
 * Parses one response.
 *
 * @param p     pool of the contents of response
 * @param bytes a response as found by cli_imap_response_find; borrowed
 * @param tag   tag of the current command
 * @return NULL, or why the response cannot be parsed
 */
const char *cli_imap_response_read(apr_pool_t *p, const char *bytes, apr_size_t len,
                                   const char *tag, cli_imap_response *response);

/* The number (1..2^32-1) in a response code such as "UIDVALIDITY 17"; 0 if the response has a
 * different code. */
apr_uint32_t cli_imap_code_number(const cli_imap_response *response, const char *name);

/* Whether a list of capabilities contains this one, ignoring case. */
int cli_imap_has_capability(const char *list, const char *name);

#endif
