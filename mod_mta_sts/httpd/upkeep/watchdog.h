/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_UPKEEP_WATCHDOG_H
#define HTTPD_UPKEEP_WATCHDOG_H

#include <httpd.h>

/*
 * The background work: in one child at a time, a thread of mod_watchdog updates the database
 * (history of served policies, index of reports), removes expired reports and the leftovers of
 * crashes, and counts the spool.
 *
 * The parent, which may be root, never opens the database, because the children could not use files
 * that it creates.
 */

/* Registers the hooks that ask mod_watchdog for the thread and that prepare each child for running
 * it. */
void mts_watchdog_register_hooks(void);

#endif
