/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import/mailbox_option.h"

cli_mailbox_options cli_mailbox_options_make(void)
{
    cli_mailbox_options options = {.max_messages = CLI_MAILBOX_MESSAGES,
                                   .max_time = CLI_MAILBOX_SECONDS};

    return options;
}

const char *cli_take_mailbox_since(apr_pool_t *p, const cli_option *option, void *target,
                                   const char *value)
{
    cli_mailbox_options *options = target;

    (void)option;
    options->since = value;
    return cli_option_since(p, value, apr_time_now(), &options->since_time);
}

static int is_any_set(const cli_mailbox_options *options)
{
    const cli_credentials_source *from = &options->credentials;

    return from->password_file || from->netrc_file || from->token_command || options->ca_file ||
           options->since || options->again || options->mark_seen || options->move_to ||
           options->max_messages != CLI_MAILBOX_MESSAGES ||
           options->max_time != CLI_MAILBOX_SECONDS;
}

const char *cli_mailbox_options_check(apr_pool_t *p, const cli_mailbox_options *options,
                                      int is_used)
{
    const cli_credentials_source *from = &options->credentials;

    if (!is_used) {
        return is_any_set(options) ? "--password-file, --netrc-file, --token-command, --since, "
                                     "--again, --mark-seen, --move-to, --max-messages, --max-time "
                                     "and --ca-file are for a mailbox: imaps://USER@HOST/MAILBOX"
                                   : NULL;
    }
    if (!!from->password_file + !!from->netrc_file + !!from->token_command > 1) {
        return "only one of --password-file, --netrc-file and --token-command can be used";
    }
    return options->move_to && !cli_imap_mailbox_quote(p, options->move_to)
               ? "--move-to takes the name of a mailbox, of 1 to 1000 bytes"
               : NULL;
}
