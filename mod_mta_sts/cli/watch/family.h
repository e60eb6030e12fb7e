/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_WATCH_FAMILY_H
#define CLI_WATCH_FAMILY_H

#include "cli/watch/item.h"
#include "core/check/check.h"

/*
 * The address families over which a host could be checked. A problem that was observed over IPv6 is
 * not over if it is not observed while this machine has no IPv6.
 */

typedef struct cli_watch_family {
    int published; /* set of CLI_WATCH_IPV4...: families for which DNS has an address, or may have
                      one */
    int reached;   /* families with an address at which it could be observed whether the item still
                      exists */
} cli_watch_family;

/*
 * Determines the families for an item.
 *
 * @param part    of the item, like subject and id
 * @param subject the host, for an MX host
 * @param id      determines what a failed connection shows
 */
cli_watch_family cli_watch_family_of(const mta_sts_check_facts *facts, mta_sts_check_part part,
                                     const char *subject, const char *id);

#endif
