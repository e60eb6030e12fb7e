/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_STATUS_MOD_STATUS_H
#define HTTPD_STATUS_MOD_STATUS_H

/* A section in the page of mod_status, where that is loaded: the counters, and how full the spool
 * is; as HTML and for ?auto. */
void mts_mod_status_register_hooks(void);

#endif
