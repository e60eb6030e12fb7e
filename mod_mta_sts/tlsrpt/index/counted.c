/* SPDX-License-Identifier: Apache-2.0 */
/* Which of several reports of one identity counts. */
#include "tlsrpt/index/internal.h"

#include <string.h>

#include <apr_strings.h>

#define ROW_COLUMNS "SELECT id, verified, received, state, digest, identity FROM tlsrpt_report"

static int take_row(void *baton, const char *const *columns)
{
    tlsrpt_counted_row *found = baton;

    found->id = (long long)mta_sts_database_number(columns[0]);
    found->verified = (long long)mta_sts_database_number(columns[1]);
    found->received = (long long)mta_sts_database_number(columns[2]);
    found->state = (long long)mta_sts_database_number(columns[3]);
    found->digest = mta_sts_database_text(found->p, columns[4]);
    found->identity = mta_sts_database_text(found->p, columns[5]);
    return 0;
}

/* Finds the first report of a variant. found->id: 0 if there is none. */
static const char *find_best(tlsrpt_batch *batch, const char *identity, tlsrpt_counted_row *found)
{
    memset(found, 0, sizeof(*found));
    found->p = batch->ptemp;
    return mta_sts_database_rows(batch->db,
                                 ROW_COLUMNS " WHERE identity = %s"
                                             " ORDER BY verified DESC, received, id LIMIT 1",
                                 take_row, found, identity);
}

static const char verified_from[] = {TLSRPT_VARIANT_VERIFIED, '\0'};

/* Any report of an identity. found->id: 0 if there is none.
 *
 * @param from verified_from: only a verified one; "": any one
 */
static const char *find_other(tlsrpt_batch *batch, const char *key, const char *from,
                              tlsrpt_counted_row *found)
{
    apr_pool_t *p = batch->ptemp;

    memset(found, 0, sizeof(*found));
    found->p = p;
    return mta_sts_database_rows(batch->db,
                                 ROW_COLUMNS " WHERE identity >= %s AND identity < %s"
                                             " ORDER BY identity, verified DESC, received, id"
                                             " LIMIT 1",
                                 take_row, found, tlsrpt_variants_from(p, key, from),
                                 tlsrpt_variants_before(p, key));
}

/* Finds another row for the same bytes, from the spool of another host. */
static const char *find_twin(tlsrpt_batch *batch, const char *digest, long long id, int state,
                             tlsrpt_counted_row *found)
{
    memset(found, 0, sizeof(*found));
    found->p = batch->ptemp;
    return mta_sts_database_rows(
        batch->db, ROW_COLUMNS " WHERE digest = %s AND id <> %lld AND state = %d LIMIT 1", take_row,
        found, digest, id, state);
}

static int is_better(const tlsrpt_counted_row *a, const tlsrpt_counted_row *b)
{
    return a->verified != b->verified ? a->verified > b->verified : a->received < b->received;
}

static const char *set_state(tlsrpt_batch *batch, long long id, tlsrpt_index_state state)
{
    return mta_sts_database_run(batch->db, "UPDATE tlsrpt_report SET state = %d WHERE id = %lld",
                                (int)state, id);
}

const char *tlsrpt_counted_change(tlsrpt_batch *batch, long long id, int is_more)
{
    tlsrpt_facts facts;
    const char *error = tlsrpt_facts_load(batch, id, &facts);

    if (!error) {
        (is_more ? tlsrpt_delta_add : tlsrpt_delta_subtract)(batch, &facts);
    }
    return error;
}

/* --- a new report --- */

/* Determines the state of a row that does not count. Another row may represent the same bytes, even
 * one that counts because it is verified. */
static const char *find_further_state(tlsrpt_batch *batch, const tlsrpt_counted_row *row,
                                      tlsrpt_index_state *state)
{
    tlsrpt_counted_row twin;
    const char *error = find_twin(batch, row->digest, row->id, TLSRPT_STATE_CONFLICT, &twin);

    if (!error && !twin.id) {
        error = find_twin(batch, row->digest, row->id, TLSRPT_STATE_COUNTS, &twin);
    }
    *state = !error && twin.id ? TLSRPT_STATE_DUPLICATE : TLSRPT_STATE_CONFLICT;
    return error;
}

static const char *set_further_state(tlsrpt_batch *batch, tlsrpt_counted_row *added)
{
    tlsrpt_index_state state;
    const char *error = find_further_state(batch, added, &state);

    added->state = state;
    return error;
}

/* Makes a report that has counted cease to count, because a better one was added. */
static const char *demote(tlsrpt_batch *batch, const tlsrpt_counted_row *added,
                          const tlsrpt_counted_row *best)
{
    tlsrpt_index_state state = TLSRPT_STATE_DUPLICATE;
    const char *error = tlsrpt_counted_change(batch, best->id, 0);

    if (!error && strcmp(best->digest, added->digest) != 0) {
        error = find_further_state(batch, best, &state);
    }
    if (!error) {
        error = set_state(batch, best->id, state);
    }
    return error ? error : tlsrpt_variants_represent(batch, added->digest);
}

/* Sets the state of an unverified report whose identity has a verified one. */
static const char *set_replaced_state(tlsrpt_batch *batch, tlsrpt_counted_row *added,
                                      const tlsrpt_counted_row *verified, int *is_conflict)
{
    *is_conflict = strcmp(verified->digest, added->digest) != 0;
    return set_further_state(batch, added);
}

/* Sets the state of a further report of the same variant. */
static const char *set_repeated_state(tlsrpt_batch *batch, tlsrpt_counted_row *added,
                                      const tlsrpt_counted_row *best, int *is_conflict)
{
    *is_conflict = strcmp(best->digest, added->digest) != 0;
    return is_better(added, best) ? demote(batch, added, best) : set_further_state(batch, added);
}

const char *tlsrpt_counted_judge(tlsrpt_batch *batch, tlsrpt_counted_row *added, int *is_conflict,
                                 int *replaces)
{
    tlsrpt_counted_row best, verified = {0}, other = {0};
    const char *error = find_best(batch, added->identity, &best);

    added->state = TLSRPT_STATE_COUNTS;
    *is_conflict = *replaces = 0;
    if (!error && !added->verified) {
        error = find_other(batch, added->identity, verified_from, &verified);
    }
    if (!error && verified.id) {
        return set_replaced_state(batch, added, &verified, is_conflict);
    }
    if (!error && best.id) {
        return set_repeated_state(batch, added, &best, is_conflict);
    }
    if (!error) {
        error = find_other(batch, added->identity, "", &other);
    }
    if (!error && other.id && added->verified) {
        error = find_other(batch, added->identity, verified_from, &verified);
    }
    *is_conflict = other.id && strcmp(other.digest, added->digest) != 0;
    *replaces = other.id && added->verified && !verified.id;
    return error || !verified.id ? error : tlsrpt_variants_represent(batch, added->digest);
}

/* --- a removed report --- */

const char *tlsrpt_counted_find(tlsrpt_batch *batch, long long id, tlsrpt_counted_row *found)
{
    memset(found, 0, sizeof(*found));
    found->p = batch->ptemp;
    return mta_sts_database_rows(batch->db, ROW_COLUMNS " WHERE id = %lld", take_row, found, id);
}

/* Chooses another row for the bytes that a removed row represented. */
static const char *promote_twin(tlsrpt_batch *batch, const tlsrpt_counted_row *removed)
{
    tlsrpt_counted_row twin;
    const char *error =
        find_twin(batch, removed->digest, removed->id, TLSRPT_STATE_DUPLICATE, &twin);

    return error || !twin.id ? error : set_state(batch, twin.id, TLSRPT_STATE_CONFLICT);
}

/* After the last report of a verified variant was removed: if there is no other verified one, the
 * unverified ones count. */
static const char *promote_unverified(tlsrpt_batch *batch, const tlsrpt_counted_row *removed)
{
    tlsrpt_counted_row verified, twin = {0};
    const char *error = find_other(batch, removed->identity, verified_from, &verified);

    if (!error && !verified.id) {
        error = tlsrpt_variants_show(batch, removed->identity);
    }
    if (!error) {
        error = find_twin(batch, removed->digest, removed->id, TLSRPT_STATE_COUNTS, &twin);
    }
    return error || twin.id ? error : promote_twin(batch, removed);
}

/* Makes the best of the remaining reports of the variant count; if no verified one remains, the
 * unverified ones. */
static const char *promote(tlsrpt_batch *batch, const tlsrpt_counted_row *removed)
{
    tlsrpt_counted_row best, twin;
    const char *error = find_best(batch, removed->identity, &best);

    if (error || !best.id) {
        return error || !removed->verified ? error : promote_unverified(batch, removed);
    }
    error = set_state(batch, best.id, TLSRPT_STATE_COUNTS);
    if (!error) {
        error = tlsrpt_counted_change(batch, best.id, 1);
    }
    if (!error) {
        error = find_twin(batch, best.digest, best.id, TLSRPT_STATE_CONFLICT, &twin);
    }
    if (!error && twin.id) {
        error = set_state(batch, twin.id, TLSRPT_STATE_DUPLICATE);
    }
    return error || strcmp(best.digest, removed->digest) == 0 ? error
                                                              : promote_twin(batch, removed);
}

const char *tlsrpt_counted_removed(tlsrpt_batch *batch, const tlsrpt_counted_row *removed)
{
    switch (removed->state) {
    case TLSRPT_STATE_COUNTS:
        return promote(batch, removed);
    case TLSRPT_STATE_CONFLICT:
        return promote_twin(batch, removed);
    default:
        return NULL;
    }
}
