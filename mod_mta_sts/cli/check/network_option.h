/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_CHECK_NETWORK_OPTION_H
#define CLI_CHECK_NETWORK_OPTION_H

#include "cli/check/run.h"
#include "cli/common/option.h"

/*
 * The options of check, dns and ready about access to the live deployment, as rows for their
 * tables. `in` is the offset of the cli_check_options in the subcommand's call.
 */

#define CLI_PORT_MAX 65535

/* Parses HOST=ADDRESS:PORT, with an IPv6 address in brackets, and appends it to connects. */
cli_option_take cli_take_connect;

/* clang-format off */
#define CLI_NETWORK_OPTIONS(in)                                                                    \
    {"timeout", 0, "SECONDS",                                                                      \
     "Time limit of each lookup and connection, 1 to 17. Default: 15.",                            \
     cli_take_number, (in) + offsetof(cli_check_options, timeout), 1, CLI_CHECK_TIMEOUT_MAX},      \
    {"resolver", 0, "ADDRESS[@PORT]", "Query this name server instead of the system's.",           \
     cli_take_text, (in) + offsetof(cli_check_options, server), 0, 0},                             \
    {"trust-anchor", 0, "FILE",                                                                    \
     "Validate DNSSEC with the DS or DNSKEY records in FILE instead of those of the root.",        \
     cli_take_text, (in) + offsetof(cli_check_options, trust_anchor), 0, 0},                       \
    {"ca-file", 0, "FILE", "Trust the CAs in this PEM file instead of the system's.",              \
     cli_take_text, (in) + offsetof(cli_check_options, ca_file), 0, 0},                            \
    {"connect", 0, "HOST=ADDRESS:PORT",                                                            \
     "Connect to this address and port for this policy host or MX host. Can be repeated.",         \
     cli_take_connect, (in) + offsetof(cli_check_options, connects), 0, 0}
#define CLI_SMTP_OPTIONS(in)                                                                       \
    {"smtp-port", 0, "PORT", "Port of the mail servers. Default: 25.",                             \
     cli_take_number, (in) + offsetof(cli_check_options, smtp_port), 1, CLI_PORT_MAX},             \
    {"no-smtp", 0, NULL, "Do not connect to the mail servers.",                                    \
     cli_take_flag, (in) + offsetof(cli_check_options, no_smtp), 0, 0}
/* clang-format on */

#endif
