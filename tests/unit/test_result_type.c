/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <string.h>

#include "tlsrpt/advice/rules.h"
#include "tlsrpt/report/result_type.h"

static void test_each_registered_name_has_a_type_a_label_and_a_cause(void **state)
{
    static const char *const names[] = {
#define TYPE(enumerator, name, is_general) name,
        TLSRPT_RESULT_TYPES(TYPE)
#undef TYPE
    };
    int i;

    (void)state;
    assert_int_equal(sizeof(names) / sizeof(names[0]), TLSRPT_RESULT_OTHER);
    for (i = 0; i < TLSRPT_RESULT_OTHER; i++) {
        assert_int_equal(tlsrpt_result_type_of(names[i]), i);
        assert_string_equal(tlsrpt_result_type_label((tlsrpt_result_type)i), names[i]);
        assert_string_equal(tlsrpt_result_type_cause((tlsrpt_result_type)i), names[i]);
    }
}

static void test_a_name_that_is_not_registered_is_another_type_and_none_is_unspecified(void **state)
{
    static const struct {
        const char *name;
        tlsrpt_result_type type;
        const char *label, *cause;
    } cases[] = {
        {NULL, TLSRPT_RESULT_UNSPECIFIED, "unspecified", "unspecified"},
        {"", TLSRPT_RESULT_UNSPECIFIED, "unspecified", "unspecified"},
        {"other", TLSRPT_RESULT_OTHER, "other", "unknown"},
        {"unspecified", TLSRPT_RESULT_OTHER, "other", "unknown"},
        {"Certificate-Expired", TLSRPT_CERTIFICATE_EXPIRED, "certificate-expired",
         "certificate-expired"},
        {"starttls_not_supported", TLSRPT_STARTTLS_NOT_SUPPORTED, "starttls-not-supported",
         "starttls-not-supported"},
        {"certificate-expire", TLSRPT_RESULT_OTHER, "other", "unknown"},
        {"certificate-expired-", TLSRPT_RESULT_OTHER, "other", "unknown"},
        {"certificate-expired ", TLSRPT_RESULT_OTHER, "other", "unknown"},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tlsrpt_result_type type = tlsrpt_result_type_of(cases[i].name);

        assert_int_equal(type, cases[i].type);
        assert_string_equal(tlsrpt_result_type_label(type), cases[i].label);
        assert_string_equal(tlsrpt_result_type_cause(type), cases[i].cause);
    }
}

static void test_each_result_type_has_a_rule_for_any_reason_and_policy(void **state)
{
    int type;

    (void)state;
    for (type = 0; type < TLSRPT_RESULT_TYPE_COUNT; type++) {
        const tlsrpt_rule *rule = tlsrpt_rules;
        int expected = type == TLSRPT_RESULT_OTHER ? TLSRPT_ANY_TYPE : type;

        while (rule->hint || rule->policy_type ||
               (rule->result_type != type && rule->result_type != TLSRPT_ANY_TYPE)) {
            rule++;
        }
        assert_int_equal(rule->result_type, expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_registered_name_has_a_type_a_label_and_a_cause),
        cmocka_unit_test(
            test_a_name_that_is_not_registered_is_another_type_and_none_is_unspecified),
        cmocka_unit_test(test_each_result_type_has_a_rule_for_any_reason_and_policy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
