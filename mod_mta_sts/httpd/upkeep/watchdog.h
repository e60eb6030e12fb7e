/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_UPKEEP_WATCHDOG_H
#define HTTPD_UPKEEP_WATCHDOG_H

#include <httpd.h>

/*
 * What is done beside the requests: one of the children at a time, in a thread that mod_watchdog
 * gives us, keeps the database (history of served policies, index of reports), removes reports
 * that are too old and what a crash left behind, and counts the spool.
 *
 * The parent, which may be root, never opens the database: files of his would be in the way.
 */

/* Registers where mod_watchdog is asked for the thread, and what each child prepares for the case
 * that the thread is its own. */
void mts_watchdog_register_hooks(void);

#endif
