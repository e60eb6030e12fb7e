/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_DNS_CALL_H
#define CLI_DNS_CALL_H

#include <apr_pools.h>
#include <apr_tables.h>

#include "cli/check/run.h"
#include "cli/common/subcommand.h"
#include "core/base/finding.h"
#include "core/dns/publication.h"

/*
 * `mta-sts dns`: what its parts share. cli/dns/dns.c reads the call, cli/dns/facts.c finds out how
 * things are, cli/dns/output.c shows what is to be published.
 */

/* Where the policy comes from that is to be published. */
typedef enum cli_dns_source {
    CLI_DNS_SERVED, /* what the policy host has now */
    CLI_DNS_FILE,
    CLI_DNS_APACHE, /* the configuration of this machine's httpd */
} cli_dns_source;

typedef struct cli_dns_call cli_dns_call;

/* One way of showing the result, of all domains of a call. */
typedef void cli_dns_show(apr_pool_t *p, const cli_dns_call *call,
                          const apr_array_header_t *domains);

/* What the call asks for. */
struct cli_dns_call {
    apr_pool_t *p;
    cli_dns_source source;
    const char *file; /* of CLI_DNS_FILE */
    int is_offline;   /* ask nobody */
    cli_dns_show *show;
    int ttl;                       /* seconds, or MTA_STS_TTL_UNCHANGED */
    apr_array_header_t *rua;       /* of const char *, as mta_sts_rua_parse makes them */
    apr_array_header_t *addresses; /* of const char * */
    const char *cname;
    const char *state_dir;          /* or NULL */
    const char *database;           /* or NULL: MTASTSDatabase */
    cli_check_options network;      /* how to look at what is there */
    apr_array_header_t *configured; /* of cli_apache_policy: what this machine's httpd is configured
                                       to serve; NULL: not known */
    apr_array_header_t *domains;    /* of cli_dns_domain */
};

/* One domain, and all that is known of it. */
typedef struct cli_dns_domain {
    const char *domain;           /* canonical */
    const char *host;             /* policy host */
    const mta_sts_policy *policy; /* to be published; NULL: there is none to be had */
    const char *id;
    apr_time_t earlier_until; /* senders may hold an earlier policy; 0: none, or not known */
    mta_sts_publication_facts facts;
    mta_sts_findings *findings;
} cli_dns_domain;

/* Adds a domain that nothing is known of, canonical and borrowed. */
void cli_dns_add_domain(apr_pool_t *p, cli_dns_call *call, const char *domain);

/*
 * Finds out what is to be published and how things are. What could not be determined is in
 * the domains' findings.
 *
 * @return CLI_EXIT_OK, or after saying why on standard error another exit status
 */
int cli_dns_gather(apr_pool_t *p, const cli_subcommand *self, cli_dns_call *call);

/* Zone file, nsupdate commands, JSON. Findings go to standard error, in JSON into the text. */
cli_dns_show cli_dns_show_zone;
cli_dns_show cli_dns_show_nsupdate;
cli_dns_show cli_dns_show_json;

#endif
