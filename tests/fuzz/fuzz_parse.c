/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include <jansson.h>

#include "tlsrpt/report/json_scan.h"
#include "tlsrpt/report/parse.h"

#define DEPTH_MAX 200

typedef struct rest {
    const char *bytes;
    size_t len;
} rest;

/* One byte at a time, so that everything is split everywhere. */
static size_t read_byte(void *buffer, size_t size, void *data)
{
    rest *left = data;

    CHECK(size > 0);
    if (!left->len) {
        return 0;
    }
    *(char *)buffer = *left->bytes++;
    left->len--;
    return 1;
}

static void check_same(const tlsrpt_value *value, const json_t *json);

static void check_same_array(const tlsrpt_value *array, const json_t *json)
{
    const tlsrpt_value *element = tlsrpt_value_first(array);
    size_t i;

    CHECK(tlsrpt_value_count(array) == json_array_size(json));
    for (i = 0; i < json_array_size(json); i++, element = element->next) {
        check_same(element, json_array_get(json, i));
    }
    CHECK(!element);
}

static void check_same_object(const tlsrpt_value *object, const json_t *json)
{
    const char *name;
    json_t *member;

    CHECK(object->count >= json_object_size(json));
    json_object_foreach((json_t *)json, name, member)
    {
        check_same(tlsrpt_value_member(object, name), member);
    }
}

static void check_same(const tlsrpt_value *value, const json_t *json)
{
    static const tlsrpt_value_type types[] = {
        [JSON_OBJECT] = TLSRPT_OBJECT, [JSON_ARRAY] = TLSRPT_ARRAY,
        [JSON_STRING] = TLSRPT_STRING, [JSON_REAL] = TLSRPT_REAL,
        [JSON_TRUE] = TLSRPT_BOOLEAN,  [JSON_FALSE] = TLSRPT_BOOLEAN,
        [JSON_NULL] = TLSRPT_NULL,     [JSON_INTEGER] = TLSRPT_INTEGER,
    };

    CHECK(tlsrpt_value_is(value, types[json_typeof(json)]));
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        check_same_object(value, json);
        break;
    case JSON_ARRAY:
        check_same_array(value, json);
        break;
    case JSON_STRING:
        CHECK(strcmp(value->is.string, json_string_value(json)) == 0);
        break;
    case JSON_INTEGER:
        CHECK(value->is.integer == json_integer_value(json));
        break;
    case JSON_REAL:
        CHECK(memcmp(&value->is.real, &(double){json_real_value(json)}, sizeof(double)) == 0);
        break;
    case JSON_TRUE:
    case JSON_FALSE:
    case JSON_NULL:
        break;
    }
}

static int has_duplicates(const char *bytes, size_t len)
{
    json_t *json = json_loadb(bytes, len, JSON_DISABLE_EOF_CHECK | JSON_REJECT_DUPLICATES, NULL);
    int is_refused = !json;

    json_decref(json);
    return is_refused;
}

/* The parser must accept what jansson accepts, and give the same values, however it gets it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tlsrpt_json_scan scan = {0};
    apr_pool_t *p;
    json_t *json;
    rest left = {(const char *)data, size};
    tlsrpt_parse_input whole = {.bytes = (const char *)data, .len = size},
                       pieces = {.read = read_byte, .data = &left};
    const tlsrpt_value *value, *same;
    int duplicate = 0, same_duplicate = 0;

    tlsrpt_json_scan_feed(&scan, (const char *)data, size);
    if (scan.marked || scan.deepest > DEPTH_MAX) {
        return 0;
    }
    whole.longest = pieces.longest = scan.longest;
    whole.deepest = pieces.deepest = scan.deepest;
    p = fuzz_pool_make();
    json = json_loadb((const char *)data, size, JSON_DISABLE_EOF_CHECK, NULL);
    value = tlsrpt_parse(p, &whole, &duplicate);
    same = tlsrpt_parse(p, &pieces, &same_duplicate);
    CHECK(!json == !value && !json == !same && duplicate == same_duplicate);
    if (json) {
        check_same(value, json);
        check_same(same, json);
        CHECK(duplicate == has_duplicates((const char *)data, size));
    }
    json_decref(json);
    apr_pool_destroy(p);
    return 0;
}
