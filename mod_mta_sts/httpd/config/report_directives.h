/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_CONFIG_REPORT_DIRECTIVES_H
#define HTTPD_CONFIG_REPORT_DIRECTIVES_H

#include <httpd.h>
#include <http_config.h>

/*
 * Functions for the directives of httpd/config/report_config.h; the table is in
 * httpd/config/directives.c. Each returns NULL, or why the value is refused and what is allowed.
 */

const char *mts_report_set_path(cmd_parms *cmd, void *unused, const char *path);
const char *mts_report_set_number(cmd_parms *cmd, void *unused, const char *number);
const char *mts_report_set_pair(cmd_parms *cmd, void *unused, const char *one, const char *other);
const char *mts_report_add_domains(cmd_parms *cmd, void *unused, const char *args);
const char *mts_report_set_database(cmd_parms *cmd, void *unused, const char *driver,
                                    const char *database);
const char *mts_report_set_state_dir(cmd_parms *cmd, void *unused, const char *path);

#endif
