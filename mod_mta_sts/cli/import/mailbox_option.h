/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_IMPORT_MAILBOX_OPTION_H
#define CLI_IMPORT_MAILBOX_OPTION_H

#include "cli/common/option.h"
#include "cli/import/mailbox.h"

/* The options of import about mailboxes, as rows for its table. `in` is the offset of the
 * cli_mailbox_options in the call. */

cli_option_take cli_take_mailbox_since; /* of a cli_mailbox_options */

/* clang-format off */
#define CLI_MAILBOX_OPTIONS(in)                                                                    \
    {"password-file", 0, "FILE", "Read the password of the mailbox from the first line of FILE.",  \
     cli_take_text, (in) + offsetof(cli_mailbox_options, credentials.password_file), 0, 0},        \
    {"netrc-file", 0, "FILE",                                                                      \
     "Read the password of the mailbox from this netrc file. Default: ~/.netrc.",                  \
     cli_take_text, (in) + offsetof(cli_mailbox_options, credentials.netrc_file), 0, 0},           \
    {"token-command", 0, "COMMAND",                                                                \
     "Log in with the OAuth token (XOAUTH2) that COMMAND, run by /bin/sh, prints.",                \
     cli_take_text, (in) + offsetof(cli_mailbox_options, credentials.token_command), 0, 0},        \
    {"since", 0, "TIME",                                                                           \
     "Only messages that the mailbox received since then: 12h, 30d, 4w, a date, or all.",          \
     cli_take_mailbox_since, (in), 0, 0},                                                          \
    {"again", 0, NULL, "Also read messages that an earlier call has read.",                        \
     cli_take_flag, (in) + offsetof(cli_mailbox_options, again), 0, 0},                            \
    {"mark-seen", 0, NULL, "Mark messages as read once their reports are stored.",                 \
     cli_take_flag, (in) + offsetof(cli_mailbox_options, mark_seen), 0, 0},                        \
    {"move-to", 0, "MAILBOX", "Move messages to MAILBOX once their reports are stored.",           \
     cli_take_text, (in) + offsetof(cli_mailbox_options, move_to), 0, 0},                          \
    {"max-messages", 0, "NUMBER",                                                                  \
     "Read no more messages of the mailbox in one call. Default: 10000.",                          \
     cli_take_number, (in) + offsetof(cli_mailbox_options, max_messages),                          \
     1, CLI_MAILBOX_MESSAGES_MAX},                                                                 \
    {"max-time", 0, "SECONDS", "Spend no more time on the mailbox in one call. Default: 600.",     \
     cli_take_number, (in) + offsetof(cli_mailbox_options, max_time),                              \
     1, CLI_MAILBOX_SECONDS_MAX},                                                                  \
    {"ca-file", 0, "FILE", "Trust the CAs in this PEM file instead of the system's.",              \
     cli_take_text, (in) + offsetof(cli_mailbox_options, ca_file), 0, 0}
/* clang-format on */

/* The defaults. */
cli_mailbox_options cli_mailbox_options_make(void);

/*
 * Checks the options together.
 *
 * @param p       scratch
 * @param is_used whether a mailbox is read
 * @return NULL, or what is wrong
 */
const char *cli_mailbox_options_check(apr_pool_t *p, const cli_mailbox_options *options,
                                      int is_used);

#endif
