/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_UPKEEP_STARTUP_H
#define HTTPD_UPKEEP_STARTUP_H

/*
 * Runs after httpd has read its configuration: renders policies, stops the start after
 * configuration errors, and logs which policies are served.
 */
void mts_startup_register_hooks(void);

/* Whether this is the dry run: at its first start, httpd reads its configuration twice. */
int mts_startup_is_dry_run(void);

#endif
