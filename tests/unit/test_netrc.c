/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include "cli/import/netrc.h"
#include "table_fixture.h"

static void test_the_password_of_a_user_at_a_host_is_found(void **state)
{
    static const struct {
        const char *text, *password;
    } cases[] = {
        {"machine h login u password p", "p"},
        {"machine H\n\tlogin u\n\tpassword p # not a comment\n", "p"},
        {"# machine h login u password no\nmachine h login u password p", "p"},
        {"machine h login x password no machine h login u password p", "p"},
        {"machine h password p", "p"},
        {"machine h password p login u account a", "p"},
        {"default login u password p", "p"},
        {"machine h login u password \"a b\\\"c\\\\\"", "a b\"c\\"},
        {"macdef init\nmachine h login u password no\n\nmachine h login u password p", "p"},
        {"machine g login u password no", NULL},
        {"machine h login x password no", NULL},
        {"machine h login u", NULL},
        {"machine h login u password", NULL},
        {"machine", NULL},
        {"login u password p", NULL},
        {"", NULL},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        const char *found = cli_netrc_find(*state, cases[i].text, "h", "u");
        const char *expected = cases[i].password ? cases[i].password : "nothing";

        if (strcmp(found ? found : "nothing", expected) != 0) {
            fail_msg("%s: %s", cases[i].text, found ? found : "nothing");
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_the_password_of_a_user_at_a_host_is_found),
    };

    return RUN_POOL_TESTS(tests);
}
