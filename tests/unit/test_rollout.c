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
    const char *host; /* "+web": of a hosted domain; "+": on any machine */
} serving;

typedef struct fetch {
    const char *network, *id;
    int last;
} fetch;

#define T MTA_STS_MODE_TESTING
#define E MTA_STS_MODE_ENFORCE
#define N MTA_STS_MODE_NONE

/* What is expected: "ID cached BY_LOG updated: NETWORK until DAY, ..." for each earlier policy, and
 * the dates: "~" is before a worst case that is not certain. */
typedef struct example {
    const char *about;
    serving served[4];
    fetch fetches[6];
    int doubts; /* of all policies */
    const char *current, *earlier, *dates;
    int previous;   /* the largest max_age of policies from before the record; UNKNOWN */
    const char *id; /* which one is current, if that is known */
} example;

#define UNKNOWN (-1)

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
     "stricter-mode 0 0; withdraw 110 109",
     0,
     NULL},
    {"a network that has fetched the current policy since is not waited for",
     {A(10, 90), B(90)},
     {{"n1", "a", 80}, {"n1", "b", 91}, {"n2", "a", 85}},
     0,
     "b 90 110: n1 91",
     "a 90 120 115 1: n2 115",
     "remove-mx old 120 115; stricter-mode 120 115; withdraw 120 115",
     0,
     NULL},
    {"a network that fetched the earlier policy after the current one may have a copy of it",
     {A(10, 90), B(89)},
     {{"n1", "b", 89}, {"n1", "a", 90}},
     0,
     "b 89 110: n1 89",
     "a 90 120 120 0: n1 120",
     "remove-mx old 120 120; stricter-mode 120 120; withdraw 120 120",
     0,
     NULL},
    {"as far as the log knows all is done when all networks have the current policy",
     {A(10, 90), B(90)},
     {{"n1", "a", 80}, {"n1", "b", 100}},
     0,
     "b 90 110: n1 100",
     "a 90 120 0 1:",
     "remove-mx old 120 0; stricter-mode 120 0; withdraw 120 110",
     0,
     NULL},
    {"copies that were not fetched for their max_age have expired",
     {A(10, 90), B(90)},
     {{"n1", "a", 70}, {"n2", "a", 71}},
     0,
     "b 90 110:",
     "a 90 120 101 0: n2 101",
     "remove-mx old 120 101; stricter-mode 120 101; withdraw 120 101",
     0,
     NULL},
    {"a log that is not complete gives no date",
     {A(10, 90), B(90)},
     {{"n1", "a", 80}},
     MTA_STS_ROLLOUT_GAPS,
     "b 90 110:",
     "a 90 120 110 0: n1 110",
     "remove-mx old 120 ?; stricter-mode 120 ?; withdraw 120 ?",
     0,
     NULL},
    {"others may be any network",
     {A(10, 90), B(90)},
     {{"", "", 85}, {"n1", "a", 80}},
     0,
     "b 90 110:",
     "a 90 120 110 0: n1 110",
     "remove-mx old 120 ?; stricter-mode 120 ?; withdraw 120 ?",
     0,
     NULL},
    {"others of a time whose copies have expired do not matter",
     {A(10, 90), B(90)},
     {{"", "", 60}, {"n1", "a", 80}},
     0,
     "b 90 110:",
     "a 90 120 110 0: n1 110",
     "remove-mx old 120 110; stricter-mode 120 110; withdraw 120 110",
     0,
     NULL},
    {"a policy of which every copy has expired is gone",
     {A(10, 69), B(69)},
     {{"n1", "a", 65}},
     0,
     "b 69 110:",
     "",
     "stricter-mode 0 0; withdraw 110 0",
     0,
     NULL},
    {"a policy that is served again is the current one",
     {B(20), {"a", T, "mx1", 30, 50, 80, 0, "web"}, {"b", T, "mx1", 10, 10, 20, 0, "web"}},
     {{"n1", "b", 15}, {"n1", "a", 79}},
     0,
     "b 20 110: n1 15",
     "a 80 110 109 0: n1 109",
     "stricter-mode 110 109; withdraw 110 109",
     0,
     NULL},
    {"a machine that still serves the earlier policy keeps it alive",
     {{"a", E, "mx1", 30, 10, TODAY, 1, "web2"}, B(90)},
     {{"n1", "a", 99}},
     0,
     "b 90 110:",
     "a@web2 100 130 129 0: n1 129",
     "stricter-mode ~130 ?; withdraw ~130 ?",
     0,
     NULL},
    {"a fetch after the end that was recorded extends it",
     {A(10, 90), B(90)},
     {{"n1", "a", 92}},
     0,
     "b 90 110:",
     "a 92 122 122 0: n1 122",
     "remove-mx old 122 122; stricter-mode 122 122; withdraw 122 122",
     0,
     NULL},
    {"MX hosts of an earlier policy in mode testing need not be waited for",
     {{"a", T, "old", 30, 10, 90, 0, "web"}, {"b", E, "mx1", 10, 90, TODAY, 1, "web"}},
     {{"n1", "a", 80}},
     0,
     "b 90 110:",
     "a 90 120 110 0: n1 110",
     "withdraw 120 110",
     0,
     NULL},
    {"a pattern that the current policy covers otherwise is not only in the earlier one",
     {{"a", E, "m.example.com\n*.example.net", 30, 10, 90, 0, "web"},
      {"b", E, "*.example.com", 10, 90, TODAY, 1, "web"}},
     {{"n1", "a", 80}},
     0,
     "b 90 110:",
     "a 90 120 110 0: n1 110",
     "remove-mx *.example.net 120 110; withdraw 120 110",
     0,
     NULL},
    {"in mode none, what remains is to wait for the others",
     {{"a", E, "mx1", 30, 10, 90, 0, "web"},
      {"c", N, "mx1", 5, 1, 9, 0, "web"},
      {"b", N, "mx1", 1, 90, TODAY, 1, "web"}},
     {{"n1", "a", 80}},
     0,
     "b 90 101:",
     "a 90 120 110 0: n1 110",
     "withdraw 120 110",
     0,
     NULL},
    {"copies of a policy that is no longer served remain",
     {A(10, 90)},
     {{"n1", "a", 80}},
     0,
     "",
     "a 90 120 110 0: n1 110",
     "withdraw 120 110",
     0,
     NULL},
    {"an earlier policy whose beginning is not known matters for its max_age",
     {A(NEVER, 90), B(90)},
     {{"n1", "a", 71}, {"", "", 70}},
     0,
     "b 90 110:",
     "a 90 120 101 0: n1 101",
     "remove-mx old ~120 ?; stricter-mode ~120 ?; withdraw ~120 ?",
     UNKNOWN,
     NULL},
    {"nothing is certain while a policy from before the record may be cached",
     {B(50)},
     {{"n1", "b", 99}},
     0,
     "b 50 110: n1 99",
     "",
     "stricter-mode ~0 0; withdraw ~110 109",
     UNKNOWN,
     NULL},
    {"policies from before the record do not matter once their copies have expired",
     {A(10, 90), B(90)},
     {{"n1", "a", 85}},
     0,
     "b 90 110:",
     "a 90 120 115 0: n1 115",
     "remove-mx old 120 115; stricter-mode 120 115; withdraw 120 115",
     90,
     NULL},
    {"nor if their copies expire before those of recorded ones",
     {A(10, 90), B(90)},
     {{"n1", "a", 85}},
     0,
     "b 90 110:",
     "a 90 120 115 0: n1 115",
     "remove-mx old 120 115; stricter-mode 120 115; withdraw 120 115",
     110,
     NULL},
    {"but they do if their copies expire later",
     {A(10, 90), B(90)},
     {{"n1", "a", 85}},
     0,
     "b 90 110:",
     "a 90 120 115 0: n1 115",
     "remove-mx old ~120 115; stricter-mode ~120 115; withdraw ~120 115",
     111,
     NULL},
    {"a year after the record began all is certain",
     {{"b", T, "mx1", 10, TODAY - 366, TODAY, 1, "web"}},
     {{"n1", "b", 99}},
     0,
     "b -266 110: n1 99",
     "",
     "stricter-mode 0 0; withdraw 110 109",
     UNKNOWN,
     NULL},
    {"the beginning of a hosted policy is not known, but that it ended is recorded",
     {{"a", E, "mx1", 30, NEVER, 90, 0, "+"}, {"b", T, "mx1", 10, 90, TODAY, 1, "+"}},
     {{"n1", "a", 85}},
     0,
     "b 90 110:",
     "a 90 120 115 0: n1 115",
     "stricter-mode 120 115; withdraw 120 115",
     30,
     NULL},
    {"a row that never changed may have been stored just now",
     {{"b", T, "mx1", 10, NEVER, TODAY, 1, "+"}},
     {{"n1", "b", 99}},
     0,
     "b 0 110: n1 99",
     "",
     "stricter-mode ~0 0; withdraw 110 109",
     5,
     NULL},
    {"what is configured is served instead of what is hosted",
     {{"a", E, "mx1", 30, 95, TODAY, 1, "+web2"}, B(90)},
     {{"n1", "a", 99}},
     0,
     "b 90 110:",
     "a@web2 100 130 129 0: n1 129",
     "stricter-mode ~130 ?; withdraw ~130 ?",
     0,
     NULL},
    {"the policy that is known to be served is the current one",
     {{"a", E, "mx1", 30, 10, 90, 0, "web"}, {"b", T, "mx1", 10, 90, TODAY, 1, "web"}},
     {{"n1", "a", 80}},
     0,
     "a 10 130: n1 80",
     "b@web 100 110 0 0:",
     "withdraw ~130 ?",
     0,
     "a"},
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
    const apr_int64_t max_age = APR_INT64_C(86400) * one->previous;
    const mta_sts_rollout_basis basis = {AT(TODAY), one->id, max_age < 0 ? NULL : &max_age};
    mta_sts_rollout *rollout;
    int i;

    for (i = 0; i < (int)COUNT(one->served) && one->served[i].id; i++) {
        const serving *with = &one->served[i];
        const int is_hosted = *with->host == '+';

        APR_ARRAY_PUSH(served, mta_sts_rollout_served) =
            (mta_sts_rollout_served){.id = with->id,
                                     .policy = policy_of(p, with),
                                     .host = with->host[is_hosted] ? with->host + is_hosted : NULL,
                                     .from = AT(with->from),
                                     .until = AT(with->until),
                                     .is_served = with->is_served,
                                     .is_hosted = is_hosted};
    }
    for (i = 0; i < (int)COUNT(one->fetches) && one->fetches[i].network; i++) {
        APR_ARRAY_PUSH(fetches, mta_sts_rollout_fetch) = (mta_sts_rollout_fetch){
            one->fetches[i].network, one->fetches[i].id, "Postfix", AT(one->fetches[i].last), 1};
    }
    rollout = mta_sts_rollout_make(p, served, &basis);
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
                            policy->is_served ? "@" : "", apr_array_pstrcat(p, policy->hosts, '+'),
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

        text = apr_psprintf(
            p, "%s%s%s%s%s %s%d %s", text, i ? "; " : "", mta_sts_rollout_action_name(date->action),
            date->mx ? " " : "", date->mx ? date->mx : "", date->is_certain ? "" : "~",
            day_of(date->recorded), date->has_log ? apr_itoa(p, day_of(date->by_log)) : "?");
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

/* In no example. */
static void the_log_never_gives_a_later_date_than_the_worst_case(void **state)
{
    size_t i;
    int j;

    for (i = 0; i < COUNT(examples); i++) {
        const mta_sts_rollout *rollout = make(*state, &examples[i]);
        mta_sts_rollout_date copies;

        for (j = 0; j < rollout->dates->nelts; j++) {
            const mta_sts_rollout_date *date =
                &APR_ARRAY_IDX(rollout->dates, j, mta_sts_rollout_date);

            assert_true(date->by_log <= date->recorded);
        }
        copies = mta_sts_rollout_copies(rollout);
        assert_true(mta_sts_rollout_expected(&copies) <= copies.recorded);
    }
}

/* Every text about copies, and whether they are outstanding. */
static void people_read_both_dates_and_what_is_not_known(void **state)
{
    static const struct {
        mta_sts_rollout_date date;
        int outstanding;
        const char *text;
    } rows[] = {
        {{.is_certain = 1, .has_log = 1}, 0, NULL},
        {{.has_unrecorded = 1, .since = AT(0), .has_log = 1},
         -1,
         "No recorded earlier policies are cached any longer. Policies served before 2024-10-04 "
         "00:00 UTC are not recorded."},
        {{.has_unrecorded = 1, .has_log = 1},
         -1,
         "No recorded earlier policies are cached any longer. It is not recorded when the first "
         "policy was served."},
        {{.recorded = AT(9), .is_certain = 1, .has_log = 1, .by_log = AT(7)},
         1,
         "Senders may use an earlier policy from their cache until 2024-10-11 00:00 UTC, according "
         "to the fetch log; in the worst case until 2024-10-13 00:00 UTC."},
        {{.recorded = AT(9), .is_certain = 1, .has_log = 1},
         1,
         "According to the fetch log, no sender uses an earlier policy from its cache any more; in "
         "the worst case, some may until 2024-10-13 00:00 UTC."},
        {{.recorded = AT(9), .is_certain = 1},
         1,
         "Senders may use an earlier policy from their cache until 2024-10-13 00:00 UTC, in the "
         "worst case; the fetch log is not complete enough to give an earlier date."},
        {{.recorded = AT(9), .is_served = 1},
         1,
         "Senders may use an earlier policy from their cache until 2024-10-13 00:00 UTC, in the "
         "worst case; the fetch log is not complete enough to give an earlier date. An earlier "
         "policy is still served, so this date keeps moving forward."},
    };
    size_t i;

    for (i = 0; i < COUNT(rows); i++) {
        mta_sts_rollout_date date = rows[i].date;
        const char *text;

        date.hosts = apr_array_make(*state, 1, sizeof(const char *));
        text = mta_sts_rollout_copies_text(*state, &date, 1);
        assert_string_equal(text ? text : "", rows[i].text ? rows[i].text : "");
        assert_int_equal(mta_sts_rollout_is_outstanding(&date), rows[i].outstanding);
    }
}

/* Host names come from other machines, and customers do not see them. */
static void a_machine_is_named_safely_and_only_to_those_who_may_know_it(void **state)
{
    mta_sts_rollout_date date = {.recorded = AT(9), .is_served = 1};

    date.hosts = apr_array_make(*state, 1, sizeof(const char *));
    APR_ARRAY_PUSH(date.hosts, const char *) = "web\x1b[2J";
    assert_non_null(strstr(mta_sts_rollout_copies_text(*state, &date, 1), "\"web\\x1b[2J\" still"));
    assert_null(strstr(mta_sts_rollout_copies_text(*state, &date, 0), "web"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(copies_and_dates_follow_from_what_was_served_and_fetched),
        POOL_TEST(the_log_never_gives_a_later_date_than_the_worst_case),
        POOL_TEST(people_read_both_dates_and_what_is_not_known),
        POOL_TEST(a_machine_is_named_safely_and_only_to_those_who_may_know_it),
    };

    return RUN_POOL_TESTS(tests);
}
