/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/check/run.h"

void cli_check_domain_configure(cli_check_domain *domain, const cli_apache_policy *configured)
{
    domain->configured_id = configured ? configured->id : NULL;
    domain->endpoint = configured ? configured->endpoint : NULL;
    domain->is_hosted = configured && configured->is_hosted;
    domain->row_wrong = configured ? configured->row_wrong : NULL;
}
