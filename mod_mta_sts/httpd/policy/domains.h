/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_POLICY_DOMAINS_H
#define HTTPD_POLICY_DOMAINS_H

#include <httpd.h>

#include "core/policy/certificate.h"
#include "core/base/finding.h"
#include "core/policy/policy.h"
#include "httpd/config/policies.h"

/*
 * The policy domains of the whole server for the status page: each once, sorted, however many
 * virtual hosts define its policy. A child creates the list when it is first needed.
 */

/* A policy domain, or a wildcard alias of policy hosts. */
typedef struct mts_domain {
    const char *name;
    const mts_served *served;               /* the definitions of its policy in order of
                                               precedence */
    int definitions;                        /* number of elements of served */
    const mts_served *shown;                /* the definition that senders get; the first if they
                                               get none */
    mta_sts_mode mode;                      /* of the shown definition */
    const mta_sts_certificate *certificate; /* of the certificates that its policy host presents,
                                               the one that expires first; NULL: not known */
} mts_domain;

typedef struct mts_domains {
    const apr_array_header_t *list;      /* of mts_domain, sorted by name */
    int modes[MTA_STS_MODE_ENFORCE + 1]; /* number of domains with this mode */
    const struct mts_hosts *hosts;
    const mta_sts_certificate *first; /* of all virtual hosts with policy hosts, the certificate
                                         that expires first; NULL: not known */
} mts_domains;

/* The list; never NULL. It lives as long as the child, and is not changed. */
const mts_domains *mts_domains_of(const server_rec *s);

/* The domain with this name, or NULL. */
const mts_domain *mts_domains_find(const mts_domains *domains, const char *name);

/* The current facts about one domain. */
typedef struct mts_domain_facts {
    const mts_domain *domain;
    const mta_sts_policy *policy;
    const char *id;
    const char *location;             /* "file:line" */
    int is_served;                    /* whether senders can fetch it */
    int days;                         /* until its certificate expires; 0 if unknown */
    const mta_sts_findings *findings; /* never MTA_STS_OK */
} mts_domain_facts;

/* Gathers the facts; p is the pool of the result. */
mts_domain_facts mts_domains_facts(apr_pool_t *p, const mts_domains *domains,
                                   const mts_domain *domain, apr_time_t now);

/*
 * The DNS records to publish, as lines of a zone file; for an alias, a comment with a template.
 * Allocated from p.
 */
const char *mts_domains_records(apr_pool_t *p, const mts_domains *domains,
                                const mts_domain_facts *facts);

void mts_domains_register_hooks(void);

#endif
