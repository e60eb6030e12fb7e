/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_CONFIG_STATE_H
#define HTTPD_CONFIG_STATE_H

#include <httpd.h>

#include "tlsrpt/spool/spool.h"

/*
 * The state directory: made at start, found by each child.
 */

/* Whether anything is to be kept: there are policies, or an endpoint. */
int mts_state_is_needed(const server_rec *main, apr_pool_t *ptemp);

/* At start, while root may: makes the state directory and its directories for the user that
 * children run as. What is wrong with it goes to the log and stops nothing. Without policies and
 * endpoint nothing is needed, and nothing made. */
void mts_state_prepare(server_rec *main, apr_pool_t *ptemp);

/* The spool of this process; NULL in the parent. */
tlsrpt_spool *mts_state_spool(void);

/* Registers what each child prepares. */
void mts_state_register_hooks(void);

#endif
