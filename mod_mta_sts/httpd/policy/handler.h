/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_POLICY_HANDLER_H
#define HTTPD_POLICY_HANDLER_H

/*
 * Answers requests for policies. A quick handler takes the well-known URL ahead of everything else
 * that a virtual host may do with it; the content handler "mta-sts" renders, for it and for
 * SetHandler.
 */
void mts_policy_handler_register_hooks(void);

#endif
