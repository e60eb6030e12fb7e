/* SPDX-License-Identifier: Apache-2.0 */
#include "core/dns/delegation.h"

#include <apr_strings.h>

const char *mta_sts_delegation_request(apr_pool_t *p, const mta_sts_publication_record *record)
{
    if (!record->delegated || record->state == MTA_STS_RECORD_SAME) {
        return NULL;
    }
    if (record->is_dead) {
        return apr_psprintf(p,
                            "delete the CNAME of %s, which points to %s, a name that does not "
                            "exist; publish \"%s\" there instead",
                            record->delegated, record->name, record->value);
    }
    return apr_psprintf(
        p, "ask the operator of %s, where the CNAME of %s points, to %s \"%s\" there%s",
        record->name, record->delegated,
        record->state == MTA_STS_RECORD_SUPERFLUOUS ? "delete" : "publish", record->value,
        record->state == MTA_STS_RECORD_SUPERFLUOUS
            ? ": senders ignore all records of this kind if there is more than one"
        : record->type == MTA_STS_TYPE_MTA_STS
            ? " once this policy is served (a provider that serves the policy itself uses an id of "
              "its own)"
            : "");
}
