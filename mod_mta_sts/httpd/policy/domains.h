/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_POLICY_DOMAINS_H
#define HTTPD_POLICY_DOMAINS_H

#include <httpd.h>

#include "core/policy/certificate.h"
#include "core/base/finding.h"
#include "core/policy/policy.h"
#include "httpd/config/policies.h"

/*
 * The policy domains of the whole server as the status page lists them: each once, sorted, however
 * many virtual hosts define its policy. Each child makes the list when it is asked for first.
 */

/* One policy domain, or wildcard alias of policy hosts. */
typedef struct mts_domain {
    const char *name;
    const mts_served *served;               /* where its policy is defined, the nearest first */
    int definitions;                        /* how many: served[0..definitions-1] */
    const mts_served *shown;                /* the one senders get; the first if they get none */
    mta_sts_mode mode;                      /* of that one */
    const mta_sts_certificate *certificate; /* of those that its policy host shows, the one that
                                               ends first; NULL: none is known */
} mts_domain;

typedef struct mts_domains {
    const apr_array_header_t *list;      /* of mts_domain, by name */
    int modes[MTA_STS_MODE_ENFORCE + 1]; /* how many have this mode */
    const struct mts_hosts *hosts;
    const mta_sts_certificate *first; /* the certificate that ends first, of all virtual hosts with
                                         policy hosts; NULL: none is known */
} mts_domains;

/* The list; never NULL. It lives as long as the child and is never changed. */
const mts_domains *mts_domains_of(const server_rec *s);

/* The domain of this name, or NULL. */
const mts_domain *mts_domains_find(const mts_domains *domains, const char *name);

/* The facts about one domain now. */
typedef struct mts_domain_facts {
    const mts_domain *domain;
    const mta_sts_policy *policy;
    const char *id;
    const char *location;             /* "file:line" */
    int is_served;                    /* whether senders can fetch it */
    int days;                         /* until its certificate expires; 0 if unknown */
    const mta_sts_findings *findings; /* none is ok */
} mts_domain_facts;

/* Gathers them; p is the pool of the result. */
mts_domain_facts mts_domains_facts(apr_pool_t *p, const mts_domains *domains,
                                   const mts_domain *domain, apr_time_t now);

/*
 * The DNS records to publish, as lines of a zone file; for an alias, a comment with a pattern.
 * Allocated from p.
 */
const char *mts_domains_records(apr_pool_t *p, const mts_domains *domains,
                                const mts_domain_facts *facts);

void mts_domains_register_hooks(void);

#endif
