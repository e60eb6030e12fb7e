/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/report/parse.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "tlsrpt/report/parser.h"

/* Up to this number, members are compared pairwise instead of being sorted. */
#define FEW_MEMBERS 16
#define INTEGER_DIGITS 18 /* a number with this many digits always fits into 64 bits */

static int parse_value(tlsrpt_parser *x, tlsrpt_value *value);

/* --- numbers and literals --- */

static int is_in_number(int c)
{
    return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

/* Converts small integers; all other numbers are left to jansson, which handles the decimal point
 * of the locale. */
static int convert(const tlsrpt_parser *x, tlsrpt_value *value)
{
    json_t *number = json_loadb(x->text, x->len, JSON_DECODE_ANY, NULL);

    value->type = json_is_integer(number) ? TLSRPT_INTEGER : TLSRPT_REAL;
    if (json_is_integer(number)) {
        value->is.integer = json_integer_value(number);
    }
    else {
        value->is.real = json_real_value(number);
    }
    json_decref(number);
    return number != NULL;
}

static int parse_number(tlsrpt_parser *x, tlsrpt_value *value)
{
    apr_int64_t integer = 0;
    apr_size_t i;
    char c;

    for (x->len = 0; is_in_number(tlsrpt_parser_peek(x)); x->at++) {
        c = *x->at;
        if (!tlsrpt_parser_append(x, &c, 1)) {
            return 0;
        }
    }
    for (i = 0; i < x->len && x->text[i] >= '0' && x->text[i] <= '9' && i < INTEGER_DIGITS; i++) {
        integer = 10 * integer + (x->text[i] - '0');
    }
    if (!x->len || i < x->len || (x->text[0] == '0' && x->len > 1)) {
        return x->len && convert(x, value);
    }
    value->type = TLSRPT_INTEGER;
    value->is.integer = integer;
    return 1;
}

static int parse_word(tlsrpt_parser *x, const char *word, tlsrpt_value_type type,
                      tlsrpt_value *value)
{
    value->type = type;
    while (*word && tlsrpt_parser_peek(x) == *word) {
        word++;
        x->at++;
    }
    return !*word;
}

/* --- arrays and objects --- */

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Whether two members of an object with many members have the same name. */
static int has_duplicate_of_many(const tlsrpt_parser *x, const tlsrpt_value *object)
{
    const tlsrpt_value *member;
    const char **names = apr_palloc(x->p, object->count * sizeof(*names));
    unsigned int i = 0;
    int found = 0;

    for (member = object->is.first; member; member = member->next) {
        names[i++] = member->name;
    }
    qsort(names, object->count, sizeof(*names), compare_names);
    for (i = 1; i < object->count && !found; i++) {
        found = strcmp(names[i - 1], names[i]) == 0;
    }
    return found;
}

static int has_duplicate(const tlsrpt_parser *x, const tlsrpt_value *object)
{
    const tlsrpt_value *member, *other;

    if (object->count > FEW_MEMBERS) {
        return has_duplicate_of_many(x, object);
    }
    for (member = object->is.first; member; member = member->next) {
        for (other = member->next; other; other = other->next) {
            if (strcmp(member->name, other->name) == 0) {
                return 1;
            }
        }
    }
    return 0;
}

/* Consumes the comma between two values or the bracket after the last one.
 *
 * @return 1: another value follows; 0: that was the last one; -1: neither
 */
static int parse_separator(tlsrpt_parser *x, char closing)
{
    int c = tlsrpt_parser_skip_blanks(x);

    if (c != ',' && c != closing) {
        return -1;
    }
    x->at++;
    return c == ',';
}

static int parse_elements(tlsrpt_parser *x, tlsrpt_value *array)
{
    const tlsrpt_value **last = &array->is.first;
    int more = tlsrpt_parser_skip_blanks(x) != ']' ? 1 : parse_separator(x, ']');

    while (more > 0) {
        tlsrpt_value *element = apr_pcalloc(x->p, sizeof(*element));

        tlsrpt_parser_skip_blanks(x);
        if (!parse_value(x, element)) {
            return 0;
        }
        *last = element;
        last = &element->next;
        array->count++;
        more = parse_separator(x, ']');
    }
    return more == 0;
}

static int parse_member(tlsrpt_parser *x, tlsrpt_value *member)
{
    if (tlsrpt_parser_skip_blanks(x) != '"' || !tlsrpt_parser_string(x, &member->name) ||
        tlsrpt_parser_skip_blanks(x) != ':') {
        return 0;
    }
    x->at++;
    tlsrpt_parser_skip_blanks(x);
    return parse_value(x, member);
}

static int parse_members(tlsrpt_parser *x, tlsrpt_value *object)
{
    int more = tlsrpt_parser_skip_blanks(x) != '}' ? 1 : parse_separator(x, '}');

    while (more > 0) {
        tlsrpt_value *member = apr_pcalloc(x->p, sizeof(*member));

        if (!parse_member(x, member)) {
            return 0;
        }
        member->next = object->is.first;
        object->is.first = member;
        object->count++;
        more = parse_separator(x, '}');
    }
    x->duplicate |= more == 0 && has_duplicate(x, object);
    return more == 0;
}

static int parse_container(tlsrpt_parser *x, tlsrpt_value *value)
{
    int is_valid;

    if (x->depth == x->input->deepest) {
        return 0;
    }
    x->depth++;
    x->at++;
    is_valid = value->type == TLSRPT_OBJECT ? parse_members(x, value) : parse_elements(x, value);
    x->depth--;
    return is_valid;
}

/* A number, true, false or null. */
static int parse_literal(tlsrpt_parser *x, int first, tlsrpt_value *value)
{
    int is_valid = first == 't'   ? parse_word(x, "true", TLSRPT_BOOLEAN, value)
                   : first == 'f' ? parse_word(x, "false", TLSRPT_BOOLEAN, value)
                   : first == 'n' ? parse_word(x, "null", TLSRPT_NULL, value)
                                  : parse_number(x, value);

    if (is_valid && tlsrpt_parser_peek(x) == '\0') {
        x->at++; /* jansson 2.14 ignores one NUL here */
    }
    return is_valid;
}

static int parse_value(tlsrpt_parser *x, tlsrpt_value *value)
{
    int first = tlsrpt_parser_peek(x);

    switch (first) {
    case '"':
        value->type = TLSRPT_STRING;
        return tlsrpt_parser_string(x, &value->is.string);
    case '{':
        value->type = TLSRPT_OBJECT;
        return parse_container(x, value);
    case '[':
        value->type = TLSRPT_ARRAY;
        return parse_container(x, value);
    default:
        return parse_literal(x, first, value);
    }
}

const tlsrpt_value *tlsrpt_parse(apr_pool_t *p, const tlsrpt_parse_input *input, int *duplicate)
{
    tlsrpt_value *value = apr_pcalloc(p, sizeof(*value));
    const char *bytes = input->len ? input->bytes : ""; /* bytes may be NULL if len is 0 */
    tlsrpt_parser x = {.p = p, .input = input, .at = bytes, .end = bytes + input->len};
    int first = tlsrpt_parser_skip_blanks(&x);

    if ((first != '{' && first != '[') || !parse_value(&x, value)) {
        return NULL;
    }
    *duplicate = x.duplicate;
    return value;
}
