/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_CONFIG_SHADOW_H
#define HTTPD_CONFIG_SHADOW_H

#include <httpd.h>

#include "core/base/finding.h"

/*
 * With MTASTSHosting, warns of policies that hide hosted domains: those of plain directives in a
 * virtual host with an alias such as mta-sts.*, which take precedence over every hosted domain.
 *
 * @param p        scratch, and pool of the findings' strings
 * @param main     the main server, after its policies were resolved
 * @param findings warnings are added here
 */
void mts_shadow_check(apr_pool_t *p, const server_rec *main, mta_sts_findings *findings);

#endif
