/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_POLICY_HANDLER_H
#define HTTPD_POLICY_HANDLER_H

/*
 * Serves policies. A quick handler handles the well-known URL before anything else in the virtual
 * host can; the content handler "mta-sts" sends the policy, for the quick handler and for
 * SetHandler.
 */
void mts_policy_handler_register_hooks(void);

#endif
