/* SPDX-License-Identifier: Apache-2.0 */
#include "core/database/fetches.h"

#include <string.h>

#include <apr_strings.h>

#include "core/database/fetch_room.h"

#define DAY (APR_INT64_C(24))

/* Finds a row, and counts the other rows of its kind (served, or not served) for the same domain
 * and hour. */
#define FIND                                                                                       \
    "SELECT count(CASE WHEN network <> '' AND (CASE WHEN outcome = 0 THEN 1 ELSE 0 END) = %d "     \
    "THEN 1 END), max(CASE WHEN network = %s AND "                                                 \
    "address = %s AND outcome = %d AND id = %s THEN 1 ELSE 0 END) FROM mta_sts_fetch "             \
    "WHERE domain = %s AND hour = %lld"
#define ADD                                                                                        \
    "INSERT INTO mta_sts_fetch (domain, hour, network, address, outcome, id, agent, requests, "    \
    "first_at, last_at) VALUES (%s, %lld, %s, %s, %d, %s, %s, %lld, %lld, %lld) "                  \
    "ON CONFLICT (domain, hour, network, address, outcome, id) DO UPDATE SET "                     \
    "requests = mta_sts_fetch.requests + excluded.requests, "                                      \
    "agent = CASE WHEN mta_sts_fetch.agent = excluded.agent THEN excluded.agent ELSE '' END, "     \
    "first_at = CASE WHEN excluded.first_at < mta_sts_fetch.first_at THEN excluded.first_at "      \
    "ELSE mta_sts_fetch.first_at END, "                                                            \
    "last_at = CASE WHEN excluded.last_at > mta_sts_fetch.last_at THEN excluded.last_at "          \
    "ELSE mta_sts_fetch.last_at END"
#define READ_DAY                                                                                   \
    "SELECT sum(entries), sum(CASE WHEN day = %lld THEN entries ELSE 0 END), "                     \
    "sum(CASE WHEN day = %lld THEN refused ELSE 0 END) FROM mta_sts_fetch_day"
#define ADD_DAY                                                                                    \
    "INSERT INTO mta_sts_fetch_day (day, entries, refused) VALUES (%lld, %lld, %lld) "             \
    "ON CONFLICT (day) DO UPDATE SET entries = mta_sts_fetch_day.entries + excluded.entries, "     \
    "refused = mta_sts_fetch_day.refused + excluded.refused"
#define ADD_LOSS                                                                                   \
    "INSERT INTO mta_sts_fetch_loss (host, hour, requests) VALUES (%s, %lld, %lld) "               \
    "ON CONFLICT (host, hour) DO UPDATE SET requests = mta_sts_fetch_loss.requests + "             \
    "excluded.requests"
#define NOTE                                                                                       \
    "INSERT INTO mta_sts_fetch_span (host, began, noted) VALUES (%s, %lld, %lld) "                 \
    "ON CONFLICT (host, began) DO UPDATE SET noted = excluded.noted"

/* --- names --- */

static const struct {
    const char *name, *text;
} outcomes[MTA_STS_FETCH_OUTCOMES] = {
#define FETCH(enumerator, name, text) [enumerator] = {name, text},
    MTA_STS_FETCH_OUTCOME_LIST(FETCH)
#undef FETCH
};

static int is_known(int outcome)
{
    return outcome >= 0 && outcome < MTA_STS_FETCH_OUTCOMES;
}

const char *mta_sts_fetch_outcome_name(int outcome)
{
    return is_known(outcome) ? outcomes[outcome].name : "unknown";
}

const char *mta_sts_fetch_outcome_text(int outcome)
{
    return is_known(outcome) ? outcomes[outcome].text : "got an unknown answer";
}

/* --- adding --- */

/* The rows of a day. */
typedef struct day_rows {
    apr_int64_t entries;
    apr_int64_t refused; /* how many of them are for requests that were not served */
} day_rows;

/* The state of adding. */
typedef struct adding {
    mta_sts_database *db;
    apr_int64_t day; /* whose rows are counted below; -1: none */
    day_rows before, added;
    apr_int64_t all; /* rows of all days */
    apr_int64_t rows_max;
} adding;

static apr_int64_t hour_of(apr_time_t time)
{
    return time / MTA_STS_FETCH_HOUR;
}

static int take_two(void *baton, const char *const *columns)
{
    apr_int64_t *numbers = baton;

    numbers[0] = mta_sts_database_number(columns[0]);
    numbers[1] = mta_sts_database_number(columns[1]);
    return 0;
}

static int take_day(void *baton, const char *const *columns)
{
    adding *a = baton;

    a->all = mta_sts_database_number(columns[0]);
    a->before.entries = mta_sts_database_number(columns[1]);
    a->before.refused = mta_sts_database_number(columns[2]);
    return 0;
}

static const char *end_day(adding *a)
{
    const day_rows added = a->added;

    a->added = (day_rows){0};
    return added.entries ? mta_sts_database_run(a->db, ADD_DAY, (long long)a->day,
                                                (long long)added.entries, (long long)added.refused)
                         : NULL;
}

/* Counts the rows of another day. */
static const char *begin_day(adding *a, apr_int64_t day)
{
    const char *error;

    if (day == a->day) {
        return NULL;
    }
    error = end_day(a);
    a->day = day;
    return error ? error
                 : mta_sts_database_rows(a->db, READ_DAY, take_day, a, (long long)day,
                                         (long long)day);
}

static int has_room(const adding *a, int is_served)
{
    const apr_int64_t max = mta_sts_fetch_room_of_day(a->rows_max, a->all - a->before.entries);

    return a->before.entries + a->added.entries < max &&
           (is_served || a->before.refused + a->added.refused < max / 2);
}

static void count_row(adding *a, int is_served)
{
    a->added.entries++;
    a->added.refused += !is_served;
}

static const char *add_row(const adding *a, const mta_sts_fetch *one)
{
    return mta_sts_database_run(a->db, ADD, one->domain, (long long)hour_of(one->first),
                                one->network, one->address, one->outcome, one->id, one->agent,
                                (long long)one->requests, (long long)one->first,
                                (long long)one->last);
}

static const char *add_one(adding *a, const mta_sts_fetch *one)
{
    const int is_served = one->outcome == MTA_STS_FETCH_SERVED;
    mta_sts_fetch row = *one;
    apr_int64_t found[2] = {0, 0};
    const char *error = begin_day(a, hour_of(one->first) / DAY);

    error = error ? error
                  : mta_sts_database_rows(a->db, FIND, take_two, found, is_served, one->network,
                                          one->address, one->outcome, one->id, one->domain,
                                          (long long)hour_of(one->first));
    if (error || found[1]) {
        return error ? error : add_row(a, one);
    }
    if (!has_room(a, is_served)) {
        row.domain = row.network = row.address = row.id = row.agent = "";
    }
    else if (found[0] >= (is_served ? MTA_STS_FETCH_NETWORKS_MAX : MTA_STS_FETCH_REFUSED_MAX)) {
        row.network = row.address = row.id = row.agent = "";
    }
    else {
        count_row(a, is_served);
    }
    return add_row(a, &row);
}

/* Requests that were lost over several hours are counted in each of them, because their
 * distribution is not known. */
static const char *add_loss(mta_sts_database *db, const mta_sts_fetches_machine *machine)
{
    apr_int64_t hour = hour_of(machine->lost_first), last = hour_of(machine->lost_last);
    const char *error = NULL;

    /* The two times may be from different child processes. */
    hour = last - hour > 366 * DAY || last < hour ? last : hour;
    for (; machine->lost && hour <= last && !error; hour++) {
        error = mta_sts_database_run(db, ADD_LOSS, machine->host, (long long)hour,
                                     (long long)machine->lost);
    }
    return error;
}

static const char *note(mta_sts_database *db, const mta_sts_fetches_machine *machine)
{
    return machine->noted ? mta_sts_database_run(db, NOTE, machine->host, (long long)machine->began,
                                                 (long long)machine->noted)
                          : NULL;
}

static const char *finish(mta_sts_database *db, const char *error, apr_pool_t *p)
{
    error = error ? error : mta_sts_database_commit(db);
    if (error) {
        error = apr_pstrdup(p, error);
        mta_sts_database_rollback(db);
    }
    return error;
}

const char *mta_sts_fetches_add(mta_sts_database *db, const mta_sts_fetches_machine *machine,
                                const apr_array_header_t *fetches, apr_pool_t *p)
{
    adding a = {.db = db, .day = -1, .rows_max = machine->rows_max};
    const char *error = mta_sts_database_begin(db);
    int i;

    if (error) {
        return error;
    }
    for (i = 0; i < fetches->nelts && !error; i++) {
        error = add_one(&a, &APR_ARRAY_IDX(fetches, i, mta_sts_fetch));
    }
    error = error ? error : end_day(&a);
    error = error ? error : add_loss(db, machine);
    error = error ? error : note(db, machine);
    return finish(db, error, p);
}

/* --- expiry --- */

#define COLUMNS "domain, hour, network, address, outcome, id"
#define READ_FULL                                                                                  \
    "SELECT domain, network, address, outcome, id, agent, requests, first_at, last_at "            \
    "FROM mta_sts_fetch WHERE address <> '' AND (hour < %lld OR hour > %lld) LIMIT %d"
#define DELETE_ONE                                                                                 \
    "DELETE FROM mta_sts_fetch WHERE domain = %s AND hour = %lld AND network = %s "                \
    "AND address = %s AND outcome = %d AND id = %s"
#define COUNT_OLD                                                                                  \
    "SELECT count(*), 0 FROM (SELECT 1 FROM mta_sts_fetch WHERE hour < %lld LIMIT %d) old"
#define DELETE_OLD                                                                                 \
    "DELETE FROM mta_sts_fetch WHERE (" COLUMNS ") IN "                                            \
    "(SELECT " COLUMNS " FROM mta_sts_fetch WHERE hour < %lld LIMIT %d)"
/* The recorded number of rows of a day is deleted once all its rows are: otherwise the log would
 * grow beyond its limit, or not use all of it. */
#define DELETE_DAYS "DELETE FROM mta_sts_fetch_day WHERE day < %lld"
#define DELETE_LOSSES "DELETE FROM mta_sts_fetch_loss WHERE hour < %lld"
#define DELETE_SPANS "DELETE FROM mta_sts_fetch_span WHERE noted < %lld AND host <> ''"

/* Adds a row with a full address to the row of its network, and deletes it. */
static const char *shorten(const adding *a, const mta_sts_fetch *one)
{
    mta_sts_fetch row = *one;
    const char *error =
        mta_sts_database_run(a->db, DELETE_ONE, one->domain, (long long)hour_of(one->first),
                             one->network, one->address, one->outcome, one->id);

    row.address = "";
    return error ? error : add_row(a, &row);
}

/* The recorded number of rows is not corrected: it is only a limit, and may be too high. */
static const char *shorten_addresses(mta_sts_database *db, const mta_sts_fetches_ages *ages,
                                     int max, apr_pool_t *p, int *count)
{
    apr_array_header_t *list = apr_array_make(p, 16, sizeof(mta_sts_fetch));
    const adding a = {.db = db};
    const char *error =
        mta_sts_database_rows(db, READ_FULL, mta_sts_fetch_take, list,
                              (long long)hour_of(ages->full), (long long)hour_of(ages->ahead), max);
    int i;

    for (i = 0; i < list->nelts && !error; i++) {
        error = shorten(&a, &APR_ARRAY_IDX(list, i, mta_sts_fetch));
    }
    *count = list->nelts;
    return error;
}

static const char *delete_old(mta_sts_database *db, apr_time_t keep, int max, apr_int64_t *count)
{
    const long long hour = (long long)hour_of(keep);
    apr_int64_t numbers[2] = {0, 0};
    const char *error = mta_sts_database_rows(db, COUNT_OLD, take_two, numbers, hour, max);

    *count = numbers[0];
    if (!error && *count) {
        error = mta_sts_database_run(db, DELETE_OLD, hour, max);
        error = error ? error : mta_sts_fetch_room_note_deleted(db, keep);
    }
    if (!error && *count < max) {
        error = mta_sts_database_run(db, DELETE_DAYS, (long long)(hour / DAY));
    }
    error = error ? error : mta_sts_database_run(db, DELETE_LOSSES, hour);
    return error ? error : mta_sts_database_run(db, DELETE_SPANS, (long long)keep);
}

const char *mta_sts_fetches_have_before(mta_sts_database *db, apr_time_t keep, int *found)
{
    apr_int64_t numbers[2] = {0, 0};
    const char *error =
        mta_sts_database_rows(db, COUNT_OLD, take_two, numbers, (long long)hour_of(keep), 1);

    *found = numbers[0] > 0;
    return error;
}

const char *mta_sts_fetches_expire(mta_sts_database *db, const mta_sts_fetches_ages *ages, int max,
                                   apr_pool_t *p, int *more)
{
    const char *error = mta_sts_database_begin(db);
    apr_int64_t deleted = 0;
    int shortened = 0;

    *more = 0;
    if (error) {
        return error;
    }
    error = shorten_addresses(db, ages, max, p, &shortened);
    error = error ? error : delete_old(db, ages->keep, max, &deleted);
    *more = shortened == max || deleted == max;
    return finish(db, error, p);
}
