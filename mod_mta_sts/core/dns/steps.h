/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_DNS_STEPS_H
#define CORE_DNS_STEPS_H

#include <apr_pools.h>
#include <apr_tables.h>

#include "core/dns/publication.h"

/*
 * The remaining steps until a policy is published, in an order that never lets a sender find a
 * policy that is not served, or that does not cover the MX host it delivers to (RFC 8461 sections 5
 * and 8.1 to 8.3): serve the policy, publish its id, wait; add new MX hosts after that, and remove
 * old ones before it.
 */

/*
 * Describes the steps.
 *
 * @param p pool of the result
 * @return array of const char *: each one or more sentences, including the times to wait; never
 *         empty
 */
apr_array_header_t *mta_sts_steps_make(apr_pool_t *p, const mta_sts_publication *publication);

#endif
