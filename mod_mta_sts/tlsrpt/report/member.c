/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/report/member.h"

#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#include "core/base/text.h"

#define SUBJECT "report"
#define EXACT_MAX                                                                                  \
    9007199254740992.0 /* up to this number, a double represents every integer exactly */

/* "policies[2].failure-details[0].", which precedes a member's name in messages. */
static const char *location(const tlsrpt_reader *r)
{
    return r->policy < 0 ? ""
           : r->failure < 0
               ? apr_psprintf(r->p, "policies[%d].", r->policy)
               : apr_psprintf(r->p, "policies[%d].failure-details[%d].", r->policy, r->failure);
}

int tlsrpt_member_is_noted(const tlsrpt_reader *r, const char *id)
{
    int i;

    for (i = 0; i < r->findings->list->nelts; i++) {
        if (strcmp(mta_sts_findings_at(r->findings, i)->id, id) == 0) {
            return 1;
        }
    }
    return 0;
}

void tlsrpt_member_note_value(tlsrpt_reader *r, mta_sts_severity severity, const char *id,
                              const char *name, const char *value, const char *what)
{
    if (!tlsrpt_member_is_noted(r, id)) {
        mta_sts_finding_add(r->findings, severity, id, SUBJECT, NULL, "%s%s %s%s%s", location(r),
                            name, value ? mta_sts_text_quote(r->ptemp, value, strlen(value)) : "",
                            value ? " " : "", what);
    }
}

void tlsrpt_member_note(tlsrpt_reader *r, mta_sts_severity severity, const char *id,
                        const char *name, const char *what)
{
    tlsrpt_member_note_value(r, severity, id, name, NULL, what);
}

const tlsrpt_value *tlsrpt_member_of(const tlsrpt_value *object, const char *name)
{
    const tlsrpt_value *value = tlsrpt_value_member(object, name);

    return tlsrpt_value_is(value, TLSRPT_NULL) ? NULL : value;
}

void tlsrpt_member_note_type(tlsrpt_reader *r, const char *name, const char *what)
{
    tlsrpt_member_note(r, MTA_STS_WARNING, "member-type", name, what);
}

const tlsrpt_value *tlsrpt_member_container(tlsrpt_reader *r, const tlsrpt_value *object,
                                            const char *name, tlsrpt_value_type type)
{
    const tlsrpt_value *value = tlsrpt_member_of(object, name);

    if (value && value->type != type) {
        tlsrpt_member_note_type(r, name,
                                type == TLSRPT_OBJECT ? "is not an object and was ignored"
                                                      : "is not an array and was ignored");
        return NULL;
    }
    return value;
}

const char *tlsrpt_member_string(tlsrpt_reader *r, const tlsrpt_value *object, const char *name,
                                 const char *missing)
{
    const tlsrpt_value *value = tlsrpt_member_of(object, name);

    if (value && value->type != TLSRPT_STRING) {
        tlsrpt_member_note_type(r, name, "is not a string and was ignored");
        return NULL;
    }
    if (value && *value->is.string) {
        return value->is.string;
    }
    if (missing) {
        tlsrpt_member_note(r, MTA_STS_INFO, missing, name, value ? "is empty" : "is missing");
    }
    return NULL;
}

apr_array_header_t *tlsrpt_member_strings(tlsrpt_reader *r, const tlsrpt_value *value,
                                          const char *name, const char *lone)
{
    apr_array_header_t *strings;
    const tlsrpt_value *string;
    unsigned int count = tlsrpt_value_count(value);

    strings = apr_array_make(r->p, count ? (int)count : 1, sizeof(const char *));
    if (tlsrpt_value_is(value, TLSRPT_STRING)) {
        tlsrpt_member_note(r, MTA_STS_INFO, lone, name,
                           "is a string instead of an array of strings");
        APR_ARRAY_PUSH(strings, const char *) = value->is.string;
    }
    else if (value && value->type != TLSRPT_ARRAY) {
        tlsrpt_member_note_type(r, name, "is not an array and was ignored");
    }
    for (string = tlsrpt_value_first(value); string; string = string->next) {
        if (string->type == TLSRPT_STRING) {
            APR_ARRAY_PUSH(strings, const char *) = string->is.string;
        }
        else {
            tlsrpt_member_note_type(r, name,
                                    "contains elements other than strings, which were ignored");
        }
    }
    return strings;
}

static apr_int64_t refuse_count(tlsrpt_reader *r, const char *name, const char *value)
{
    if (!r->error) {
        r->error = apr_psprintf(r->p, "%s%s is %s: it must be a number from 0 to %" APR_INT64_T_FMT,
                                location(r), name, value, APR_INT64_MAX);
    }
    return 0;
}

/* Reads a count that was sent as a string. */
static apr_int64_t read_digits(tlsrpt_reader *r, const char *name, const char *text)
{
    apr_int64_t count = 0;
    const char *c;

    for (c = text; *c >= '0' && *c <= '9' && count <= (APR_INT64_MAX - (*c - '0')) / 10; c++) {
        count = 10 * count + (*c - '0');
    }
    if (*c || c == text) {
        return refuse_count(r, name, mta_sts_text_quote(r->p, text, strlen(text)));
    }
    tlsrpt_member_note(r, MTA_STS_INFO, "count-form", name, "is a number in a string");
    return count;
}

static apr_int64_t read_real(tlsrpt_reader *r, const char *name, double real)
{
    char shown[32];

    if (!(real >= 0 && real <= EXACT_MAX) || real != (double)(apr_int64_t)real) {
        snprintf(shown, sizeof(shown), "%g", real); /* APR's would write 1.e+18 */
        return refuse_count(r, name, shown);
    }
    tlsrpt_member_note(r, MTA_STS_INFO, "count-form", name,
                       "is a number with a fraction or an exponent");
    return (apr_int64_t)real;
}

static apr_int64_t read_integer(tlsrpt_reader *r, const char *name, apr_int64_t integer)
{
    return integer >= 0 ? integer
                        : refuse_count(r, name, apr_psprintf(r->p, "%" APR_INT64_T_FMT, integer));
}

apr_int64_t tlsrpt_member_count(tlsrpt_reader *r, const tlsrpt_value *object, const char *name)
{
    const tlsrpt_value *value = tlsrpt_member_of(object, name);

    if (!value) {
        tlsrpt_member_note(r, MTA_STS_WARNING, "count-missing", name, "is missing: 0 is assumed");
        return 0;
    }
    switch (value->type) {
    case TLSRPT_INTEGER:
        return read_integer(r, name, value->is.integer);
    case TLSRPT_REAL:
        return read_real(r, name, value->is.real);
    case TLSRPT_STRING:
        return read_digits(r, name, value->is.string);
    default:
        return refuse_count(r, name, "not a number");
    }
}
