/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_STATUS_MOD_STATUS_H
#define HTTPD_STATUS_MOD_STATUS_H

/* Adds a section to the page of mod_status if that is loaded: counters and disk usage of the spool,
 * as HTML and for ?auto. */
void mts_mod_status_register_hooks(void);

#endif
