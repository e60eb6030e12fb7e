/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MOD_MTA_STS_H
#define MOD_MTA_STS_H

#include <httpd.h>
#include <http_config.h>

extern module AP_MODULE_DECLARE_DATA mta_sts_module;

#endif
