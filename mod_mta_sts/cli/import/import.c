/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "cli/common/option.h"
#include "cli/common/output.h"
#include "cli/common/state_dir.h"
#include "cli/common/store.h"
#include "cli/common/subcommand.h"
#include "cli/import/dkim.h"
#include "cli/import/importer.h"
#include "cli/import/limits.h"
#include "cli/import/mailbox.h"
#include "cli/import/mailbox_option.h"
#include "cli/import/source.h"

/* EX_TEMPFAIL: the mail system retries later. */
#define EXIT_NOT_STORED 75

typedef struct import_call {
    const char *state_dir;            /* or NULL */
    apr_array_header_t *authserv_ids; /* of const char * */
    int trusted_hops;
    int trusts_unnamed;
    int verifies;         /* whether import verifies DKIM signatures itself */
    const char *resolver; /* see cli/net/resolver.h; or NULL */
    cli_limits limits;
    cli_mailbox_options mailbox;
    cli_args paths; /* if empty, standard input is read */
} import_call;

static const char *take_size(apr_pool_t *p, const cli_option *option, void *target,
                             const char *value)
{
    (void)option;
    return cli_limits_set_size(target, p, value);
}

static const char *take_quota(apr_pool_t *p, const cli_option *option, void *target,
                              const char *value)
{
    (void)option;
    return cli_limits_set_quota(target, p, value);
}

static const cli_option options[] = {
    {"authserv-id", 0, "NAME",
     "Trust the Authentication-Results (RFC 8601) of this mail server: a report whose DKIM "
     "signature it verified is stored as verified. Can be repeated.",
     cli_take_texts, offsetof(import_call, authserv_ids), 0, 0},
    {"trusted-hops", 0, "NUMBER",
     "Trust these fields also below NUMBER Received fields: as many as other servers of yours add "
     "afterwards, 0 to 20. Default: 0.",
     cli_take_number, offsetof(import_call, trusted_hops), 0, 20},
    {"trust-unnamed-results", 0, NULL,
     "Trust the topmost Authentication-Results if it begins without the name of a server, as "
     "Exchange Online writes it. Only for mail from a mailbox there.",
     cli_take_flag, offsetof(import_call, trusts_unnamed), 0, 0},
    {"verify-dkim", 0, NULL,
     "Verify DKIM signatures with keys from DNS, also those with the service type tlsrpt: for "
     "mailboxes whose Authentication-Results cannot be trusted.",
     cli_take_flag, offsetof(import_call, verifies), 0, 0},
    {"resolver", 0, "ADDRESS[@PORT]",
     "Query this name server for --verify-dkim instead of the system's.", cli_take_text,
     offsetof(import_call, resolver), 0, 0},
    {"max-size", 0, "SIZE,SIZE",
     "Bytes of a report as sent and inflated. Default: MTASTSReportMaxSize of httpd, or 1M,10M.",
     take_size, offsetof(import_call, limits), 0, 0},
    {"quota", 0, "SIZE[,SIZE]",
     "Bytes of all reports, by mail or HTTPS, and of the quarantine. Default: MTASTSReportQuota of "
     "httpd, or 1G,64M.",
     take_quota, offsetof(import_call, limits), 0, 0},
    CLI_STATE_DIR_OPTION(offsetof(import_call, state_dir)),
    CLI_MAILBOX_OPTIONS(offsetof(import_call, mailbox)),
    {0},
};

/* Sets how messages are read. */
static const char *make_reading(apr_pool_t *p, const import_call *call, cli_source_options *reading)
{
    const cli_resolver_options how = {.server = call->resolver, .timeout = apr_time_from_sec(10)};
    cli_dkim *dkim = NULL;
    const char *error = call->verifies ? cli_dkim_make(p, &how, &dkim) : NULL;

    *reading = cli_source_options_make(p, &call->limits.report);
    reading->message.authserv_ids = call->authserv_ids;
    reading->message.trusted_hops = call->trusted_hops;
    reading->message.trusts_unnamed = call->trusts_unnamed;
    reading->message.verify = call->verifies ? cli_dkim_verify : NULL;
    reading->message.verify_data = dkim;
    return error ? apr_pstrcat(p, "signatures cannot be verified: ", error, NULL) : NULL;
}

static int has_mailbox(const import_call *call)
{
    int i;

    for (i = 0; i < call->paths.count; i++) {
        if (cli_imap_url_is(call->paths.list[i])) {
            return 1;
        }
    }
    return 0;
}

/* Reads the URL and the password of the mailbox as the calling user, because the owner of the state
 * directory may not be able to read the password. */
static const char *read_mailbox(apr_pool_t *p, const import_call *call, cli_imap_url *url,
                                cli_credentials *credentials)
{
    const char *error;

    if (call->paths.count > 1) {
        return "a mailbox must be the only argument";
    }
    error = cli_imap_url_read(p, call->paths.list[0], url);
    return error ? error
                 : cli_credentials_read(p, &call->mailbox.credentials, url->host, url->user,
                                        credentials);
}

static void import_files(apr_pool_t *p, const import_call *call, const cli_source_options *reading,
                         cli_importer *importer)
{
    static const char *const standard_input[] = {"-"};
    const char *const *paths = call->paths.count ? call->paths.list : standard_input;
    int i, count = call->paths.count ? call->paths.count : 1;

    for (i = 0; i < count; i++) {
        importer->from_input = strcmp(paths[i], "-") == 0;
        importer->from_file = !importer->from_input;
        cli_source_read(p, paths[i], reading, cli_importer_take, importer);
    }
}

static void import_mailbox(apr_pool_t *p, const import_call *call, const cli_imap_url *url,
                           const cli_credentials *credentials, const cli_source_options *reading,
                           cli_importer *importer)
{
    const char *error = cli_mailbox_import(p, url, &call->mailbox, credentials, reading, importer);

    if (error) {
        fflush(stdout);
        fprintf(stderr, "mta-sts import: %s: %s\n", url->text, error);
        importer->rejected = 1;
    }
}

static int import_all(apr_pool_t *p, import_call *call, const cli_imap_url *url,
                      const cli_credentials *credentials, cli_importer *importer)
{
    const char *error = cli_limits_load(&call->limits, p, importer->state_dir);
    cli_source_options reading;

    if (error) {
        fprintf(stderr, "mta-sts import: %s\n", error);
    }
    error = make_reading(p, call, &reading);
    if (error) {
        fprintf(stderr, "mta-sts import: %s\n", error);
        return EXIT_NOT_STORED;
    }
    if (url) {
        import_mailbox(p, call, url, credentials, &reading, importer);
    }
    else {
        import_files(p, call, &reading, importer);
    }
    if (importer->dmarc) {
        printf("%d DMARC %s skipped\n", importer->dmarc,
               importer->dmarc == 1 ? "report" : "reports");
    }
    return importer->not_stored ? EXIT_NOT_STORED
           : importer->rejected ? CLI_EXIT_INVALID
                                : CLI_EXIT_OK;
}

static int run_import(apr_pool_t *p, const cli_subcommand *self, int argc, const char *const *argv)
{
    import_call call = {.authserv_ids = apr_array_make(p, 1, sizeof(const char *)),
                        .limits = cli_limits_make(),
                        .mailbox = cli_mailbox_options_make()};
    cli_importer importer = {.limits = &call.limits, .used = {-1, -1}, .was_root = geteuid() == 0};
    const char *error = cli_subcommand_read(p, self, argc, argv, &call, &call.paths);
    cli_credentials credentials;
    cli_imap_url url;
    int is_mailbox;

    if (call.paths.help) {
        return cli_subcommand_help(p, self);
    }
    is_mailbox = !error && has_mailbox(&call);
    error = error ? error : cli_mailbox_options_check(p, &call.mailbox, is_mailbox);
    if (!error && is_mailbox) {
        error = read_mailbox(p, &call, &url, &credentials);
    }
    if (error) {
        cli_usage_error(self, "%s", error);
        return EXIT_NOT_STORED; /* with any other status a mail server would bounce the message */
    }
    importer.state_dir = cli_state_dir_find(call.state_dir);
    importer.spool = cli_store_open(p, self->name, call.state_dir, CLI_STORE_WRITE);
    return importer.spool ? import_all(p, &call, is_mailbox ? &url : NULL, &credentials, &importer)
                          : EXIT_NOT_STORED;
}

const cli_subcommand cli_import = {
    .name = "import",
    .summary = "store TLS reports from mail messages and files",
    .usage = "[OPTION...] [FILE|MAILDIR|-]...\n[OPTION...] imaps://USER@HOST/MAILBOX",
    .arguments = "FILE",
    .description =
        "Stores the TLS reports (RFC 8460) that it finds, each once: in a mail message, an mbox, "
        "a "
        "Maildir or another directory, or a report file (JSON, gzip or zip). Without FILE it reads "
        "standard input, for the pipe transport of a mail server. Input files are not changed. "
        "From a mailbox of an IMAP server it reads the messages that came since the last call.",
    .exit_statuses =
        "0 stored, or a message on standard input or in a mailbox contains no readable report, "
        "which is named on standard error; 1 a FILE, or what is no message on standard input, is "
        "not a report, or a mailbox could not be read; 75 something could not be stored (quota, "
        "disk, "
        "state directory), or wrong "
        "usage: a mail server tries again later.",
    .options = options,
    .run = run_import,
};
