/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_SHARED_MODULE_H
#define HTTPD_SHARED_MODULE_H

#include <httpd.h>
#include <http_config.h>

extern module AP_MODULE_DECLARE_DATA mta_sts_module;

#endif
