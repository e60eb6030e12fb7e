/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/common/state_dir.h"

#include <stdlib.h>

#include "core/base/owner.h"

const char *cli_state_dir_find(const char *value)
{
    const char *environment = getenv("MTA_STS_STATE_DIR");

    return value ? value : environment && *environment ? environment : CLI_STATE_DIR_DEFAULT;
}

const char *cli_state_dir_become_owner(apr_pool_t *p, const char *dir)
{
    return mta_sts_owner_become(p, dir);
}
