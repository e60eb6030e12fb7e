/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>
#include <jansson.h>

#include "table_fixture.h"
#include "tlsrpt/report/json_scan.h"

#define BOM "\xef\xbb\xbf"

static tlsrpt_json_scan scan_text(const char *text)
{
    tlsrpt_json_scan scan = {0};

    tlsrpt_json_scan_feed(&scan, text, strlen(text));
    return scan;
}

static void test_depth_counts_arrays_and_objects(void **state)
{
    static const struct {
        const char *text;
        apr_size_t deepest;
    } cases[] = {
        {"", 0},
        {"1", 0},
        {"{}", 1},
        {"{\"a\":[{}, [[]]], \"b\":{}}", 4},
        {"{\"a\":\"[[[[[[\"}", 1},
        {"{\"a\":\"\\\"[[[[[[\"}", 1},
        {"{\"a\\\\\":[[\"\\\\\"]]}", 3},
        {"{\"a\":[[[[", 5},
        {"{}[[[[", 1}, /* after the first value */
    };
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(cases); i++) {
        tlsrpt_json_scan scan = scan_text(cases[i].text);

        if (scan.deepest != cases[i].deepest) {
            fail_msg("%s: %d deep", cases[i].text, (int)scan.deepest);
        }
    }
}

static void test_lengths_are_of_strings_and_literals_as_written(void **state)
{
    static const struct {
        const char *text;
        apr_size_t longest;
    } cases[] = {
        {"{}", 0},
        {"{\"\":\"\"}", 0},
        {"{\"a\":\"bcd\"}", 3},
        {"{\"abcd\":\"b\"}", 4},
        {"{\"a\":\"\\u0041\\\"\"}", 8},
        {"{\"a\":12345}", 5},
        {"{\"a\":[12345,1,null]}", 5},
        {"{\"a\":\"bcd", 3},
    };
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(cases); i++) {
        tlsrpt_json_scan scan = scan_text(cases[i].text);

        if (scan.longest != cases[i].longest) {
            fail_msg("%s: %d bytes", cases[i].text, (int)scan.longest);
        }
    }
}

static void test_bytes_before_and_after_the_first_value_are_counted(void **state)
{
    static const struct {
        const char *text;
        char first;
        apr_size_t before, trailing;
        int marked;
    } cases[] = {
        {"", '\0', 0, 0, 0},
        {" \t\r\n", '\0', 4, 0, 0},
        {"{}", '{', 0, 0, 0},
        {" \n{}", '{', 2, 0, 0},
        {BOM "{}", '{', 3, 0, 1},
        {BOM " {}", '{', 4, 0, 1},
        {BOM, '\0', 3, 0, 1},
        {BOM BOM "{}", '\xef', 3, 2, 1},
        {" " BOM "{}", '\xef', 1, 2, 0},
        {"\xef\xbb{}", '\xef', 0, 2, 0}, /* half a mark is not a mark */
        {"\xef\r[]", '\xef', 0, 2, 0},
        {"\xef", '\0', 1, 0, 1},
        {"[]", '[', 0, 0, 0},
        {"{} \r\n", '{', 0, 0, 0},
        {"{} x y", '{', 0, 2, 0},
        {"{\"a\":{}}{}", '{', 0, 2, 0},
        {"17 x", '1', 0, 1, 0},
        {"\"a\"x", '"', 0, 1, 0},
    };
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(cases); i++) {
        tlsrpt_json_scan scan = scan_text(cases[i].text);

        if (scan.first != cases[i].first || scan.before != cases[i].before ||
            scan.trailing != cases[i].trailing || scan.marked != cases[i].marked) {
            fail_msg("case %d: first %d, before %d, trailing %d, marked %d", (int)i, scan.first,
                     (int)scan.before, (int)scan.trailing, scan.marked);
        }
    }
}

static void test_the_result_does_not_depend_on_how_the_input_is_split(void **state)
{
    static const char text[] =
        BOM " {\"a\": [1, -2.5e3, true, null, \"x\\\"y\\\\\", {\"b\": {}}]} junk";
    tlsrpt_json_scan whole = scan_text(text), pieces = {0};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(text) - 1; i++) {
        tlsrpt_json_scan_feed(&pieces, text + i, 1);
    }
    assert_memory_equal(&whole, &pieces, sizeof(whole));
}

/* A JSON text that repeats one value many times. */
static const char *repeated(apr_pool_t *p, const char *head, const char *value, int times,
                            const char *tail)
{
    apr_size_t len = strlen(value);
    char *text = apr_palloc(p, strlen(head) + (len + 1) * (apr_size_t)times + strlen(tail) + 1);
    char *out = apr_cpystrn(text, head, strlen(head) + 1);

    while (times--) {
        memcpy(out, value, len);
        out += len;
        *out++ = times ? ',' : ' ';
    }
    strcpy(out, tail);
    return text;
}

/* The memory that jansson allocates, as in the layout of glibc's malloc, whatever allocator is
 * used. */
static size_t taken_now, taken_most;

static size_t chunk_of(size_t size)
{
    size_t chunk = (size + 8 + 15) & ~(size_t)15;

    return chunk < 32 ? 32 : chunk;
}

/* Each piece of memory has its size in front of it. */
#define SIZE_ROOM 16

static void *take(size_t size)
{
    char *room = malloc(SIZE_ROOM + size);

    assert_non_null(room);
    memcpy(room, &size, sizeof(size));
    taken_now += chunk_of(size);
    taken_most = taken_now > taken_most ? taken_now : taken_most;
    return room + SIZE_ROOM;
}

static void give_back(void *memory)
{
    char *room = memory;
    size_t size;

    if (room) {
        room -= SIZE_ROOM;
        memcpy(&size, room, sizeof(size));
        taken_now -= chunk_of(size);
        free(room);
    }
}

static size_t taken_by(const char *text)
{
    json_t *json;

    taken_now = taken_most = 0;
    json_set_alloc_funcs(take, give_back);
    json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(json);
    json_decref(json);
    json_set_alloc_funcs(malloc, free);
    return taken_most;
}

/* The estimate is never much too low, and not so high that real reports would be refused. */
static void test_the_estimated_memory_is_what_jansson_uses(void **state)
{
    static const struct {
        const char *head, *value, *tail;
    } cases[] = {
        {"[", "{}", "]"},
        {"[", "[]", "]"},
        {"[", "[0]", "]"},
        {"[", "\"\"", "]"},
        {"[", "\"twenty-four bytes long\"", "]"},
        {"[", "1", "]"},
        {"[", "1.5", "]"},
        {"[", "{\"a\":1}", "]"},
        {"[", "{\"a\":\"b\",\"c\":\"d\",\"e\":\"f\",\"g\":\"h\",\"i\":\"j\"}", "]"},
        {"[",
         "{\"result-type\":\"certificate-expired\",\"sending-mta-ip\":\"192.0.2.1\","
         "\"receiving-mx-hostname\":\"mx1.example.com\",\"receiving-mx-helo\":\"mx1.example.com\","
         "\"receiving-ip\":\"198.51.100.1\",\"failed-session-count\":3,"
         "\"failure-reason-code\":\"X509_V_ERR_CERT_HAS_EXPIRED\"}",
         "]"},
        {"[", "{\"a\":[{\"a\":[{\"a\":[]}]}]}", "]"},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        const char *text = repeated(*state, cases[i].head, cases[i].value, 20000, cases[i].tail);
        apr_uint64_t estimated = scan_text(text).memory;
        size_t taken = taken_by(text);

        if (taken > estimated + estimated / 8 || taken < estimated / 3) {
            fail_msg("%s: %d bytes estimated, %d taken", cases[i].value, (int)estimated,
                     (int)taken);
        }
    }
}

/* One object with many members: its table doubles. */
static void test_the_memory_of_a_large_object_is_estimated(void **state)
{
    const char *text = "";
    apr_uint64_t estimated;
    size_t taken;
    int i;

    for (i = 0; i < 200; i++) {
        const char *hundred = "";
        int j;

        for (j = 0; j < 100; j++) {
            hundred = apr_psprintf(*state, "%s,\"%d\":%d", hundred, 100 * i + j, j);
        }
        text = apr_pstrcat(*state, text, hundred, NULL);
    }
    text = apr_pstrcat(*state, "{\"a\":0", text, "}", NULL);
    estimated = scan_text(text).memory;
    taken = taken_by(text);
    if (taken > estimated + estimated / 8) {
        fail_msg("%d bytes estimated, %d taken", (int)estimated, (int)taken);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_depth_counts_arrays_and_objects),
        cmocka_unit_test(test_lengths_are_of_strings_and_literals_as_written),
        cmocka_unit_test(test_bytes_before_and_after_the_first_value_are_counted),
        cmocka_unit_test(test_the_result_does_not_depend_on_how_the_input_is_split),
        POOL_TEST(test_the_estimated_memory_is_what_jansson_uses),
        POOL_TEST(test_the_memory_of_a_large_object_is_estimated),
    };

    return RUN_POOL_TESTS(tests);
}
