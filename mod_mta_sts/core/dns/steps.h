/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_DNS_STEPS_H
#define CORE_DNS_STEPS_H

#include <apr_pools.h>
#include <apr_tables.h>

#include "core/dns/publication.h"

/*
 * What is left to do until a policy is published, in the order in which no sender ever meets a
 * policy that is not served or does not cover the MX host it delivers to (RFC 8461 sections 5 and
 * 8.1 to 8.3): serve, publish the id, wait; new MX hosts after that, leaving ones before.
 */

/*
 * The steps as sentences.
 *
 * @param p pool of the result
 * @return array of const char *: one sentence or more each, with the times to wait; never empty
 */
apr_array_header_t *mta_sts_steps_make(apr_pool_t *p, const mta_sts_publication *publication);

#endif
