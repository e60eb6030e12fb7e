/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import/message.h"

#include <string.h>

#include <apr_strings.h>
#include <gmime/gmime.h>

#include "cli/import/auth_results.h"
#include "cli/import/content.h"
#include "core/base/format.h"
#include "core/base/number.h"

/* GMime needs some hundred bytes for each header field and each part, and parses nested parts
 * recursively, so fields and delimiters are counted before GMime parses a message. */
#define FIELDS_MAX 5000
#define DELIMITERS_MAX 1000

typedef struct reader {
    apr_pool_t *p;
    const char *verified; /* domain of the signature of the whole message, or NULL */
    apr_array_header_t *parts;
    int seen; /* number of parts of any kind */
    const char *error;
} reader;

/* Whether a line looks like a header field: a name of printable ASCII, and a colon. */
static int is_field(const char *line, const char *end)
{
    const char *c = line;

    while (c<end && * c> ' ' && *c < 0x7f && *c != ':') {
        c++;
    }
    return c > line && c < end && *c == ':';
}

/* Rejects messages for which GMime would need much more memory than their size. */
static const char *check_lines(apr_pool_t *p, const char *bytes, apr_size_t len, apr_size_t most)
{
    const char *end = bytes + len, *line = bytes, *next;
    int fields = 0, delimiters = 0;

    if (len > most) {
        return apr_psprintf(p, "the message is larger than %s bytes (--max-size)",
                            mta_sts_size_render(p, (apr_int64_t)most));
    }
    for (; line < end; line = next) {
        const char *newline = memchr(line, '\n', (apr_size_t)(end - line));

        next = newline ? newline + 1 : end;
        fields += is_field(line, next);
        delimiters += next - line > 2 && line[0] == '-' && line[1] == '-';
    }
    return fields > FIELDS_MAX           ? "the message has more than 5000 header fields"
           : delimiters > DELIMITERS_MAX ? "the message has more than 1000 parts"
                                         : NULL;
}

static int ends_with(const char *text, const char *end)
{
    apr_size_t len = strlen(text), end_len = strlen(end);

    return len >= end_len && g_ascii_strcasecmp(text + len - end_len, end) == 0;
}

/* Whether a part claims to be a report by its type or its name (RFC 8460 section 5.1). */
static int claims_report(GMimePart *part)
{
    GMimeContentType *type = g_mime_object_get_content_type(GMIME_OBJECT(part));
    const char *subtype = g_mime_content_type_get_media_subtype(type);
    const char *name = g_mime_part_get_filename(part);

    return (subtype && g_ascii_strncasecmp(subtype, "tlsrpt", 6) == 0) ||
           (name && (ends_with(name, ".json") || ends_with(name, ".json.gz")));
}

static apr_status_t unref(void *object)
{
    g_object_unref(object);
    return APR_SUCCESS;
}

/* The decoded bytes of a part, in the reader's pool. */
static GByteArray *decode(reader *r, GMimePart *part)
{
    GMimeDataWrapper *content = g_mime_part_get_content(part);
    GMimeStream *stream = g_mime_stream_mem_new();

    apr_pool_cleanup_register(r->p, stream, unref, apr_pool_cleanup_null);
    if (content) {
        g_mime_data_wrapper_write_to_stream(content, stream);
    }
    return g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));
}

static void read_part(reader *r, GMimePart *part, int embedded)
{
    GByteArray *bytes = decode(r, part);
    cli_message_part *found;

    if (cli_content_is_known((const char *)bytes->data, bytes->len) || claims_report(part)) {
        found = apr_array_push(r->parts);
        found->bytes = bytes->len ? (const char *)bytes->data : "";
        found->len = bytes->len;
        found->verified = embedded ? NULL : r->verified;
    }
}

static void read_object(reader *r, GMimeObject *object, int depth, int embedded)
{
    int i, count;

    if (depth > CLI_MESSAGE_DEPTH_MAX || ++r->seen > CLI_MESSAGE_PARTS_MAX) {
        r->error = depth > CLI_MESSAGE_DEPTH_MAX ? "the message has parts more than 16 deep"
                                                 : "the message has more than 100 parts";
        return;
    }
    if (GMIME_IS_MULTIPART(object)) {
        count = g_mime_multipart_get_count(GMIME_MULTIPART(object));
        for (i = 0; i < count && !r->error; i++) {
            read_object(r, g_mime_multipart_get_part(GMIME_MULTIPART(object), i), depth + 1,
                        embedded);
        }
    }
    else if (GMIME_IS_MESSAGE_PART(object)) {
        GMimeMessage *message = g_mime_message_part_get_message(GMIME_MESSAGE_PART(object));
        GMimeObject *inner = message ? g_mime_message_get_mime_part(message) : NULL;

        if (inner) {
            read_object(r, inner, depth + 1, 1);
        }
    }
    else if (GMIME_IS_PART(object)) {
        read_part(r, GMIME_PART(object), embedded);
    }
}

/* The domain of the author in lower case; NULL unless there is exactly one author. */
static const char *author_domain(apr_pool_t *p, GMimeMessage *message)
{
    InternetAddressList *from = g_mime_message_get_from(message);
    InternetAddress *address;
    const char *mailbox, *at;

    if (!from || internet_address_list_length(from) != 1) {
        return NULL;
    }
    address = internet_address_list_get_address(from, 0);
    if (!INTERNET_ADDRESS_IS_MAILBOX(address)) {
        return NULL;
    }
    mailbox = internet_address_mailbox_get_idn_addr(INTERNET_ADDRESS_MAILBOX(address));
    at = mailbox ? strrchr(mailbox, '@') : NULL;
    return at && at[1] ? mta_sts_format_lower(p, apr_pstrdup(p, at + 1)) : NULL;
}

static int is_named(GMimeHeader *header, const char *name)
{
    return g_ascii_strcasecmp(g_mime_header_get_name(header), name) == 0;
}

static int is_results(GMimeHeader *header)
{
    return is_named(header, "Authentication-Results");
}

/* The result of the topmost field of one server that mentions DKIM. A server adds its fields,
 * including Received, above those that the message already has. So a field below more Received
 * fields than the admin's own servers have added was written by someone else. */
static const char *verified_by(apr_pool_t *p, GMimeHeaderList *headers, const char *authserv_id,
                               const char *from, int trusted_hops)
{
    int i, received = 0, count = g_mime_header_list_get_count(headers);

    for (i = 0; i < count && received <= trusted_hops; i++) {
        GMimeHeader *header = g_mime_header_list_get_header_at(headers, i);
        const char *domain = NULL;

        received += is_named(header, "Received");
        if (is_results(header) &&
            cli_auth_results_read(p, g_mime_header_get_raw_value(header), authserv_id, from,
                                  &domain) == CLI_AUTH_DKIM) {
            return domain;
        }
    }
    return NULL;
}

/* The result of a field without an authserv-id: only the topmost field counts, because servers do
 * not remove such fields from a message that already has them. */
static const char *verified_by_unnamed(apr_pool_t *p, GMimeHeaderList *headers, const char *from)
{
    int i, count = g_mime_header_list_get_count(headers);
    const char *domain = NULL;

    for (i = 0; i < count; i++) {
        GMimeHeader *header = g_mime_header_list_get_header_at(headers, i);

        if (is_results(header)) {
            cli_auth_results_read(p, g_mime_header_get_raw_value(header), NULL, from, &domain);
            return domain;
        }
    }
    return NULL;
}

static const char *find_verified(apr_pool_t *p, GMimeMessage *message,
                                 const cli_message_options *options)
{
    GMimeHeaderList *headers = g_mime_object_get_header_list(GMIME_OBJECT(message));
    const char *from = author_domain(p, message), *verified = NULL;
    const apr_array_header_t *ids = options->authserv_ids;
    int i;

    for (i = 0; from && i < ids->nelts && !verified; i++) {
        verified = verified_by(p, headers, APR_ARRAY_IDX(ids, i, const char *), from,
                               options->trusted_hops);
    }
    return from && !verified && options->trusts_unnamed ? verified_by_unnamed(p, headers, from)
                                                        : verified;
}

static GMimeMessage *parse(const char *bytes, apr_size_t len)
{
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer(bytes, len);
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);

    g_object_unref(parser);
    g_object_unref(stream);
    return message;
}

const char *cli_message_read(apr_pool_t *p, const char *bytes, apr_size_t len,
                             const cli_message_options *options, apr_array_header_t **parts)
{
    reader r = {.p = p, .parts = apr_array_make(p, 1, sizeof(cli_message_part))};
    GMimeMessage *message;
    GMimeObject *body;

    *parts = r.parts;
    r.error = check_lines(p, bytes, len, options->most);
    if (r.error) {
        return r.error;
    }
    g_mime_init();
    message = parse(bytes, len);
    if (!message) {
        return "it cannot be read as a mail message";
    }
    apr_pool_cleanup_register(p, message, unref, apr_pool_cleanup_null);
    r.verified = find_verified(p, message, options);
    if (!r.verified && options->verify && author_domain(p, message)) {
        r.verified =
            options->verify(options->verify_data, p, bytes, len, author_domain(p, message));
    }
    body = g_mime_message_get_mime_part(message);
    if (body) {
        read_object(&r, body, 0, 0);
    }
    return r.error;
}
