/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_DNS_HISTORY_H
#define CLI_DNS_HISTORY_H

#include "cli/dns/call.h"

/*
 * Determines until when senders may have cached an earlier policy of each domain, from the history
 * of served policies in the module's database. As root, the process switches permanently to the
 * owner of the state directory.
 *
 * @param p pool of the error text
 * @return NULL, even if this machine has no history; else why it cannot be read
 */
const char *cli_dns_read_history(apr_pool_t *p, cli_dns_call *call);

#endif
