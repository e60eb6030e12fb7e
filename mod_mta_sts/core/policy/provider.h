/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_POLICY_PROVIDER_H
#define CORE_POLICY_PROVIDER_H

#include <apr_pools.h>

/*
 * A mail provider that runs MX hosts for its customers' domains: which hosts those are, and what a
 * policy for them needs. The table is core/policy/providers.def; a provider that is not in it is
 * not guessed.
 */
typedef struct mta_sts_provider {
    const char *name;     /* "Google Workspace" */
    const char *hosts;    /* its MX hosts end in one of these; all lists are separated by blanks */
    const char *domains;  /* its own domains */
    const char *patterns; /* what a policy needs; "": the host in the MX record itself */
    const char *pitfall;  /* what people write instead, and why it does not work */
    const char *source;   /* where the provider describes its MX hosts: a URL */
    const char *date;     /* of the entry: "2026-11-28" */
} mta_sts_provider;

/* The provider of an MX host, or NULL. */
const mta_sts_provider *mta_sts_provider_of_host(const char *host);

/* The provider that an mx pattern is meant for, whether or not it is right; or NULL. */
const mta_sts_provider *mta_sts_provider_of_pattern(const char *pattern);

/*
 * The documented pattern that covers an MX host; the host itself without one.
 *
 * @param p    pool of the pattern
 * @param host an MX host in canonical form; may be returned
 */
const char *mta_sts_provider_pattern(apr_pool_t *p, const char *host);

#endif
