/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_IMPORT_MAILBOX_H
#define CLI_IMPORT_MAILBOX_H

#include <apr_pools.h>
#include <apr_time.h>

#include "cli/import/credentials.h"
#include "cli/import/importer.h"
#include "cli/net/imap_url.h"

/*
 * Imports the reports in a mailbox of an IMAP server: the messages that arrived since the last run
 * (cli/import/mailbox_state.h), in the order of their arrival. No message is deleted; without an
 * option to mark or move messages, the mailbox is opened read-only.
 */

#define CLI_MAILBOX_MESSAGES 10000 /* default of --max-messages */
#define CLI_MAILBOX_MESSAGES_MAX 1000000
#define CLI_MAILBOX_SECONDS 600
#define CLI_MAILBOX_SECONDS_MAX 86400

typedef struct cli_mailbox_options {
    cli_credentials_source credentials;
    const char *ca_file; /* or NULL */
    const char *since;   /* as typed, or NULL */
    apr_time_t since_time;
    int again;           /* whether to read also messages that were read before */
    int mark_seen;       /* whether to mark messages as read once their reports are stored */
    const char *move_to; /* the mailbox to which such messages are moved, in UTF-8; or NULL */
    int max_messages;
    int max_time; /* seconds */
} cli_mailbox_options;

/*
 * Imports the reports.
 *
 * @param p           pool of the error text
 * @param credentials read before the process became the owner of the state directory
 * @param reading     how messages are read
 * @return NULL, or why the mailbox was not read completely
 */
const char *cli_mailbox_import(apr_pool_t *p, const cli_imap_url *url,
                               const cli_mailbox_options *options,
                               const cli_credentials *credentials,
                               const cli_source_options *reading, cli_importer *importer);

#endif
