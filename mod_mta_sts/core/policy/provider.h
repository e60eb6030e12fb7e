/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_POLICY_PROVIDER_H
#define CORE_POLICY_PROVIDER_H

#include <apr_pools.h>

/*
 * A mail provider that runs MX hosts for its customers' domains: which hosts these are, and what a
 * policy for them needs. The table is core/policy/providers.def; for other providers, nothing is
 * guessed.
 */
typedef struct mta_sts_provider {
    const char *name;     /* "Google Workspace" */
    const char *hosts;    /* domains of its MX hosts; in all lists, items are separated by blanks */
    const char *domains;  /* its own domains */
    const char *patterns; /* mx patterns that a policy needs; "": exactly the host in the MX
                             record */
    const char *pitfall;  /* what people often write instead, and why it does not work */
    const char *source;   /* where the provider describes its MX hosts: a URL */
    const char *date;     /* when the entry was checked: "2026-11-28" */
} mta_sts_provider;

/* The provider that runs an MX host, or NULL. */
const mta_sts_provider *mta_sts_provider_of_host(const char *host);

/* The provider that an mx pattern is meant for, even if the pattern is wrong; or NULL. */
const mta_sts_provider *mta_sts_provider_of_pattern(const char *pattern);

/* Whether a pattern is one of those that a provider documents. */
int mta_sts_provider_documents(const mta_sts_provider *provider, const char *pattern);

/*
 * The mx pattern that the provider documents for an MX host; the host itself if there is none.
 *
 * @param p    pool of the pattern
 * @param host an MX host in canonical form; may be returned
 */
const char *mta_sts_provider_pattern(apr_pool_t *p, const char *host);

#endif
