/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_BASE_NAME_H
#define CORE_BASE_NAME_H

#include <apr_pools.h>

/*
 * Host names as MTA-STS needs them: policy domains, and the mx patterns of a policy.
 *
 * The canonical form is ASCII, lower case, without a trailing dot. Names follow RFC 5321 section
 * 4.1.2 (letters, digits and hyphens; labels of 1..63 bytes, 253 bytes in all); an mx pattern may
 * have "*" as its whole left-most label (RFC 8461 section 4.1).
 */

#define MTA_STS_POLICY_HOST_PREFIX "mta-sts."

/* Which spellings of a name are accepted. */
typedef enum mta_sts_name_form {
    MTA_STS_NAME_ALABEL, /* ASCII only, as in policies and in DNS */
    MTA_STS_NAME_ULABEL, /* also UTF-8, which is converted to A-labels (RFC 5891): for input by
                            an admin */
} mta_sts_name_form;

/*
 * Reads a host name or an mx pattern; the string must contain nothing else.
 *
 * @param p    pool of the result and of the error text
 * @param text borrowed
 * @param form which spellings are accepted
 * @param name out: the canonical form; text itself if that is canonical already
 * @return NULL, or what is wrong with the text and what is allowed
 */
const char *mta_sts_name_parse_host(apr_pool_t *p, const char *text, mta_sts_name_form form,
                                    const char **name);
const char *mta_sts_name_parse_mx(apr_pool_t *p, const char *text, mta_sts_name_form form,
                                  const char **pattern);

/*
 * Reads a policy domain: a host name short enough to be prefixed with "mta-sts.". A policy host
 * entered by mistake ("mta-sts.example.com") is rejected.
 *
 * @param p, text, domain, return value: as for mta_sts_name_parse_host; U-labels are accepted
 */
const char *mta_sts_name_parse_domain(apr_pool_t *p, const char *text, const char **domain);

/*
 * Whether a canonical mx pattern matches a host name (RFC 8461 section 4.1), ignoring case. "*."
 * stands for exactly one label. The host may have one trailing dot.
 */
int mta_sts_name_matches_mx(const char *pattern, const char *host);

/* The policy domain of a policy host, as a pointer into host; NULL if host does not begin with
 * "mta-sts." (in any case). */
const char *mta_sts_name_policy_domain(const char *host);

#endif
