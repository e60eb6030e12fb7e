/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "cli/common/subcommand.h"
#include "cli/common/command.h"
#include "cli/policy/call.h"
#include "core/base/name.h"
#include "core/hosting/edit.h"

#define LINE_MAX_LEN 65536 /* in bytes; larger than any policy */
#define ERRORS_MAX 100     /* maximum number of errors that are printed */

/* The line of a domain, and the row that was stored before if the new one may introduce mode
 * enforce. */
typedef struct line {
    int number;
    mta_sts_hosted_row *before; /* or NULL */
} line;

/* The state of an import; all rows are stored in one transaction. */
typedef struct import {
    cli_policy_call *call;
    const char *file;
    int line;
    apr_pool_t *p;     /* cleared after each line */
    apr_hash_t *lines; /* domain -> line */
    int rows, errors;
    int enforced;         /* number of rows that change what senders do with mail */
    const char *enforces; /* the domain of the first of them */
} import;

static void refuse(import *i, const char *why)
{
    if (++i->errors <= ERRORS_MAX) {
        fprintf(stderr, "mta-sts policy: %s:%d: %s\n", i->file, i->line, why);
    }
}

static int is_repeated(import *i, const char *domain)
{
    apr_pool_t *keep = apr_hash_pool_get(i->lines);
    const line *before = apr_hash_get(i->lines, domain, APR_HASH_KEY_STRING);
    line *read;

    if (before) {
        refuse(i, apr_psprintf(i->p, "%s is already on line %d", domain, before->number));
        return 1;
    }
    read = apr_pcalloc(keep, sizeof(*read));
    read->number = i->line;
    apr_hash_set(i->lines, apr_pstrdup(keep, domain), APR_HASH_KEY_STRING, read);
    return 0;
}

/* Whether a row is valid. An alias is judged after all rows have been stored, because its target
 * may follow later. */
static int is_right(import *i, const mta_sts_hosted_row *row)
{
    mta_sts_findings *findings = mta_sts_findings_make(i->p);

    if (row->alias_of || mta_sts_hosted_row_read(i->p, row, findings)) {
        return 1;
    }
    if (i->errors < ERRORS_MAX) {
        cli_policy_print_findings(apr_psprintf(i->p, "%s:%d: ", i->file, i->line), findings);
    }
    i->errors++;
    return 0;
}

/* Remembers the stored row before it is replaced by one that may introduce mode enforce. */
static const char *note_before(import *i, const mta_sts_hosted_row *row)
{
    apr_pool_t *keep = apr_hash_pool_get(i->lines);
    line *noted = apr_hash_get(i->lines, row->domain, APR_HASH_KEY_STRING);

    if (!row->alias_of && (!row->mode || strcmp(row->mode, "enforce") != 0)) {
        return NULL;
    }
    noted->before = apr_palloc(keep, sizeof(*noted->before));
    return mta_sts_edit_find(i->call->db, row->domain, keep, noted->before);
}

/* Returns an error of the database. */
static const char *take_line(import *i, const char *text, apr_size_t len)
{
    mta_sts_hosted_row row;
    const char *error = cli_policy_row_from_json(i->p, text, len, &row);

    error = error ? error : mta_sts_name_parse_domain(i->p, row.domain, &row.domain);
    if (!error && row.alias_of) {
        error = mta_sts_name_parse_domain(i->p, row.alias_of, &row.alias_of);
    }
    if (error) {
        refuse(i, error);
        return NULL;
    }
    if (is_repeated(i, row.domain) || !is_right(i, &row)) {
        return NULL;
    }
    i->rows++;
    error = i->errors ? NULL : note_before(i, &row);
    return error || i->errors ? error : mta_sts_edit_set(i->call->db, &row);
}

/* Reads a line of at most LINE_MAX_LEN bytes, which may include NUL; returns its length including
 * the newline. */
static apr_size_t read_line(FILE *file, char *text)
{
    apr_size_t len = 0;
    int c = 0;

    while (len < LINE_MAX_LEN && c != '\n' && (c = getc(file)) != EOF) {
        text[len++] = (char)c;
    }
    text[len] = '\0';
    return len;
}

static const char *take_lines(import *i, FILE *file)
{
    char *text = apr_palloc(i->call->p, LINE_MAX_LEN + 1);
    const char *error = NULL;
    apr_size_t len;

    while (!error && (len = read_line(file, text)) > 0) {
        i->line++;
        if (len == LINE_MAX_LEN && text[len - 1] != '\n') {
            refuse(i, "the line is longer than any policy");
            return NULL;
        }
        if (strspn(text, " \t\r\n") < len) {
            error = take_line(i, text, len);
        }
        apr_pool_clear(i->p);
    }
    return error;
}

/* Judges a row in the form in which it is now stored. */
static void check_stored(import *i, const line *read, const mta_sts_hosted_row *row)
{
    if (row->alias_of && row->is_alias_broken) {
        i->line = read->number;
        refuse(i, apr_psprintf(i->p, "%s has no row, or is itself an alias", row->alias_of));
    }
    else if (read->before && cli_policy_enforces(i->p, read->before, row)) {
        i->enforces = i->enforced++ ? i->enforces : apr_pstrdup(i->call->p, row->domain);
    }
}

static const char *check_rows(import *i)
{
    apr_hash_index_t *h;
    const char *error = NULL;

    for (h = apr_hash_first(i->call->p, i->lines); h && !error && !i->errors;
         h = apr_hash_next(h)) {
        mta_sts_hosted_row row;

        error = mta_sts_edit_find(i->call->db, apr_hash_this_key(h), i->p, &row);
        if (!error) {
            check_stored(i, apr_hash_this_val(h), &row);
        }
        apr_pool_clear(i->p);
    }
    return error;
}

static const char *name_enforced(const import *i)
{
    return i->enforced == 1 ? apr_psprintf(i->call->p,
                                           "1 row, that of %s, sets mode enforce, or another mx "
                                           "in that mode",
                                           i->enforces)
                            : apr_psprintf(i->call->p,
                                           "%d rows, such as that of %s, set mode enforce, or "
                                           "another mx in that mode",
                                           i->enforced, i->enforces);
}

/* Whether to reject the import because rows change what senders do with mail. The live checks are
 * not run, because they would take up to a minute for each row. */
static int is_enforce_refused(const import *i)
{
    if (i->enforced && (i->call->is_forced || i->call->is_dry_run)) {
        fprintf(stderr, "mta-sts policy: %s, which was not checked. %s\n", name_enforced(i),
                cli_policy_consequence);
    }
    else if (i->enforced) {
        cli_policy_fail("nothing was changed: %s, which import does not check. Run %s "
                        "with the names of these domains; if it finds them safe, or this restores "
                        "a backup, add --force. %s",
                        name_enforced(i), cli_command(i->call->p, "ready", "", ""),
                        cli_policy_consequence);
    }
    return i->enforced && !i->call->is_forced && !i->call->is_dry_run;
}

static int finish(import *i, const char *error)
{
    if (!error && !i->errors && is_enforce_refused(i)) {
        mta_sts_database_rollback(i->call->db);
        return CLI_EXIT_INVALID;
    }
    if (!error && !i->errors && !i->call->is_dry_run) {
        error = mta_sts_database_commit(i->call->db);
    }
    if (error) {
        cli_policy_fail("%s", error);
    }
    mta_sts_database_rollback(i->call->db);
    if (error || i->errors) {
        return cli_policy_fail("nothing was changed: %d of the lines are wrong", i->errors);
    }
    printf(i->call->is_dry_run ? "%d rows are valid; nothing was changed.\n"
                               : "%d rows are stored; httpd serves them within seconds.\n",
           i->rows);
    return CLI_EXIT_OK;
}

int cli_policy_import(cli_policy_call *call, const cli_args *args)
{
import i = {.call = call, .file = args->list[0], .lines = apr_hash_make(call->p) };
    const char *error;

    apr_pool_create(&i.p, call->p);
    error = mta_sts_edit_begin(call->db);
    error = error ? error : take_lines(&i, call->input);
    error = error || i.errors ? error : check_rows(&i);
    return finish(&i, error);
}
