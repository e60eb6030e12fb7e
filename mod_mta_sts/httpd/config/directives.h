/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_CONFIG_DIRECTIVES_H
#define HTTPD_CONFIG_DIRECTIVES_H

#include <httpd.h>
#include <http_config.h>

/* The directives of the module. What they say goes into the mod_config of their server. */
extern const command_rec mod_directives[];

#endif
