/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_POLICY_DOMAINS_H
#define HTTPD_POLICY_DOMAINS_H

#include <httpd.h>

#include "core/policy/certificate.h"
#include "core/base/finding.h"
#include "core/policy/policy.h"
#include "httpd/config/policies.h"

/*
 * The policy domains of the whole server as a person looks at them: each once, sorted, however many
 * virtual hosts tell its policy. Each child makes the list when it is asked for first.
 */

/* One policy domain, or wildcard alias of policy hosts. */
typedef struct mod_domain {
    const char *name;
    const mod_served *served;               /* where its policy is told, the nearest first */
    int places;                             /* how often: served[0..places-1] */
    const mod_served *shown;                /* the one senders get; the first if they get none */
    mta_sts_mode mode;                      /* of that one */
    const mta_sts_certificate *certificate; /* of those that its policy host shows, the one that
                                               ends first; NULL: none is known */
} mod_domain;

typedef struct mod_domains {
    const apr_array_header_t *list;      /* of mod_domain, by name */
    int modes[MTA_STS_MODE_ENFORCE + 1]; /* how many have this mode */
    const struct mod_hosts *hosts;
    const mta_sts_certificate *first; /* the certificate that ends first, of all virtual hosts with
                                         policy hosts; NULL: none is known */
} mod_domains;

/* The list; never NULL. It lives as long as the child, and nobody changes it. */
const mod_domains *mod_domains_of(const server_rec *s);

/* The domain of this name, or NULL. */
const mod_domain *mod_domains_find(const mod_domains *domains, const char *name);

/* What is known of one domain now. */
typedef struct mod_domain_facts {
    const mod_domain *domain;
    const mta_sts_policy *policy;
    const char *id;
    const char *place;                /* "file:line" */
    int is_served;                    /* whether senders can be told it */
    int days;                         /* that its certificate has left; 0 if none is known */
    const mta_sts_findings *findings; /* none is ok */
} mod_domain_facts;

/* Gathers them. p is the pool of what is made for it. */
mod_domain_facts mod_domains_facts(apr_pool_t *p, const mod_domains *domains,
                                   const mod_domain *domain, apr_time_t now);

/*
 * The DNS records to publish, as lines of a zone file; for an alias, a comment with a pattern.
 * Allocated from p.
 */
const char *mod_domains_records(apr_pool_t *p, const mod_domain_facts *facts);

void mod_domains_register_hooks(void);

#endif
