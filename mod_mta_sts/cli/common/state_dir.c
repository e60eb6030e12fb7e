/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/common/state_dir.h"

#include <stdlib.h>

#include <apr_strings.h>

#include "core/base/owner.h"
#include "tlsrpt/spool/foreign.h"

/* NULL: it is not named. */
static const char *find_named(const char *value)
{
    const char *environment = getenv("MTA_STS_STATE_DIR");

    return value ? value : environment && *environment ? environment : NULL;
}

const char *cli_state_dir_find(const char *value)
{
    const char *named = find_named(value);

    return named ? named : CLI_STATE_DIR_DEFAULT;
}

int cli_state_dir_is_named(const char *value)
{
    return find_named(value) != NULL;
}

const char *cli_state_dir_check(apr_pool_t *p, const char *dir)
{
    const char *other = tlsrpt_foreign_file(p, dir);

    return other ? apr_psprintf(p,
                                "%s is not a state directory: it contains %s and other files, but "
                                "no reports; specify MTASTSStateDir with --state-dir",
                                dir, other)
                 : NULL;
}

const char *cli_state_dir_become_owner(apr_pool_t *p, const char *dir)
{
    const char *error = mta_sts_owner_become(p, dir);

    return error ? error : cli_state_dir_check(p, dir);
}
