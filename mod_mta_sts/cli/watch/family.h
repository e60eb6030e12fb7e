/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_WATCH_FAMILY_H
#define CLI_WATCH_FAMILY_H

#include "cli/watch/item.h"
#include "core/check/check.h"

/*
 * Over which address families a host could be looked at. What was seen over IPv6, and is not seen
 * while this machine has no IPv6, is not over.
 */

typedef struct cli_watch_family {
    int published; /* CLI_WATCH_IPV4...: those with an address in DNS, or perhaps with one */
    int reached;   /* those with an address that shows whether the item is still there */
} cli_watch_family;

/*
 * @param part    of the item, as its subject and its id
 * @param subject the host, for an MX host
 * @param id      what a connection that fails shows depends on it
 */
cli_watch_family cli_watch_family_of(const mta_sts_check_facts *facts, mta_sts_check_part part,
                                     const char *subject, const char *id);

#endif
