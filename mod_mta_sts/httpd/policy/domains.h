/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_POLICY_DOMAINS_H
#define HTTPD_POLICY_DOMAINS_H

#include <httpd.h>

#include "core/policy/certificate.h"
#include "core/base/finding.h"
#include "core/hosting/list.h"
#include "core/policy/policy.h"
#include "httpd/config/policies.h"

/*
 * The policy domains of the whole server for the status page: each domain once, sorted, even if
 * several virtual hosts define its policy. A child process creates the list when it is first
 * needed, and again after key pairs were renewed.
 */

/* A policy domain, or a wildcard alias of policy hosts. */
typedef struct mts_domain {
    const char *name;
    const mts_served *served; /* the definitions of its policy, in order of precedence */
    int definitions;          /* number of elements of served */
    const mts_served *shown;  /* the definition that senders get, or else the first one */
    mta_sts_mode mode;        /* of the shown definition */
    const mta_sts_certificate *certificate; /* the one that expires first among those that its
                                               policy host presents; NULL: not known */
    int is_hosted;                          /* whether its policy is a row in the database */
    const char *row_wrong, *row_fix;        /* why its row is not valid, and what to do; or NULL */
} mts_domain;

typedef struct mts_domains {
    const apr_array_header_t *list;      /* of mts_domain, sorted by name */
    int modes[MTA_STS_MODE_ENFORCE + 1]; /* number of domains with this mode */
    const struct mts_hosts *hosts;
    const mta_sts_certificate *first; /* the certificate that expires first among those of all
                                         virtual hosts with policy hosts; NULL: not known */
} mts_domains;

/* Returns the list with the current certificates; never NULL. It lives as long as p, and is
 * immutable. */
const mts_domains *mts_domains_of(apr_pool_t *p);

/* The domain with this name, or NULL. */
const mts_domain *mts_domains_find(const mts_domains *domains, const char *name);

/*
 * Finds the hosted domain with this name, unless it is a configured domain.
 *
 * @param p   pool of the result
 * @param row out: the data of its row; row->domain is NULL if there is none
 * @return the domain; NULL if no policy is served for it
 */
const mts_domain *mts_domains_hosted(const server_rec *s, const mts_domains *domains, apr_pool_t *p,
                                     const char *name, mta_sts_list_row *row);

/* The configured or hosted domain with this name, or NULL; a hosted one is allocated from p. */
const mts_domain *mts_domains_known(const server_rec *s, const mts_domains *domains, apr_pool_t *p,
                                    const char *name);

/* The current facts about one domain. */
typedef struct mts_domain_facts {
    const mts_domain *domain;
    const mta_sts_policy *policy;
    const char *id;
    const char *location;             /* "file:line", or "the database" */
    int is_served;                    /* whether senders can fetch the policy */
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
