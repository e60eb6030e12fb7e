/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_CONFIG_DIRECTIVES_H
#define HTTPD_CONFIG_DIRECTIVES_H

#include <httpd.h>
#include <http_config.h>

/* The directives of the module. They set the members of the mts_config of their server. */
extern const command_rec mts_directives[];

#endif
