/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_IMPORT_MAILBOX_STATE_H
#define CLI_IMPORT_MAILBOX_STATE_H

#include <apr_pools.h>

/*
 * Records which messages of a mailbox have been read: a file for each mailbox in the state
 * directory, imap-DIGEST.json. It is replaced atomically, so that an interrupted run leaves the old
 * or the new one.
 */

typedef struct cli_mailbox_state {
    apr_uint32_t uid_validity; /* 0: nothing is known */
    apr_uint32_t last_uid;     /* all messages up to this one have been read */
} cli_mailbox_state;

/*
 * Reads the file.
 *
 * @param p       pool of the error text
 * @param mailbox its URL (cli/net/imap_url.h)
 * @param state   out: all 0 if there is no file, and after an error
 * @return NULL, or why the file cannot be used
 */
const char *cli_mailbox_state_load(apr_pool_t *p, const char *state_dir, const char *mailbox,
                                   cli_mailbox_state *state);

/* @return NULL, or why it cannot be written */
const char *cli_mailbox_state_save(apr_pool_t *p, const char *state_dir, const char *mailbox,
                                   const cli_mailbox_state *state);

/* Parses the text of such a file. Returns NULL, or what is wrong with it; then state is
 * unchanged */
const char *cli_mailbox_state_read(const char *text, apr_size_t len, const char *mailbox,
                                   cli_mailbox_state *state);

#endif
