/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_IMPORT_MESSAGE_H
#define CLI_IMPORT_MESSAGE_H

#include <apr_pools.h>
#include <apr_tables.h>

/*
 * Finds the reports in a mail message (RFC 8460 section 5.3): parts that are gzip or begin like
 * JSON, regardless of their type, and all parts that claim to be a report. Nested parts and
 * messages are searched, because gateways and people forward reports in them.
 */

/* Limits; a message that exceeds one of them is rejected as a whole. */
#define CLI_MESSAGE_DEPTH_MAX 16
#define CLI_MESSAGE_PARTS_MAX 100

/* How a message is read, and which signatures are trusted. */
typedef struct cli_message_options {
    const apr_array_header_t *authserv_ids; /* of const char *: servers whose
                                               Authentication-Results are trusted */
    int trusted_hops;   /* maximum number of Received fields above such a field, from servers that
                           received the message later */
    int trusts_unnamed; /* whether a topmost field without an authserv-id, as Exchange Online adds
                           it, is trusted as well */
    /* Verifies the signatures of a message (cli/import/dkim.h). Returns the domain of a signature
     * that counts for the author's domain, or NULL. If verify is NULL, signatures are not verified
     * here. */
    const char *(*verify)(void *data, apr_pool_t *p, const char *bytes, apr_size_t len,
                          const char *from);
    void *verify_data;
    apr_size_t most; /* maximum size of a message in bytes */
} cli_message_options;

/* One part that may be a report. */
typedef struct cli_message_part {
    const char *bytes; /* decoded */
    apr_size_t len;
    const char *verified; /* the domain of the message's verified signature; NULL: unverified, as is
                             everything in an attached message */
} cli_message_part;

/*
 * Finds the parts.
 *
 * @param p            pool of the parts
 * @param bytes        borrowed
 * @param parts        out: of cli_message_part; empty if the message contains no report
 * @return NULL, or why the message cannot be read
 */
const char *cli_message_read(apr_pool_t *p, const char *bytes, apr_size_t len,
                             const cli_message_options *options, apr_array_header_t **parts);

#endif
