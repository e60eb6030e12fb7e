/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_COMMON_STATE_DIR_H
#define CLI_COMMON_STATE_DIR_H

#include <apr_pools.h>

#include "cli/common/option.h"

/*
 * The directory in which the module stores reports (its MTASTSStateDir). Root becomes its owner
 * before accessing it, so that no file in it ever belongs to root.
 */

#define CLI_STATE_DIR_DEFAULT "/var/lib/mod_mta_sts"

/* The row of --state-dir; `at` is the offset of a const char * in the call. */
#define CLI_STATE_DIR_OPTION(at)                                                                   \
    {                                                                                              \
        "state-dir", 0, "DIR",                                                                     \
            "The module's MTASTSStateDir. Default: $MTA_STS_STATE_DIR, or else "                   \
            "" CLI_STATE_DIR_DEFAULT ".",                                                          \
            cli_take_text, at, 0, 0                                                                \
    }

/*
 * The directory: the value of --state-dir, or else of MTA_STS_STATE_DIR in the environment, or else
 * the default.
 *
 * @param value of the option, or NULL
 */
const char *cli_state_dir_find(const char *value);

/* Whether the option or the environment names it: then it must exist. */
int cli_state_dir_is_named(const char *value);

/*
 * Refuses a directory with other files and none of the module. One that does not exist is not refused.
 *
 * @param p pool of the error text
 * @return NULL, or what is wrong and what to do
 */
const char *cli_state_dir_check(apr_pool_t *p, const char *dir);

/*
 * As root, permanently switches to the owner of that directory: its group and user, without
 * supplementary groups. Any user: refuses a directory with other files and none of the module, in
 * which nothing must be created.
 *
 * @param p pool of the error text
 * @return NULL, or why that failed and what to do
 */
const char *cli_state_dir_become_owner(apr_pool_t *p, const char *dir);

#endif
