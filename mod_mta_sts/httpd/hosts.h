/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MOD_HOSTS_H
#define MOD_HOSTS_H

#include <httpd.h>

#include "core/finding.h"

/*
 * The start-up check of every policy host: which virtual hosts answer for it, what they tell, and
 * with which certificates.
 */

/*
 * Gathers the facts and judges them by core/policy_host.h.
 *
 * @param p        pool of scratch memory and of what the findings point to
 * @param main     the main server, its policies resolved and its certificates collected
 * @param findings what is wrong is added here
 */
void mod_hosts_check(apr_pool_t *p, server_rec *main, mta_sts_findings *findings);

/* Registers the hook through which certificates are learnt: whoever adds them, mod_ssl, mod_md or
 * another, they come by there. */
void mod_hosts_register_hooks(void);

#endif
