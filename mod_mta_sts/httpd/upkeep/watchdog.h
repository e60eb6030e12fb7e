/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_UPKEEP_WATCHDOG_H
#define HTTPD_UPKEEP_WATCHDOG_H

#include <httpd.h>

/*
 * The background tasks: in one child process at a time, a thread of mod_watchdog updates the
 * database (history of served policies, index of reports), removes expired reports and stale
 * temporary files, and counts the files in the spool.
 *
 * The parent process, which may be root, never opens the database, because the child processes
 * could not use files that it creates.
 */

/* Registers the hooks that request the thread from mod_watchdog, and that prepare each child
 * process for it. */
void mts_watchdog_register_hooks(void);

#endif
