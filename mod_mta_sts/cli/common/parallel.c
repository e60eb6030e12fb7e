/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/common/parallel.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include <apr_allocator.h>

#define THREADS_MAX 8
#define SPARE_MAX (1 << 20) /* bytes that a slot keeps for the next result */

/* Where a result waits. Its pool has an allocator of its own, so that no thread waits for it. */
typedef struct slot {
    apr_pool_t *p;
    void *result;
    apr_size_t weight;
    int number; /* of the thing whose result it is; -1: it is free or being made */
} slot;

typedef struct work {
    cli_parallel_make *make;
    void *data;
    int count;
    pthread_mutex_t lock; /* of all that follows */
    pthread_cond_t ready; /* the result that is taken next */
    pthread_cond_t room;  /* for more results */
    int begun, taken;     /* numbers below are begun, or taken */
    apr_size_t weight;    /* of all results that wait */
    int helpers_wait;     /* number of threads that wait for room */
    slot slots[CLI_PARALLEL_AHEAD];
} work;

static slot *slot_of(work *all, int number)
{
    return &all->slots[number % CLI_PARALLEL_AHEAD];
}

static int can_begin(const work *all)
{
    return all->begun < all->count && all->begun < all->taken + CLI_PARALLEL_AHEAD &&
           all->weight < CLI_PARALLEL_WEIGHT_MAX;
}

/* Makes the next result; the lock is held before and after it. */
static void make_next(work *all)
{
    int number = all->begun++;
    slot *at = slot_of(all, number);

    pthread_mutex_unlock(&all->lock);
    apr_pool_clear(at->p);
    at->weight = 0;
    at->result = all->make(all->data, number, at->p, &at->weight);
    pthread_mutex_lock(&all->lock);
    all->weight += at->weight;
    at->number = number;
    if (number == all->taken) {
        pthread_cond_signal(&all->ready);
    }
}

static void *help(void *data)
{
    work *all = data;

    pthread_mutex_lock(&all->lock);
    while (all->begun < all->count) {
        if (can_begin(all)) {
            make_next(all);
        }
        else {
            all->helpers_wait++;
            pthread_cond_wait(&all->room, &all->lock);
            all->helpers_wait--;
        }
    }
    pthread_mutex_unlock(&all->lock);
    return NULL;
}

/* Threads are woken when there is something to do for a while, or nothing any more. */
static void signal_room(work *all)
{
    if (all->helpers_wait &&
        (all->begun <= all->taken + CLI_PARALLEL_AHEAD / 2 || all->begun == all->count)) {
        pthread_cond_broadcast(&all->room);
    }
}

/* Takes every result; while the next one is not there, it helps. */
static void take_all(work *all, cli_parallel_take *take)
{
    int number;

    pthread_mutex_lock(&all->lock);
    for (number = 0; number < all->count; number++) {
        slot *at = slot_of(all, number);

        while (at->number != number) {
            if (can_begin(all)) {
                make_next(all);
            }
            else {
                pthread_cond_wait(&all->ready, &all->lock);
            }
        }
        pthread_mutex_unlock(&all->lock);
        take(all->data, number, at->p, at->result);
        if (at->weight > SPARE_MAX) {
            apr_pool_clear(at->p);
        }
        pthread_mutex_lock(&all->lock);
        at->number = -1;
        all->weight -= at->weight;
        all->taken = number + 1;
        signal_room(all);
    }
    pthread_cond_broadcast(&all->room);
    pthread_mutex_unlock(&all->lock);
}

static void open_slot(slot *at)
{
    apr_allocator_t *allocator;

    if (apr_allocator_create(&allocator) != APR_SUCCESS ||
        apr_pool_create_unmanaged_ex(&at->p, NULL, allocator) != APR_SUCCESS) {
        abort(); /* no memory */
    }
    apr_allocator_max_free_set(allocator, SPARE_MAX);
    apr_allocator_owner_set(allocator, at->p);
    at->number = -1;
}

/* Threads beside this one. */
static int count_helpers(int count)
{
    cpu_set_t usable;
    int processors = sched_getaffinity(0, sizeof(usable), &usable) == 0 ? CPU_COUNT(&usable) : 1;
    int helpers = (processors > THREADS_MAX ? THREADS_MAX : processors) - 1;

    return helpers < count ? helpers : count - 1;
}

void cli_parallel_run(apr_pool_t *p, int count, cli_parallel_make *make, cli_parallel_take *take,
                      void *data)
{
    work *all = apr_pcalloc(p, sizeof(*all));
    pthread_t threads[THREADS_MAX];
    int i, wanted = count_helpers(count), helpers = 0;

    all->make = make;
    all->data = data;
    all->count = count;
    pthread_mutex_init(&all->lock, NULL);
    pthread_cond_init(&all->ready, NULL);
    pthread_cond_init(&all->room, NULL);
    for (i = 0; i < CLI_PARALLEL_AHEAD; i++) {
        open_slot(&all->slots[i]);
    }
    while (helpers < wanted && pthread_create(&threads[helpers], NULL, help, all) == 0) {
        helpers++;
    }
    take_all(all, take);
    for (i = 0; i < helpers; i++) {
        pthread_join(threads[i], NULL);
    }
    for (i = 0; i < CLI_PARALLEL_AHEAD; i++) {
        apr_pool_destroy(all->slots[i].p);
    }
    pthread_cond_destroy(&all->ready);
    pthread_cond_destroy(&all->room);
    pthread_mutex_destroy(&all->lock);
}
