/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_COMMON_STATE_DIR_H
#define CLI_COMMON_STATE_DIR_H

#include <apr_pools.h>

#include "cli/common/option.h"

/*
 * The directory in which httpd's module stores reports (its MTASTSStateDir). Root becomes its owner
 * before it accesses it, so that nothing in it ever belongs to root.
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
 * The directory: the value of --state-dir, else MTA_STS_STATE_DIR of the environment, else the
 * default.
 *
 * @param value of the option, or NULL
 */
const char *cli_state_dir_find(const char *value);

/*
 * Run as root, becomes the owner of that directory for good: its group and user, no further
 * groups. Run as any other user, does nothing.
 *
 * @param p pool of the error text
 * @return NULL, or why not
 */
const char *cli_state_dir_become_owner(apr_pool_t *p, const char *dir);

#endif
