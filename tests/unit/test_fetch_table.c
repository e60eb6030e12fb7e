/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_strings.h>

#include "httpd/shared/counters.h"
#include "httpd/shared/fetch_path.h"
#include "httpd/shared/memory.h"

#define T0 (APR_INT64_C(497500) * MTA_STS_FETCH_HOUR)
#define SECOND apr_time_from_sec(1)

static int memory_is_shared;
static void *blocks[2];
static apr_size_t table_size;

void *mts_memory_make(server_rec *main, const char *name, apr_size_t size)
{
    void **block = blocks + (strcmp(name, "fetches") == 0);

    (void)main;
    table_size = size; /* the table is the last one */
    if (!*block) {
        *block = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    }
    return memset(*block, 0, size);
}

/* Overwrites the end of a text in the table. */
static void damage(const char *text, const char *with)
{
    char *found = memmem(blocks[1], table_size, text, strlen(text));

    assert_non_null(found);
    memcpy(found + strlen(text) - strlen(with), with, strlen(with));
}

int mts_memory_is_shared(void)
{
    return memory_is_shared;
}

static void begin(void)
{
    memory_is_shared = 1;
    mts_counters_make(NULL);
    mts_fetch_table_make(NULL, 1);
}

/* A request of a client, whose address is made the way httpd does. */
static void note(apr_pool_t *p, const char *domain, const char *address, const char *agent,
                 apr_time_t now)
{
    static const char id[MTS_FETCH_ID_BYTES] = "0123456789abcdef0123";
    mts_fetch_position position;
    apr_sockaddr_t *client = NULL;
    mts_fetch_key key = {.domain = domain, .len = strlen(domain), .now = now};

    if (address) {
        assert_int_equal(apr_sockaddr_info_get(&client, address, APR_UNSPEC, 0, 0, p), 0);
    }
    key.client = client;
    if (!mts_fetch_table_count(&key, &position)) {
        mts_fetch_table_insert(&key, &position, id, agent ? agent : "");
    }
}

static void note_outcome(apr_pool_t *p, const char *domain, mta_sts_fetch_outcome outcome)
{
    static const char none[MTS_FETCH_ID_BYTES] = "";
    const mts_fetch_key key = {
        .domain = domain, .len = strlen(domain), .outcome = outcome, .now = T0};
    mts_fetch_position position;

    if (!mts_fetch_table_count(&key, &position)) {
        mts_fetch_table_insert(&key, &position, none, apr_pstrdup(p, ""));
    }
}

static apr_array_header_t *read_all(apr_pool_t *p)
{
    apr_size_t at = 0;
    apr_array_header_t *list = mts_fetch_table_read(&at, MTS_FETCH_SLOTS, p);

    assert_int_equal(at, MTS_FETCH_SLOTS);
    return list;
}

static apr_int64_t take(apr_pool_t *p)
{
    const apr_array_header_t *list = read_all(p);
    apr_int64_t sum = 0;
    int i;

    for (i = 0; i < list->nelts; i++) {
        sum += APR_ARRAY_IDX(list, i, mts_fetch_taken).fetch.requests;
    }
    mts_fetch_table_remove(list);
    return sum;
}

static const mta_sts_fetch *only(const apr_array_header_t *list)
{
    assert_int_equal(list->nelts, 1);
    return &APR_ARRAY_IDX(list, 0, mts_fetch_taken).fetch;
}

static void requests_of_one_network_in_one_hour_are_one_entry(void **state)
{
    const mta_sts_fetch *fetch;

    begin();
    note(*state, "example.com", "192.0.2.1", "Postfix/3", T0 + SECOND);
    note(*state, "example.com", "192.0.2.200", "Postfix/4", T0 + 9 * SECOND);
    fetch = only(read_all(*state));
    assert_string_equal(fetch->domain, "example.com");
    assert_string_equal(fetch->network, "192.0.2.0/24");
    assert_string_equal(fetch->address, "");
    assert_string_equal(fetch->agent, "Postfix");
    assert_string_equal(fetch->id, "0123456789abcdef0123");
    assert_int_equal(fetch->requests, 2);
    assert_int_equal(fetch->first, T0 + SECOND);
    assert_int_equal(fetch->last, T0 + 9 * SECOND);
}

static void what_differs_is_another_entry(void **state)
{
    begin();
    note(*state, "example.com", "192.0.2.1", NULL, T0);
    note(*state, "example.net", "192.0.2.1", NULL, T0);
    note(*state, "example.com", "192.0.3.1", NULL, T0);
    note(*state, "example.com", "2001:db8::1", NULL, T0);
    note(*state, "example.com", "192.0.2.1", NULL, T0 + MTA_STS_FETCH_HOUR);
    note(*state, "example.com", NULL, NULL, T0);
    assert_int_equal(read_all(*state)->nelts, 6);
}

static void only_a_clean_first_word_of_an_agent_is_stored(void **state)
{
    static const struct {
        const char *sent, *stored;
    } agents[] = {
        {NULL, ""},
        {"", ""},
        {"Postfix/3.10", "Postfix"},
        {"Google-SMTP-STS", "Google-SMTP-STS"},
        {"Mozilla/5.0 (X11)", "Mozilla"},
        {"a\033[31mb", ""},
        {"<script>", ""},
        {"a<script>", ""},
        {"\303\244b c", ""},
        {"abcdefghijklmnopqrstuvwxyz0123456789ABCDEF", "abcdefghijklmnopqrstuvwxyz012345"},
        {"a", "a"},
        {"a/7", "a"},
        {"1234567", "1234567"},
        {"12345678", "12345678"},
        {"123456789012345", "123456789012345"},
        {"1234567890123456", "1234567890123456"},
        {"12345678901234567890123456789012", "12345678901234567890123456789012"},
        {"1234567890123456789012345678901\377", ""},
    };
    apr_size_t i;

    for (i = 0; i < sizeof(agents) / sizeof(agents[0]); i++) {
        begin();
        note(*state, "example.com", "192.0.2.1", agents[i].sent, T0);
        assert_string_equal(only(read_all(*state))->agent, agents[i].stored);
    }
}

/* What is in the table as it was sent does not count as damage: it is removed when it is read. */
static void an_agent_that_is_not_clean_costs_no_request(void **state)
{
    begin();
    note(*state, "example.com", "192.0.2.1", "Damaged-Agent", T0);
    damage("Damaged-Agent", "\377");
    assert_string_equal(only(read_all(*state))->agent, "");
    assert_int_equal(mts_fetch_table_read_losses().requests, 0);
}

/* Each length of a domain is hashed and copied in its own way, in words of 8 and 16 bytes. */
static void domains_that_differ_in_one_character_are_apart(void **state)
{
    static const int lengths[] = {1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 48, 49, 252, 253};
    char name[254];
    apr_size_t i;
    int at, k;

    for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        begin();
        memset(name, 'a', sizeof(name));
        name[lengths[i]] = '\0';
        note(*state, name, "192.0.2.1", NULL, T0);
        for (at = 0; at < lengths[i]; at++) {
            name[at] = 'b';
            for (k = 0; k < 2; k++) {
                note(*state, name, "192.0.2.1", NULL, T0);
            }
            name[at] = 'a';
        }
        assert_int_equal(read_all(*state)->nelts, lengths[i] + 1);
        assert_int_equal(take(*state), 2 * lengths[i] + 1);
        assert_int_equal(mts_fetch_table_lost(), 0);
    }
}

/* A slot that is freed before that of the key: the watchdog adds the two up. */
static void a_request_after_a_freed_slot_may_be_in_a_second_one(void **state)
{
    apr_array_header_t *one;
    apr_size_t at = 0;
    apr_int64_t sum = 0;
    int i;

    begin();
    for (i = 0; i < 3000; i++) {
        note(*state, apr_psprintf(*state, "d%d.example", i), "192.0.2.1", NULL, T0);
    }
    one = mts_fetch_table_read(&at, 1000, *state);
    mts_fetch_table_remove(one);
    sum = one->nelts;
    for (i = 0; i < 3000; i++) {
        note(*state, apr_psprintf(*state, "d%d.example", i), "192.0.2.1", NULL, T0);
    }
    sum += take(*state);
    assert_int_equal(sum + mts_fetch_table_lost(), 6000);
}

static void what_is_counted_after_reading_remains(void **state)
{
    const apr_array_header_t *taken;

    begin();
    note(*state, "example.com", "192.0.2.1", NULL, T0);
    note(*state, "example.com", "192.0.2.1", NULL, T0);
    taken = read_all(*state);
    note(*state, "example.com", "192.0.2.1", NULL, T0 + SECOND);
    mts_fetch_table_remove(taken);
    assert_int_equal(only(read_all(*state))->requests, 1);
    mts_fetch_table_remove(taken); /* by another watchdog, too late */
    assert_int_equal(only(read_all(*state))->requests, 1);
    mts_fetch_table_remove(read_all(*state));
    assert_int_equal(read_all(*state)->nelts, 0);
}

static void fill_with(apr_pool_t *p, int count, apr_time_t begin_at)
{
    int i;

    for (i = 0; i < count; i++) {
        note(p, apr_psprintf(p, "d%d.example", i), "192.0.2.1", NULL, begin_at + i);
    }
}

static void what_finds_no_room_is_counted_as_lost(void **state)
{
    mts_fetch_losses losses;
    int kept;

    begin();
    fill_with(*state, 2 * MTS_FETCH_SLOTS, T0);
    assert_true(mts_fetch_table_is_filling());
    kept = read_all(*state)->nelts;
    assert_int_in_range(kept, MTS_FETCH_SLOTS / 4 * 3, MTS_FETCH_SLOTS);
    losses = mts_fetch_table_read_losses();
    assert_int_equal(losses.requests + kept, 2 * MTS_FETCH_SLOTS);
    assert_int_in_range(losses.first, T0, losses.last);
    assert_int_equal(mts_fetch_table_lost(), losses.requests);
    mts_fetch_table_remove(read_all(*state));
    assert_false(mts_fetch_table_is_filling());
}

/* Anybody can have a TLS handshake fail, with any number of names. */
static void what_was_not_served_leaves_half_of_the_slots_to_what_was(void **state)
{
    mts_fetch_losses losses;
    int i, found = 0;
    apr_array_header_t *all;

    begin();
    for (i = 0; i < 4 * MTS_FETCH_SLOTS; i++) {
        note_outcome(*state, apr_psprintf(*state, "d%d.example", i), MTA_STS_FETCH_TLS_GAVE_UP);
    }
    losses = mts_fetch_table_read_losses();
    assert_in_range(losses.requests, 3 * MTS_FETCH_SLOTS, 4 * MTS_FETCH_SLOTS);
    for (i = 0; i < 1000; i++) {
        note_outcome(*state, apr_psprintf(*state, "served%d.example", i), MTA_STS_FETCH_SERVED);
    }
    all = read_all(*state);
    for (i = 0; i < all->nelts; i++) {
        found += APR_ARRAY_IDX(all, i, mts_fetch_taken).fetch.outcome == MTA_STS_FETCH_SERVED;
    }
    assert_in_range(found, 990, 1000);
}

/* The watchdog may be killed before they are in the database. */
static void losses_remain_until_they_are_removed(void **state)
{
    mts_fetch_losses losses, again, rest;

    begin();
    fill_with(*state, 2 * MTS_FETCH_SLOTS, T0);
    losses = mts_fetch_table_read_losses();
    again = mts_fetch_table_read_losses();
    assert_int_equal(again.requests, losses.requests);
    assert_int_equal(again.first, losses.first);
    note(*state, "one-more.example", "192.0.2.1", NULL, T0 + SECOND);
    fill_with(*state, 2 * MTS_FETCH_SLOTS, T0 + MTA_STS_FETCH_HOUR);
    rest = mts_fetch_table_read_losses();
    mts_fetch_table_remove_losses(&losses);
    mts_fetch_table_remove_losses(&again); /* by another watchdog, too late */
    again = mts_fetch_table_read_losses();
    assert_int_equal(again.requests, rest.requests - losses.requests);
    mts_fetch_table_remove_losses(&again);
    assert_int_equal(mts_fetch_table_read_losses().requests, 0);
    assert_int_equal(mts_fetch_table_lost(), rest.all);
}

/* PostgreSQL refuses what is not UTF-8, and with it all others of the transaction. */
static void a_damaged_slot_counts_as_lost_and_spares_the_others(void **state)
{
    static const struct {
        const char *text, *damage;
    } cases[] = {
        {"damaged.example", "\377"},
        {"damaged.example", "\303\050"},
        {"damaged.example", "\033[31m"},
        {"0123456789abcdef0123", "\3770123"},
    };
    mts_fetch_losses losses;
    apr_size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        begin();
        note(*state, "damaged.example", "192.0.2.1", "Damaged-Agent", T0);
        note(*state, "damaged.example", "192.0.2.1", "Damaged-Agent", T0);
        damage(cases[i].text, cases[i].damage);
        note(*state, "example.com", "192.0.2.1", NULL, T0);
        assert_string_equal(only(read_all(*state))->domain, "example.com");
        losses = mts_fetch_table_read_losses();
        assert_int_equal(losses.requests, 2);
        assert_int_in_range(losses.first, T0, losses.last);
        assert_int_equal(read_all(*state)->nelts, 1);
    }
}

/* --- several processes --- */

#define CHILDREN 4
#define ROUNDS 20000

static void count_forever(apr_pool_t *p)
{
    int i;

    for (i = 0;; i++) {
        note(p, i % 2 ? "example.com" : "example.net", "192.0.2.1", NULL, T0 + i);
        if (i % 1000 == 0) {
            apr_pool_clear(p);
        }
    }
}

/* Children that are killed at any moment leave a table that others can use. */
static void killed_children_hang_nobody(void **state)
{
    apr_array_header_t *taken;
    int i, round;

    begin();
    for (round = 0; round < 20; round++) {
        pid_t children[CHILDREN];

        for (i = 0; i < CHILDREN; i++) {
            children[i] = fork();
            if (children[i] == 0) {
                count_forever(*state);
            }
        }
        usleep(2000);
        for (i = 0; i < CHILDREN; i++) {
            kill(children[i], SIGKILL);
            assert_int_equal(waitpid(children[i], NULL, 0), children[i]);
        }
        taken = read_all(*state);
        mts_fetch_table_remove(taken);
    }
    note(*state, "example.org", "192.0.2.1", NULL, T0);
    assert_string_equal(only(read_all(*state))->domain, "example.org");
}

static void *count_all(void *baton)
{
    apr_pool_t *p;
    int i;

    (void)baton;
    apr_pool_create(&p, NULL);
    for (i = 0; i < ROUNDS; i++) {
        note(p, i % 2 ? "example.com" : "example.net", "192.0.2.1", NULL, T0);
    }
    apr_pool_destroy(p);
    return NULL;
}

static void no_request_is_missing_or_counted_twice_while_the_watchdog_takes_them(void **state)
{
    pthread_t threads[CHILDREN];
    apr_int64_t sum = 0;
    int i;

    begin();
    for (i = 0; i < CHILDREN; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, count_all, NULL), 0);
    }
    for (i = 0; i < 200; i++) {
        sum += take(*state);
        usleep(100);
    }
    for (i = 0; i < CHILDREN; i++) {
        pthread_join(threads[i], NULL);
    }
    sum += take(*state);
    assert_int_equal(sum + mts_fetch_table_read_losses().requests, CHILDREN * ROUNDS);
}

static void without_shared_memory_there_is_no_table(void **state)
{
    (void)state;
    begin();
    assert_true(mts_fetch_table_exists());
    assert_true(mts_fetch_table_since() > 0);
    memory_is_shared = 0;
    mts_fetch_table_make(NULL, 1);
    assert_false(mts_fetch_table_exists());
    assert_int_equal(mts_fetch_table_since(), 0);
}

static void switched_off_there_is_no_table_and_it_begins_anew(void **state)
{
    (void)state;
    begin();
    mts_fetch_table_make(NULL, 0);
    assert_false(mts_fetch_table_exists());
    assert_int_equal(mts_fetch_table_since(), 0);
    mts_fetch_table_make(NULL, 1);
    assert_true(mts_fetch_table_since() > 0);
}

/* A machine without a hardware clock begins in 1970. */
static void the_beginning_of_the_record_is_corrected_once_the_clock_is_set(void **state)
{
    apr_time_t since, off = apr_time_now() - apr_time_from_sec(86400);

    (void)state;
    begin();
    since = mts_fetch_table_since();
    assert_true(since <= apr_time_now() && since > apr_time_now() - apr_time_from_sec(60));
    assert_int_equal(mts_fetch_table_since(), since);
    mts_counters_shared->fetches_since -= off;
    assert_true(mts_fetch_table_since() > apr_time_now() - apr_time_from_sec(60));
    assert_true(mts_fetch_table_since() <= apr_time_now());
    mts_counters_shared->fetches_since += off; /* it was ahead */
    assert_true(mts_fetch_table_since() <= apr_time_now());
    mts_fetch_table_make(NULL, 0);
    assert_int_equal(mts_fetch_table_since(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(requests_of_one_network_in_one_hour_are_one_entry),
        POOL_TEST(what_differs_is_another_entry),
        POOL_TEST(only_a_clean_first_word_of_an_agent_is_stored),
        POOL_TEST(an_agent_that_is_not_clean_costs_no_request),
        POOL_TEST(domains_that_differ_in_one_character_are_apart),
        POOL_TEST(a_request_after_a_freed_slot_may_be_in_a_second_one),
        POOL_TEST(what_is_counted_after_reading_remains),
        POOL_TEST(what_finds_no_room_is_counted_as_lost),
        POOL_TEST(what_was_not_served_leaves_half_of_the_slots_to_what_was),
        POOL_TEST(losses_remain_until_they_are_removed),
        POOL_TEST(a_damaged_slot_counts_as_lost_and_spares_the_others),
        POOL_TEST(killed_children_hang_nobody),
        POOL_TEST(no_request_is_missing_or_counted_twice_while_the_watchdog_takes_them),
        POOL_TEST(without_shared_memory_there_is_no_table),
        POOL_TEST(switched_off_there_is_no_table_and_it_begins_anew),
        POOL_TEST(the_beginning_of_the_record_is_corrected_once_the_clock_is_set),
    };

    return RUN_POOL_TESTS(tests);
}
