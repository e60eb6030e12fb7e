/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"
#include "table_fixture.h"

#include "core/policy/rollout.h"

/* Times are days; the day 0 is any. */
#define BASE 20000
#define AT(day) apr_time_from_sec(APR_INT64_C(86400) * (BASE + (day)))
#define NEVER (-BASE)
#define TODAY 100

typedef struct serving {
    const char *id;
    mta_sts_mode mode;
    const char *mx; /* separated by newlines */
    int max_age, from, until, is_served;
    const char *host;
} serving;

typedef struct fetch {
    const char *network, *id;
    int last;
} fetch;

#define T MTA_STS_MODE_TESTING
#define E MTA_STS_MODE_ENFORCE
#define N MTA_STS_MODE_NONE

/* What is expected: "ID cached BY_LOG updated: NETWORK until DAY, ..." for each earlier policy, and
 * the dates. */
typedef struct example {
    const char *about;
    serving served[4];
    fetch fetches[6];
    int doubts; /* of all policies */
    const char *current, *earlier, *dates;
} example;

#define A(from, until)                                                                             \
    {                                                                                              \
        "a", E, "mx1\nold", 30, from, until, 0, "web"                                              \
    }
#define B(from)                                                                                    \
    {                                                                                              \
        "b", T, "mx1", 10, from, TODAY, 1, "web"                                                   \
    }

static const example examples[] = {
    {"a single policy has no copies of others",
     {B(50)},
     {{"n1", "b", 99}},
     0,
     "b 50 110: n1 99",
     "",
     "stricter-mode 0 0; withdraw 110 109"},
    {"a network that has fetched the current policy since is not waited for",
     {A(10, 90), B(90)},
     {{"n1", "a", 80}, {"n1", "b", 91}, {"n2", "a", 85}},
     0,
     "b 90 110: n1 91",
     "a 90 120 115 1: n2 115",
     "remove-mx old 120 115; stricter-mode 120 115; withdraw 120 115"},
    {"a network that fetched the earlier policy after the current one may have a copy of it",
     {A(10, 90), B(89)},
     {{"n1", "b", 89}, {"n1", "a", 90}},
     0,
     "b 89 110: n1 89",
     "a 90 120 120 0: n1 120",
     "remove-mx old 120 120; stricter-mode 120 120; withdraw 120 120"},
    {"as far as the log knows all is done when all networks have the current policy",
     {A(10, 90), B(90)},
     {{"n1", "a", 80}, {"n1", "b", 100}},
     0,
     "b 90 110: n1 100",
     "a 90 120 0 1:",
     "remove-mx old 120 0; stricter-mode 120 0; withdraw 120 110"},
    {"copies that were not fetched for their max_age have expired",
     {A(10, 90), B(90)},
     {{"n1", "a", 70}, {"n2", "a", 71}},
     0,
     "b 90 110:",
     "a 90 120 101 0: n2 101",
     "remove-mx old 120 101; stricter-mode 120 101; withdraw 120 101"},
    {"a log that is not complete gives no date",
     {A(10, 90), B(90)},
     {{"n1", "a", 80}},
     MTA_STS_ROLLOUT_GAPS,
     "b 90 110:",
     "a 90 120 110 0: n1 110",
     "remove-mx old 120 ?; stricter-mode 120 ?; withdraw 120 ?"},
    {"others may be any network",
     {A(10, 90), B(90)},
     {{"", "", 85}, {"n1", "a", 80}},
     0,
     "b 90 110:",
     "a 90 120 110 0: n1 110",
     "remove-mx old 120 ?; stricter-mode 120 ?; withdraw 120 ?"},
    {"others of a time whose copies have expired do not matter",
     {A(10, 90), B(90)},
     {{"", "", 60}, {"n1", "a", 80}},
     0,
     "b 90 110:",
     "a 90 120 110 0: n1 110",
     "remove-mx old 120 110; stricter-mode 120 110; withdraw 120 110"},
    {"a policy of which every copy has expired is gone",
     {A(10, 69), B(69)},
     {{"n1", "a", 65}},
     0,
     "b 69 110:",
     "",
     "stricter-mode 0 0; withdraw 110 0"},
    {"a policy that is served again is the current one",
     {B(20), {"a", T, "mx1", 30, 50, 80, 0, "web"}, {"b", T, "mx1", 10, 10, 20, 0, "web"}},
     {{"n1", "b", 15}, {"n1", "a", 79}},
     0,
     "b 20 110: n1 15",
     "a 80 110 109 0: n1 109",
     "stricter-mode 110 109; withdraw 110 109"},
    {"a machine that still serves the earlier policy keeps it alive",
     {{"a", E, "mx1", 30, 10, TODAY, 1, "web2"}, B(90)},
     {{"n1", "a", 99}},
     0,
     "b 90 110:",
     "a@web2 100 130 129 0: n1 129",
     "stricter-mode 130 ?; withdraw 130 ?"},
    {"a fetch after the end that was recorded extends it",
     {A(10, 90), B(90)},
     {{"n1", "a", 92}},
     0,
     "b 90 110:",
     "a 92 122 122 0: n1 122",
     "remove-mx old 122 122; stricter-mode 122 122; withdraw 122 122"},
    {"MX hosts of an earlier policy in mode testing need not be waited for",
     {{"a", T, "old", 30, 10, 90, 0, "web"}, {"b", E, "mx1", 10, 90, TODAY, 1, "web"}},
     {{"n1", "a", 80}},
     0,
     "b 90 110:",
     "a 90 120 110 0: n1 110",
     "withdraw 120 110"},
    {"a pattern that the current policy covers otherwise is not only in the earlier one",
     {{"a", E, "m.example.com\n*.example.net", 30, 10, 90, 0, "web"},
      {"b", E, "*.example.com", 10, 90, TODAY, 1, "web"}},
     {{"n1", "a", 80}},
     0,
     "b 90 110:",
     "a 90 120 110 0: n1 110",
     "remove-mx *.example.net 120 110; withdraw 120 110"},
    {"in mode none, what remains is to wait for the others",
     {{"a", E, "mx1", 30, 10, 90, 0, "web"},
      {"c", N, "mx1", 5, 1, 9, 0, "web"},
      {"b", N, "mx1", 1, 90, TODAY, 1, "web"}},
     {{"n1", "a", 80}},
     0,
     "b 90 101:",
     "a 90 120 110 0: n1 110",
     "withdraw 120 110"},
    {"copies of a policy that is no longer served remain",
     {A(10, 90)},
     {{"n1", "a", 80}},
     0,
     "",
     "a 90 120 110 0: n1 110",
     "withdraw 120 110"},
    {"an earlier policy whose beginning is not known matters for its max_age",
     {A(NEVER, 90), B(90)},
     {{"n1", "a", 71}, {"", "", 70}},
     0,
     "b 90 110:",
     "a 90 120 101 0: n1 101",
     "remove-mx old 120 ?; stricter-mode 120 ?; withdraw 120 ?"},
};

static int day_of(apr_time_t time)
{
    return time <= 0 ? (int)time : (int)(apr_time_sec(time) / 86400) - BASE;
}

static const mta_sts_policy *policy_of(apr_pool_t *p, const serving *one)
{
    mta_sts_policy *policy = apr_pcalloc(p, sizeof(*policy));

    policy->mode = one->mode;
    policy->max_age = 86400 * one->max_age;
    policy->mx = lines_of(p, one->mx);
    return policy;
}

static mta_sts_rollout *make(apr_pool_t *p, const example *one)
{
    apr_array_header_t *served = apr_array_make(p, 4, sizeof(mta_sts_rollout_served));
    apr_array_header_t *fetches = apr_array_make(p, 6, sizeof(mta_sts_rollout_fetch));
    mta_sts_rollout *rollout;
    int i;

    for (i = 0; i < (int)COUNT(one->served) && one->served[i].id; i++) {
        APR_ARRAY_PUSH(served, mta_sts_rollout_served) = (mta_sts_rollout_served){
            one->served[i].id,       policy_of(p, &one->served[i]), one->served[i].host,
            AT(one->served[i].from), AT(one->served[i].until),      one->served[i].is_served};
    }
    for (i = 0; i < (int)COUNT(one->fetches) && one->fetches[i].network; i++) {
        APR_ARRAY_PUSH(fetches, mta_sts_rollout_fetch) = (mta_sts_rollout_fetch){
            one->fetches[i].network, one->fetches[i].id, "Postfix", AT(one->fetches[i].last), 1};
    }
    rollout = mta_sts_rollout_make(p, served, AT(TODAY));
    mta_sts_rollout_add_fetches(p, rollout, fetches);
    for (i = 0; i < rollout->earlier->nelts; i++) {
        APR_ARRAY_IDX(rollout->earlier, i, mta_sts_rollout_policy *)->doubts |= one->doubts;
    }
    mta_sts_rollout_judge(rollout);
    return rollout;
}

static const char *current_text(apr_pool_t *p, const mta_sts_rollout_policy *policy)
{
    const char *text;
    int i;

    if (!policy) {
        return "";
    }
    text = apr_psprintf(p, "%s %d %d:", policy->id, day_of(policy->from), day_of(policy->cached));
    for (i = 0; i < policy->networks->nelts; i++) {
        const mta_sts_rollout_network *network =
            &APR_ARRAY_IDX(policy->networks, i, mta_sts_rollout_network);

        text = apr_psprintf(p, "%s %s %d", text, network->network, day_of(network->last));
    }
    return text;
}

static const char *earlier_text(apr_pool_t *p, const mta_sts_rollout *rollout)
{
    const char *text = "";
    int i, j;

    for (i = 0; i < rollout->earlier->nelts; i++) {
        const mta_sts_rollout_policy *policy =
            APR_ARRAY_IDX(rollout->earlier, i, mta_sts_rollout_policy *);

        text = apr_psprintf(p, "%s%s%s%s%s %d %d %d %d:", text, i ? "; " : "", policy->id,
                            policy->host ? "@" : "", policy->host ? policy->host : "",
                            day_of(policy->until), day_of(policy->cached),
                            day_of(policy->cached_by_log), policy->updated);
        for (j = 0; j < policy->networks->nelts; j++) {
            const mta_sts_rollout_network *network =
                &APR_ARRAY_IDX(policy->networks, j, mta_sts_rollout_network);

            text = apr_psprintf(p, "%s %s %d", text, network->network, day_of(network->until));
        }
    }
    return text;
}

static const char *dates_text(apr_pool_t *p, const mta_sts_rollout *rollout)
{
    const char *text = "";
    int i;

    for (i = 0; i < rollout->dates->nelts; i++) {
        const mta_sts_rollout_date *date = &APR_ARRAY_IDX(rollout->dates, i, mta_sts_rollout_date);

        text = apr_psprintf(p, "%s%s%s%s%s %d %s", text, i ? "; " : "",
                            mta_sts_rollout_action_name(date->action), date->mx ? " " : "",
                            date->mx ? date->mx : "", day_of(date->certain),
                            date->has_log ? apr_itoa(p, day_of(date->by_log)) : "?");
    }
    return text;
}

static void copies_and_dates_follow_from_what_was_served_and_fetched(void **state)
{
    size_t i;

    for (i = 0; i < COUNT(examples); i++) {
        const mta_sts_rollout *rollout = make(*state, &examples[i]);

        print_message("%s\n", examples[i].about);
        assert_string_equal(current_text(*state, rollout->current), examples[i].current);
        assert_string_equal(earlier_text(*state, rollout), examples[i].earlier);
        assert_string_equal(dates_text(*state, rollout), examples[i].dates);
    }
}

/* No date of the log is later than the certain one, in no example. */
static void the_log_never_gives_a_later_date_than_the_certain_one(void **state)
{
    size_t i;
    int j;

    for (i = 0; i < COUNT(examples); i++) {
        const mta_sts_rollout *rollout = make(*state, &examples[i]);

        for (j = 0; j < rollout->dates->nelts; j++) {
            const mta_sts_rollout_date *date =
                &APR_ARRAY_IDX(rollout->dates, j, mta_sts_rollout_date);

            assert_true(date->by_log <= date->certain);
        }
        assert_true(mta_sts_rollout_by_log(rollout) <= mta_sts_rollout_certain(rollout));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(copies_and_dates_follow_from_what_was_served_and_fetched),
        POOL_TEST(the_log_never_gives_a_later_date_than_the_certain_one),
    };

    return RUN_POOL_TESTS(tests);
}
