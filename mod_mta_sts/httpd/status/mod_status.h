/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_STATUS_MOD_STATUS_H
#define HTTPD_STATUS_MOD_STATUS_H

/* If mod_status is loaded, adds a section to its page, as HTML and for ?auto: counters, and the
 * disk usage of the spool. */
void mts_mod_status_register_hooks(void);

#endif
