/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/config/directive.h"

#include <apr_strings.h>

#include "httpd/config/config.h"

const char *mts_directive_refuse_context(cmd_parms *cmd)
{
    return ap_check_cmd_context(cmd, NOT_IN_DIR_CONTEXT | NOT_IN_LIMIT);
}

const char *mts_directive_refuse_not_global(cmd_parms *cmd)
{
    return ap_check_cmd_context(cmd, GLOBAL_ONLY);
}

const char *mts_directive_refuse_value(cmd_parms *cmd, const char *error)
{
    return apr_pstrcat(cmd->pool, cmd->cmd->name, ": ", error, NULL);
}

const char *mts_directive_refuse_second(cmd_parms *cmd, const ap_directive_t *first)
{
    return apr_psprintf(cmd->pool, "%s %s contradicts \"%s %s\" at %s: remove one of them",
                        cmd->cmd->name, cmd->directive->args, cmd->cmd->name, first->args,
                        mts_config_location(cmd->temp_pool, first));
}

/* Names in canonical form, and a single argument without quotation marks, are not copied. */
const char *mts_directive_next_arg(cmd_parms *cmd, const char **args)
{
    const char *arg = *args;

    if (strpbrk(arg, " \t\"'\\")) {
        return ap_getword_conf(cmd->pool, args);
    }
    *args += strlen(arg);
    return arg;
}
