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
 * Rejects a directory that contains files but none of the module's, in which nothing must be
 * created. Accepts a directory that does not exist.
 *
 * @param p pool of the error text
 * @return NULL, or what is wrong, and what to do
 */
const char *cli_state_dir_check(apr_pool_t *p, const char *dir);

/*
 * If the process runs as root, it permanently becomes the owner of the directory (its user and
 * group, without supplementary groups). Then, as any user, calls cli_state_dir_check.
 *
 * @param p pool of the error text
 * @return NULL, or why that failed, and what to do
 */
const char *cli_state_dir_become_owner(apr_pool_t *p, const char *dir);

#endif
