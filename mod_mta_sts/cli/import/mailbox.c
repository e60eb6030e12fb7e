/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import/mailbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <apr_strings.h>

#include "cli/common/output.h"
#include "cli/import/mailbox_state.h"
#include "cli/net/imap.h"
#include "core/base/format.h"
#include "core/base/monotonic.h"
#include "core/base/text.h"

#define ANSWER_MAX (64 * 1024) /* in bytes, for commands whose responses have only a few lines */
#define SEARCH_MAX (16 * 1024 * 1024) /* in bytes; enough for a million messages */

typedef struct mailbox {
    apr_pool_t *p;
    const cli_imap_url *url;
    const cli_mailbox_options *options;
    const cli_source_options *reading;
    cli_importer *importer;
    cli_imap *imap;
    apr_time_t until;
    cli_mailbox_state state;
    const char *capabilities;
    apr_uint32_t uid_validity; /* the current one, from the server */
    int read, left;            /* messages */
} mailbox;

static const char *quote(apr_pool_t *p, const char *text)
{
    return mta_sts_text_quote(p, text, strlen(text));
}

/* Sends a command, for which any status except OK is an error. */
static const char *command(mailbox *box, apr_pool_t *p, const char *text, apr_size_t most,
                           cli_imap_visit *visit, void *data)
{
    cli_imap_response done;
    const char *error = cli_imap_command(box->imap, p, text, most, visit, data, &done);

    return error || done.status == CLI_IMAP_OK
               ? error
               : apr_psprintf(box->p, "%s refused %.*s: %s", box->url->host,
                              (int)strcspn(text, "\""), text, quote(box->p, done.text));
}

/* --- selecting --- */

static const char *take_capability(void *data, const cli_imap_response *response)
{
    mailbox *box = data;

    if (response->kind == CLI_IMAP_CAPABILITY) {
        box->capabilities = apr_pstrdup(box->p, response->text);
    }
    return NULL;
}

static const char *take_validity(void *data, const cli_imap_response *response)
{
    mailbox *box = data;
    apr_uint32_t number = cli_imap_code_number(response, "UIDVALIDITY");

    box->uid_validity = number ? number : box->uid_validity;
    return NULL;
}

static const char *check_capabilities(mailbox *box)
{
    const char *error = command(box, box->p, "CAPABILITY", ANSWER_MAX, take_capability, box);

    return error || !box->options->move_to || cli_imap_has_capability(box->capabilities, "MOVE")
               ? error
               : apr_psprintf(box->p,
                              "%s cannot move messages (RFC 6851): omit --move-to, or use "
                              "--mark-seen",
                              box->url->host);
}

/* EXAMINE changes nothing, not even the flag \Recent. */
static const char *select_mailbox(mailbox *box)
{
    int is_changed = box->options->mark_seen || box->options->move_to;
    const char *name = cli_imap_mailbox_quote(box->p, box->url->mailbox);
    cli_imap_response done;
    const char *error = cli_imap_command(
        box->imap, box->p, apr_pstrcat(box->p, is_changed ? "SELECT " : "EXAMINE ", name, NULL),
        ANSWER_MAX, take_validity, box, &done);

    if (error) {
        return error;
    }
    if (done.status != CLI_IMAP_OK) {
        return apr_psprintf(box->p, "%s cannot open the mailbox %s: %s", box->url->host,
                            quote(box->p, box->url->mailbox), quote(box->p, done.text));
    }
    if (is_changed && done.code && strcmp(done.code, "READ-ONLY") == 0) {
        return apr_psprintf(box->p, "%s allows only reading of %s: omit --mark-seen and --move-to",
                            box->url->host, quote(box->p, box->url->mailbox));
    }
    return box->uid_validity ? NULL
                             : apr_psprintf(box->p, "%s does not number its messages (UIDVALIDITY)",
                                            box->url->host);
}

/* Loads where the last run ended. If UIDVALIDITY has changed, the UIDs refer to different
 * messages. */
static void load_state(mailbox *box)
{
    const char *error =
        cli_mailbox_state_load(box->p, box->importer->state_dir, box->url->text, &box->state);

    if (error) {
        fprintf(stderr, "mta-sts import: %s; all messages are read again\n", error);
    }
    else if (box->state.uid_validity && box->state.uid_validity != box->uid_validity) {
        fprintf(stderr,
                "mta-sts import: the server has renumbered the messages of %s: all are read "
                "again\n",
                box->url->text);
    }
    if (box->state.uid_validity != box->uid_validity || box->options->again) {
        box->state.last_uid = 0;
    }
    box->state.uid_validity = box->uid_validity;
}

static const char *save_state(mailbox *box, apr_pool_t *p, apr_uint32_t uid)
{
    if (uid > box->state.last_uid) {
        box->state.last_uid = uid;
        return cli_mailbox_state_save(p, box->importer->state_dir, box->url->text, &box->state);
    }
    return NULL;
}

/* --- finding new messages --- */

typedef struct search {
    apr_array_header_t *uids; /* of apr_uint32_t */
    apr_uint32_t after;
} search;

/* The range "N:*" includes the last message even if N is greater than its UID. */
static const char *take_uids(void *data, const cli_imap_response *response)
{
    search *found = data;
    int i;

    for (i = 0; response->kind == CLI_IMAP_SEARCH && i < response->uids->nelts; i++) {
        apr_uint32_t uid = APR_ARRAY_IDX(response->uids, i, apr_uint32_t);

        if (uid > found->after) {
            APR_ARRAY_PUSH(found->uids, apr_uint32_t) = uid;
        }
    }
    return NULL;
}

static int compare_uids(const void *a_, const void *b_)
{
    apr_uint32_t a = *(const apr_uint32_t *)a_, b = *(const apr_uint32_t *)b_;

    return (a > b) - (a < b);
}

/* " SINCE 1-May-2026", by the date on which the server received it (RFC 3501 section 6.4.4). */
static const char *since_of(apr_pool_t *p, apr_time_t since)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    apr_time_exp_t date;

    if (!since || apr_time_exp_gmt(&date, since) != APR_SUCCESS) {
        return "";
    }
    return apr_psprintf(p, " SINCE %d-%s-%d", date.tm_mday, months[date.tm_mon],
                        date.tm_year + 1900);
}

static const char *find_messages(mailbox *box, apr_array_header_t **uids)
{
    search found = {.uids = apr_array_make(box->p, 64, sizeof(apr_uint32_t)),
                    .after = box->state.last_uid};
    const char *error = "";

    *uids = found.uids;
    if (found.after == 0xffffffffu) {
        return NULL;
    }
    error = command(box, box->p,
                    apr_psprintf(box->p, "UID SEARCH UID %u:*%s", (unsigned)found.after + 1,
                                 since_of(box->p, box->options->since_time)),
                    SEARCH_MAX, take_uids, &found);
    if (!error && found.uids->nelts) {
        qsort(found.uids->elts, (size_t)found.uids->nelts, sizeof(apr_uint32_t), compare_uids);
    }
    return error;
}

/* --- one message --- */

typedef struct fetched {
    apr_pool_t *p;
    apr_uint32_t uid;
    const char *bytes; /* NULL: the message was deleted, or the server did not return it */
    apr_size_t len;
} fetched;

static const char *take_body(void *data, const cli_imap_response *response)
{
    fetched *message = data;

    if (response->kind == CLI_IMAP_FETCH && response->uid == message->uid && response->body &&
        !message->bytes) {
        message->bytes = apr_pmemdup(message->p, response->body, response->body_len);
        message->len = response->body_len;
    }
    return NULL;
}

/* Marks or moves a message whose reports are stored. */
static const char *finish_message(mailbox *box, apr_pool_t *p, apr_uint32_t uid)
{
    const char *move_to = box->options->move_to, *error = NULL;

    if (box->options->mark_seen) {
        error =
            command(box, p, apr_psprintf(p, "UID STORE %u +FLAGS.SILENT (\\Seen)", (unsigned)uid),
                    ANSWER_MAX, NULL, NULL);
    }
    if (!error && move_to) {
        error = command(
            box, p,
            apr_psprintf(p, "UID MOVE %u %s", (unsigned)uid, cli_imap_mailbox_quote(p, move_to)),
            ANSWER_MAX, NULL, NULL);
    }
    return error;
}

/* Reads one message, and one byte beyond the limit, to detect that it is too large. */
static const char *read_message(mailbox *box, apr_pool_t *p, apr_uint32_t uid)
{
    cli_importer *importer = box->importer;
    apr_size_t most = box->reading->message.most;
    int reports = importer->stored + importer->known + importer->quarantined;
    fetched message = {.p = p, .uid = uid};
    const char *error =
        command(box, p,
                apr_psprintf(p, "UID FETCH %u (UID BODY.PEEK[]<0.%" APR_SIZE_T_FMT ">)",
                             (unsigned)uid, most + 1),
                most + 1 + ANSWER_MAX, take_body, &message);

    if (error || !message.bytes) {
        return error;
    }
    box->read++;
    cli_source_read_message(p, apr_psprintf(p, "message %u", (unsigned)uid), message.bytes,
                            message.len, box->reading, cli_importer_take, importer);
    return !importer->not_stored &&
                   importer->stored + importer->known + importer->quarantined > reports
               ? finish_message(box, p, uid)
               : NULL;
}

static const char *read_messages(mailbox *box, const apr_array_header_t *uids)
{
    cli_progress *progress = cli_progress_if_terminal();
    int most = box->options->max_messages, i;
    const char *error = NULL;
    apr_pool_t *each;

    apr_pool_create(&each, box->p);
    for (i = 0; i < uids->nelts && i < most && !error && mta_sts_monotonic_now() < box->until;
         i++) {
        apr_uint32_t uid = APR_ARRAY_IDX(uids, i, apr_uint32_t);

        if (progress) {
            progress("messages", uids->nelts - i);
        }
        error = read_message(box, each, uid);
        if (box->importer->not_stored) {
            break; /* the next run begins with this one */
        }
        error = error ? error : save_state(box, each, uid);
        error = error ? apr_pstrdup(box->p, error) : NULL;
        apr_pool_clear(each);
    }
    if (progress) {
        progress("messages", 0);
    }
    apr_pool_destroy(each);
    box->left = uids->nelts - i + (error != NULL);
    return error;
}

static void print_count(const char **separator, int count, const char *one, const char *many)
{
    if (count) {
        printf("%s%d %s", *separator, count, count == 1 ? one : many);
        *separator = ", ";
    }
}

/* Prints a summary; DMARC reports have a separate line, as for files. */
static void print_summary(const mailbox *box)
{
    const cli_importer *importer = box->importer;
    const char *separator = ": ";

    printf("%s: %d %s read", box->url->text, box->read, box->read == 1 ? "message" : "messages");
    print_count(&separator, importer->stored, "report stored", "reports stored");
    print_count(&separator, importer->known, "report already stored", "reports already stored");
    print_count(&separator, importer->quarantined, "report quarantined", "reports quarantined");
    print_count(&separator, importer->other, "other message", "other messages");
    putchar('\n');
    if (box->left) {
        printf("%d %s left for the next run\n", box->left,
               box->left == 1 ? "message is" : "messages are");
    }
}

const char *cli_mailbox_import(apr_pool_t *p, const cli_imap_url *url,
                               const cli_mailbox_options *options,
                               const cli_credentials *credentials,
                               const cli_source_options *reading, cli_importer *importer)
{
    mailbox box = {.p = p,
                   .url = url,
                   .options = options,
                   .reading = reading,
                   .importer = importer,
                   .until = mta_sts_monotonic_now() + apr_time_from_sec(options->max_time),
                   .capabilities = ""};
    cli_imap_login login = {credentials->password, credentials->token, options->ca_file};
    const char *error = cli_imap_open(p, url, &login, box.until, &box.imap);
    apr_array_header_t *uids;

    error = error ? error : check_capabilities(&box);
    error = error ? error : select_mailbox(&box);
    if (error) {
        return error;
    }
    importer->is_quiet = 1;
    load_state(&box);
    error = find_messages(&box, &uids);
    error = error ? error : read_messages(&box, uids);
    print_summary(&box);
    if (!error) {
        cli_imap_close(box.imap);
    }
    return error;
}
