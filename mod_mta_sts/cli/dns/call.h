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
 * Shared by the parts of `mta-sts dns`. cli/dns/dns.c reads the command line, cli/dns/facts.c
 * determines the current state, cli/dns/output.c prints what to publish.
 */

/* The source of the policy to be published. */
typedef enum cli_dns_source {
    CLI_DNS_SERVED, /* the policy that the policy host serves now */
    CLI_DNS_FILE,
    CLI_DNS_APACHE, /* the configuration of this machine's httpd */
} cli_dns_source;

typedef struct cli_dns_call cli_dns_call;

/* An output format for the results of all domains. */
typedef void cli_dns_show(apr_pool_t *p, const cli_dns_call *call,
                          const apr_array_header_t *domains);

/* What the command line requests. */
struct cli_dns_call {
    apr_pool_t *p;
    cli_dns_source source;
    const char *file; /* for CLI_DNS_FILE */
    int is_offline;   /* whether to send no queries over the network */
    cli_dns_show *show;
    int ttl;                       /* in seconds, or MTA_STS_TTL_UNCHANGED */
    apr_array_header_t *rua;       /* of const char *, each in the form of mta_sts_rua_parse */
    apr_array_header_t *addresses; /* of const char * */
    const char *cname;
    const char *state_dir;          /* or NULL */
    const char *database;           /* or NULL: MTASTSDatabase */
    cli_check_options network;      /* how to query the current state */
    apr_array_header_t *configured; /* of cli_apache_policy: the policies that this machine's httpd
                                       is configured to serve, and those of the domains that are
                                       hosted; NULL: not known */
    apr_array_header_t *domains;    /* of cli_dns_domain */
};

/* One domain, and everything known about it. */
typedef struct cli_dns_domain {
    const char *domain;           /* canonical */
    const char *host;             /* policy host */
    const mta_sts_policy *policy; /* to be published; NULL: not available */
    const char *id;
    mta_sts_rollout_date copies; /* copies of earlier policies; facts.copies points to it if it is
                                    known */
    mta_sts_publication_facts facts;
    mta_sts_findings *findings;
} cli_dns_domain;

/* Adds a domain without any facts; it must be canonical, and is borrowed. */
void cli_dns_add_domain(apr_pool_t *p, cli_dns_call *call, const char *domain);

/* Determines the policies to be published, unless the source is CLI_DNS_SERVED. With
 * CLI_DNS_APACHE, adds all configured domains if the list is empty. Returns as cli_dns_gather. */
int cli_dns_read_policies(apr_pool_t *p, const cli_subcommand *self, cli_dns_call *call);

/* Sets call->configured. Returns NULL, or why httpd's configuration is not known. */
const char *cli_dns_know_configured(apr_pool_t *p, cli_dns_call *call);

/*
 * Determines what is to be published, and the current state. If something cannot be determined, a
 * finding is added to that domain.
 *
 * @return CLI_EXIT_OK, or another exit status after printing why on standard error
 */
int cli_dns_gather(apr_pool_t *p, const cli_subcommand *self, cli_dns_call *call);

/* Prints a zone file, nsupdate commands, or JSON. Findings go to standard error; in JSON they are
 * part of the output. */
cli_dns_show cli_dns_show_zone;
cli_dns_show cli_dns_show_nsupdate;
cli_dns_show cli_dns_show_json;

#endif
