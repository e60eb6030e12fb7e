/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_CONFIG_DIRECTIVE_H
#define HTTPD_CONFIG_DIRECTIVE_H

#include <httpd.h>
#include <http_config.h>

/*
 * Shared by the functions that process directives: errors, and splitting arguments. Errors are
 * returned to httpd, which adds the file and the line.
 */

/* Why a directive is not allowed in its context, or NULL. RSRC_CONF forbids directives in
 * <Directory> and .htaccess, but not in <Limit>. */
const char *mts_directive_refuse_context(cmd_parms *cmd);

/* The same for a server-wide directive, which is not allowed in a virtual host either. */
const char *mts_directive_refuse_not_global(cmd_parms *cmd);

/* An error text that begins with the name of the directive, allocated from the configuration's
 * pool. */
const char *mts_directive_refuse_value(cmd_parms *cmd, const char *error);

/*
 * The error for a directive that is set twice to different values in one scope, because one of the
 * values would silently be ignored.
 *
 * @param first the directive with the first value
 */
const char *mts_directive_refuse_second(cmd_parms *cmd, const ap_directive_t *first);

/* Returns the next argument of a directive, which lives as long as the configuration, and advances
 * args past it. */
const char *mts_directive_next_arg(cmd_parms *cmd, const char **args);

#endif
