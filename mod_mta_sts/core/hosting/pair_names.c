/* SPDX-License-Identifier: Apache-2.0 */
#include "core/hosting/pair_names.h"

#include <string.h>

#include <apr_hash.h>

typedef struct name_entry {
    mta_sts_pair_link *links;
    char name[];
} name_entry;

struct mta_sts_pair_names {
    apr_pool_t *pool;
    apr_hash_t *entries;       /* -> name_entry */
    mta_sts_pair_link *unused; /* links that can be used again */
};

mta_sts_pair_names *mta_sts_pair_names_make(apr_pool_t *p)
{
    mta_sts_pair_names *names = apr_palloc(p, sizeof(*names));

    names->pool = p;
    names->entries = apr_hash_make(p);
    names->unused = NULL;
    return names;
}

static name_entry *entry_of(mta_sts_pair_names *names, const char *name)
{
    apr_size_t len = strlen(name);
    name_entry *entry = apr_hash_get(names->entries, name, (apr_ssize_t)len);

    if (!entry) {
        entry = apr_palloc(names->pool, sizeof(*entry) + len + 1);
        entry->links = NULL;
        memcpy(entry->name, name, len + 1);
        apr_hash_set(names->entries, entry->name, (apr_ssize_t)len, entry);
    }
    return entry;
}

static mta_sts_pair_link *take_link(mta_sts_pair_names *names)
{
    mta_sts_pair_link *taken = names->unused;

    if (taken) {
        names->unused = taken->next;
        return taken;
    }
    return apr_palloc(names->pool, sizeof(*taken));
}

void mta_sts_pair_names_add(mta_sts_pair_names *names, const mta_sts_pairs_slot *slot)
{
    int i;

    for (i = 0; slot->pair && i < slot->pair->name_count; i++) {
        name_entry *entry = entry_of(names, slot->pair->names[i]);
        mta_sts_pair_link *added = take_link(names);

        added->slot = slot;
        added->next = entry->links;
        entry->links = added;
    }
}

void mta_sts_pair_names_remove(mta_sts_pair_names *names, const mta_sts_pairs_slot *slot)
{
    int i;

    for (i = 0; slot->pair && i < slot->pair->name_count; i++) {
        mta_sts_pair_link **at = &entry_of(names, slot->pair->names[i])->links;

        while (*at) {
            mta_sts_pair_link *found = *at;

            if (found->slot != slot) {
                at = &found->next;
                continue;
            }
            *at = found->next;
            found->next = names->unused;
            names->unused = found;
        }
    }
}

const mta_sts_pair_link *mta_sts_pair_names_find(const mta_sts_pair_names *names, const char *name)
{
    const name_entry *entry = apr_hash_get(names->entries, name, APR_HASH_KEY_STRING);

    return entry ? entry->links : NULL;
}
