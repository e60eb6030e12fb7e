/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_UPKEEP_STARTUP_H
#define HTTPD_UPKEEP_STARTUP_H

/*
 * What happens when httpd has read its configuration: the policies are made, what was typed wrong
 * stops it, and the log says what is served.
 */
void mts_startup_register_hooks(void);

/* httpd starts twice the first time: whether this is the first of the two, which does not count. */
int mts_startup_is_dry_run(void);

#endif
