/* SPDX-License-Identifier: Apache-2.0 */
#include "core/hosting/pairs.h"

#include <stdlib.h>
#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "core/hosting/pair_names.h"

#define NAME_MAX_LEN 253 /* RFC 1035, without the final dot */

/* A slot with the members that only this file needs. */
typedef struct slot {
    mta_sts_pairs_slot open;
    mta_sts_pair_stamp stamp;
    int is_settled; /* whether an unchanged stamp means unchanged files */
    int round;      /* in which its files were last checked */
    struct slot *next_unused;
} slot;

struct mta_sts_pairs {
    apr_pool_t *slot_pool;
    slot *unused_slots;
    apr_hash_t *slots; /* certificate file -> slot */
    int round;
    /* since mta_sts_pairs_begin */
    mta_sts_pair_names *names;
    mta_sts_pair_reader *reader;
};

mta_sts_pairs *mta_sts_pairs_make(apr_pool_t *p)
{
    mta_sts_pairs *pairs = apr_pcalloc(p, sizeof(*pairs));

    pairs->slot_pool = p;
    pairs->slots = apr_hash_make(p);
    return pairs;
}

void mta_sts_pairs_next_round(mta_sts_pairs *pairs)
{
    pairs->round++;
}

void mta_sts_pairs_begin(mta_sts_pairs *pairs, apr_pool_t *p)
{
    apr_hash_index_t *at;

    pairs->names = mta_sts_pair_names_make(p);
    pairs->reader = mta_sts_pair_reader_make(p);
    mta_sts_pairs_next_round(pairs);
    for (at = apr_hash_first(NULL, pairs->slots); at; at = apr_hash_next(at)) {
        slot *s = apr_hash_this_val(at);

        s->open.users = 0;
        s->open.is_waiting = 0;
        s->is_settled = s->is_settled && !s->open.error; /* httpd may have been the reason */
    }
}

/* --- slots --- */

/* Slots are allocated next to each other, apart from what they point to: they are written to in
 * each round, and each page that is written to is copied, because child processes share it
 * (copy-on-write). */
static slot *take_slot(mta_sts_pairs *pairs)
{
    slot *taken = pairs->unused_slots;

    if (!taken) {
        return apr_pcalloc(pairs->slot_pool, sizeof(*taken));
    }
    pairs->unused_slots = taken->next_unused;
    memset(taken, 0, sizeof(*taken));
    return taken;
}

static slot *slot_of(mta_sts_pairs *pairs, const mta_sts_pair_files *files)
{
    slot *s = apr_hash_get(pairs->slots, files->certificate, APR_HASH_KEY_STRING);
    apr_size_t certificate = strlen(files->certificate) + 1, key = strlen(files->key) + 1;
    char *paths;

    if (s) {
        return s;
    }
    s = take_slot(pairs);
    paths = malloc(certificate + key);
    s->open.files.certificate = memcpy(paths, files->certificate, certificate);
    s->open.files.key = memcpy(paths + certificate, files->key, key);
    apr_hash_set(pairs->slots, s->open.files.certificate, APR_HASH_KEY_STRING, s);
    return s;
}

static void set_error(slot *s, const char *error)
{
    free((char *)s->open.error);
    s->open.error = error ? strdup(error) : NULL;
}

/* Adds a user; returns whether that is new. */
static int add_users(mta_sts_pairs *pairs, slot *s, mta_sts_pairs_users users)
{
    mta_sts_pairs_users before = s->open.users;

    if (!before) {
        mta_sts_pair_names_add(pairs->names, &s->open);
    }
    s->open.users |= users;
    return s->open.users != before;
}

/* Takes ownership of the pair. Returns whether it differs from the previous one. */
static int set_pair(mta_sts_pairs *pairs, slot *s, mta_sts_pair *pair)
{
    if (s->open.pair && mta_sts_pair_is_same(s->open.pair, pair)) {
        mta_sts_pair_free(pair);
        return 0;
    }
    if (s->open.users) {
        mta_sts_pair_names_remove(pairs->names, &s->open);
    }
    mta_sts_pair_free(s->open.pair);
    s->open.pair = pair;
    if (s->open.users) {
        mta_sts_pair_names_add(pairs->names, &s->open);
    }
    return 1;
}

/* --- scans --- */

static mta_sts_pair *read_pair(mta_sts_pairs *pairs, const mta_sts_pairs_scan *scan, slot *s,
                               mta_sts_pair_text *text, apr_pool_t *p)
{
    const char *error;
    mta_sts_pair *pair = NULL;

    if (mta_sts_pair_files_read(&s->open.files, p, text, &error) == 0) {
        pair = mta_sts_pair_read(pairs->reader, text, p, &error);
    }
    if (pair && scan->check) {
        error = scan->check(scan->baton, s->open.users | scan->user, pair);
        if (error) {
            mta_sts_pair_free(pair);
            pair = NULL;
        }
    }
    /* The files may be in the middle of a renewal, which writes one file after the other. */
    if (!error || s->is_settled || !s->open.pair) {
        set_error(s, error);
    }
    return pair;
}

/* The state of a slot's files according to stat(). */
typedef struct state {
    mta_sts_pair_stamp stamp;
    int is_settled;
} state;

/* Reads the files if they have changed. Returns whether there is a new pair; text: out: its
 * text. */
static int update(mta_sts_pairs *pairs, const mta_sts_pairs_scan *scan, slot *s, const state *now,
                  mta_sts_pair_text *text, apr_pool_t *p)
{
    mta_sts_pair *pair;

    if (s->is_settled && memcmp(&now->stamp, &s->stamp, sizeof(s->stamp)) == 0) {
        return 0;
    }
    s->stamp = now->stamp;
    s->is_settled = now->is_settled;
    pair = read_pair(pairs, scan, s, text, p);
    return pair && set_pair(pairs, s, pair);
}

/* If the certificate file has disappeared, the slot is unchanged. */
static void scan_files(mta_sts_pairs *pairs, const mta_sts_pairs_scan *scan,
                       const mta_sts_pair_files *files, apr_pool_t *p)
{
    mta_sts_pair_text text = {NULL, 0, NULL, 0};
    int has_pair = 0, has_user;
    state now;
    slot *s;

    now.is_settled = !mta_sts_pair_files_stamp(files, scan->now, &now.stamp);
    if (!mta_sts_pair_stamp_has_certificate(&now.stamp)) {
        return;
    }
    s = slot_of(pairs, files);
    if (s->round != pairs->round) {
        s->round = pairs->round;
        has_pair = update(pairs, scan, s, &now, &text, p);
    }
    has_user = add_users(pairs, s, scan->user);
    if (scan->changed && s->open.pair && (has_pair || has_user)) {
        scan->changed(scan->baton, &s->open, has_pair ? &text : NULL);
    }
    mta_sts_pair_text_wipe(&text);
}

void mta_sts_pairs_run_scan(mta_sts_pairs *pairs, const mta_sts_pairs_scan *scan, apr_pool_t *p)
{
    apr_array_header_t *found = mta_sts_pair_files_find(p, scan->globs);
    apr_pool_t *scratch;
    int i;

    apr_pool_create(&scratch, p);
    for (i = 0; i < found->nelts; i++) {
        apr_pool_clear(scratch);
        scan_files(pairs, scan, &APR_ARRAY_IDX(found, i, mta_sts_pair_files), scratch);
    }
    apr_pool_destroy(scratch);
}

int mta_sts_pairs_check_again(mta_sts_pairs *pairs, mta_sts_pairs_check_pair *check, void *baton)
{
    apr_hash_index_t *at;
    int has_error = 0;

    for (at = apr_hash_first(NULL, pairs->slots); at; at = apr_hash_next(at)) {
        slot *s = apr_hash_this_val(at);
        const char *error =
            s->open.users && s->open.pair ? check(baton, s->open.users, s->open.pair) : NULL;

        if (error) {
            set_error(s, error);
            mta_sts_pair_names_remove(pairs->names, &s->open);
            mta_sts_pair_free(s->open.pair);
            s->open.pair = NULL;
        }
        if (s->open.users && s->open.error) {
            s->is_settled = 0;
            has_error = 1;
        }
    }
    return has_error;
}

void mta_sts_pairs_sweep(mta_sts_pairs *pairs)
{
    apr_hash_index_t *at;

    for (at = apr_hash_first(NULL, pairs->slots); at; at = apr_hash_next(at)) {
        slot *s = apr_hash_this_val(at);

        if (!s->open.users) {
            apr_hash_set(pairs->slots, s->open.files.certificate, APR_HASH_KEY_STRING, NULL);
            mta_sts_pair_free(s->open.pair);
            set_error(s, NULL);
            free((char *)s->open.files.certificate);
            s->next_unused = pairs->unused_slots;
            pairs->unused_slots = s;
        }
    }
}

void mta_sts_pairs_put(mta_sts_pairs *pairs, const char *path, mta_sts_pairs_users users,
                       const mta_sts_pair_text *text, apr_pool_t *p)
{
    slot *s = slot_of(pairs, &(mta_sts_pair_files){path, ""});
    const char *error;
    mta_sts_pair *pair = text ? mta_sts_pair_read(pairs->reader, text, p, &error) : NULL;

    if (pair) {
        set_pair(pairs, s, pair);
    }
    add_users(pairs, s, users);
}

/* --- searching --- */

static int choose(const mta_sts_pairs *pairs, const char *name, mta_sts_pairs_users user,
                  apr_time_t now, mta_sts_pairs_choice *choice)
{
    const mta_sts_pair_link *at;
    int has_any = 0;

    for (at = mta_sts_pair_names_find(pairs->names, name); at; at = at->next) {
        const mta_sts_pairs_slot *found = at->slot;
        const mta_sts_pairs_slot **best = &choice->by_kind[found->pair->kind];

        if (found->users & user) {
            has_any = 1;
            *best =
                !*best || mta_sts_pair_is_better(found->pair, (*best)->pair, now) ? found : *best;
        }
    }
    return has_any;
}

/* Next to a valid pair, an expired one would only make handshakes with clients of its kind fail. */
static void drop_invalid(mta_sts_pairs_choice *choice, apr_time_t now)
{
    int kind, has_valid = 0;

    for (kind = 0; kind < MTA_STS_PAIR_KINDS; kind++) {
        has_valid |=
            choice->by_kind[kind] && mta_sts_pair_is_valid(choice->by_kind[kind]->pair, now);
    }
    for (kind = 0; has_valid && kind < MTA_STS_PAIR_KINDS; kind++) {
        if (choice->by_kind[kind] && !mta_sts_pair_is_valid(choice->by_kind[kind]->pair, now)) {
            choice->by_kind[kind] = NULL;
        }
    }
}

int mta_sts_pairs_find(const mta_sts_pairs *pairs, const char *name, mta_sts_pairs_users user,
                       apr_time_t now, mta_sts_pairs_choice *choice)
{
    const char *parent = strchr(name, '.');
    char wildcard[NAME_MAX_LEN + 2];
    int has_any;

    memset(choice, 0, sizeof(*choice));
    has_any = choose(pairs, name, user, now, choice);
    if (parent && parent[1] && parent != name && strlen(parent) < NAME_MAX_LEN) {
        wildcard[0] = '*';
        strcpy(wildcard + 1, parent);
        has_any |= choose(pairs, wildcard, user, now, choice);
    }
    drop_invalid(choice, now);
    return has_any;
}

void mta_sts_pairs_each(const mta_sts_pairs *pairs,
                        void (*visit)(void *baton, mta_sts_pairs_slot *slot), void *baton)
{
    apr_hash_index_t *at;

    for (at = apr_hash_first(NULL, pairs->slots); at; at = apr_hash_next(at)) {
        slot *s = apr_hash_this_val(at);

        if (s->open.users) {
            visit(baton, &s->open);
        }
    }
}
