/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_CONFIG_STATE_H
#define HTTPD_CONFIG_STATE_H

#include <httpd.h>

#include "tlsrpt/spool/spool.h"

/*
 * The state directory: created at start, opened by each child.
 */

/* Whether a state directory is needed: there are policies or an endpoint, or hosting is on. */
int mts_state_is_needed(const server_rec *main, apr_pool_t *ptemp);

/* Creates the state directory and its subdirectories, owned by the user as which child processes
 * run. Must be called at start, when the process may be root. Problems are logged, but do not
 * prevent the start. Does nothing unless mts_state_is_needed(). */
void mts_state_prepare(server_rec *main, apr_pool_t *ptemp);

/* The spool of this process; NULL in the parent. */
tlsrpt_spool *mts_state_spool(void);

/* Registers the hooks that prepare each child. */
void mts_state_register_hooks(void);

#endif
