/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_IMPORT_MESSAGE_H
#define CLI_IMPORT_MESSAGE_H

#include <apr_pools.h>
#include <apr_tables.h>

/*
 * The reports in a mail message (RFC 8460 section 5.3): the parts that are gzip or begin as JSON
 * does, whatever type they claim to have; and those that claim to be a report, whatever they are.
 * Parts within parts and messages within messages are looked at, as gateways and people wrap them.
 */

/* What is read at most; over it, a message is refused as a whole. */
#define CLI_MESSAGE_DEPTH_MAX 16
#define CLI_MESSAGE_PARTS_MAX 100

/* How a message is read, and what is believed about its signatures. */
typedef struct cli_message_options {
    const apr_array_header_t *authserv_ids; /* of const char *: servers whose
                                               Authentication-Results are believed */
    int trusted_hops;   /* Received fields that may be above such a field: those of servers that got
                           the message later */
    int trusts_unnamed; /* also a field without such a name, which must be the topmost: Exchange
                           Online writes it so */
    /* Verifies the signatures of a message itself (cli/import/dkim.h): returns the domain of one
     * that counts for the author's domain, or NULL. NULL: nothing does. */
    const char *(*verify)(void *data, apr_pool_t *p, const char *bytes, apr_size_t len,
                          const char *from);
    void *verify_data;
    apr_size_t most; /* bytes of a message */
} cli_message_options;

/* One part that may be a report. */
typedef struct cli_message_part {
    const char *bytes; /* decoded */
    apr_size_t len;
    const char *verified; /* the domain of the message's signature; NULL: not verified, as always in
                             a message within the message */
} cli_message_part;

/*
 * @param p            pool of the parts
 * @param bytes       borrowed
 * @param parts        out: of cli_message_part; empty if it has no report in it
 * @return NULL, or in words why it is not read
 */
const char *cli_message_read(apr_pool_t *p, const char *bytes, apr_size_t len,
                             const cli_message_options *options, apr_array_header_t **parts);

#endif
