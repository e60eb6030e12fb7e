/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_CONFIG_DIRECTIVE_H
#define HTTPD_CONFIG_DIRECTIVE_H

#include <httpd.h>
#include <http_config.h>

/*
 * What the functions that read directives share: errors, and splitting arguments. Errors
 * are returned to httpd, which adds the file and the line.
 */

/* Why a directive is not allowed in its context, or NULL. RSRC_CONF keeps directives out of
 * <Directory> and .htaccess, but not out of <Limit>. */
const char *mts_directive_refuse_context(cmd_parms *cmd);

/* The same for a server-wide directive: not in a virtual host. */
const char *mts_directive_refuse_not_global(cmd_parms *cmd);

/* An error text, with the name of the directive in front. */
const char *mts_directive_refuse_value(cmd_parms *cmd, const char *error);

/*
 * A directive is set twice to different values in one scope: one would silently be ignored.
 *
 * @param first the directive with the first value
 */
const char *mts_directive_refuse_second(cmd_parms *cmd, const ap_directive_t *first);

/* The next argument of a directive; advances args past it. It lives as long as the configuration.
 */
const char *mts_directive_next_arg(cmd_parms *cmd, const char **args);

#endif
