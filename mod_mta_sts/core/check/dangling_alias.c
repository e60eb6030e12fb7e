/* SPDX-License-Identifier: Apache-2.0 */
#include "core/check/dangling_alias.h"

#include <string.h>

#include <apr_strings.h>

#include "core/base/text.h"

static const char *quote(apr_pool_t *p, const mta_sts_answer *answer)
{
    return mta_sts_text_quote(p, answer->alias, strlen(answer->alias));
}

const char *mta_sts_dangling_alias_text(apr_pool_t *p, const mta_sts_answer *answer,
                                        const char *loss, const char *danger)
{
    return answer->status == MTA_STS_ANSWER_NXDOMAIN
               ? apr_psprintf(p,
                              "it is an alias (CNAME) of %s, which does not exist: %s, and anyone "
                              "who registers that name %s",
                              quote(p, answer), loss, danger)
               : apr_psprintf(p, "it is an alias (CNAME) of %s, which has no such record: %s",
                              quote(p, answer), loss);
}

const char *mta_sts_dangling_alias_fix(apr_pool_t *p, const mta_sts_answer *answer,
                                       const char *name)
{
    return answer->status == MTA_STS_ANSWER_NXDOMAIN
               ? apr_psprintf(p, "replace the CNAME of %s with the record itself", name)
               : apr_psprintf(p,
                              "have the record published at %s by the operator of that zone, or "
                              "replace the CNAME of %s with the record itself",
                              quote(p, answer), name);
}
