/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/report/ahead.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include <apr_allocator.h>

#include "cli/import/source.h"

#define THREADS 2
#define BATCH 32                         /* files, so that threads seldom wait for each other */
#define BATCHES 8                        /* that are read or wait at any time */
#define SMALL 65536                      /* bytes of a report, as sent and inflated */
#define SMALL_PARSED (SMALL * 8)         /* bytes of its JSON, as tlsrpt_limits counts them */
#define WEIGHT_MAX ((apr_size_t)1 << 20) /* bytes of a batch; the rest of it is not read ahead */

/* Files of the list that are read together. */
typedef struct batch {
    apr_pool_t *p; /* with an allocator of its own, so that no thread waits for it */
    int number;    /* of the batch that was read last; -1: none */
    const tlsrpt_reading *readings[BATCH];
} batch;

struct cli_ahead {
    const apr_array_header_t *files;
    int count; /* number of batches */
    int threads;
    pthread_t ids[THREADS];
    pthread_mutex_t lock; /* of all that follows; a batch belongs to the thread that reads it, then
                             to the caller */
    pthread_cond_t is_read;
    pthread_cond_t has_room;
    int begun, taken; /* number of batches */
    batch batches[BATCHES];
};

/* --- reading, on any thread --- */

static apr_size_t read_small(apr_pool_t *p, const cli_file *file, const tlsrpt_reading **read)
{
    tlsrpt_limits limits = tlsrpt_limits_default;
    const tlsrpt_reading *reading;
    apr_size_t len = 0;
    const char *bytes = cli_source_load(p, file, SMALL, &len);

    limits.inflated = SMALL;
    limits.memory = SMALL_PARSED;
    reading = bytes ? tlsrpt_report_read(p, bytes, len, &limits) : NULL;
    *read = reading && reading->outcome == TLSRPT_READ ? reading : NULL;
    return len + (reading ? reading->parsed : 0);
}

static void read_batch(const cli_ahead *ahead, int number, batch *one)
{
    int first = number * BATCH, i;
    apr_size_t weight = 0;

    apr_pool_clear(one->p);
    for (i = 0; i < BATCH; i++) {
        one->readings[i] = NULL;
        if (first + i < ahead->files->nelts && weight < WEIGHT_MAX) {
            weight += read_small(one->p, &APR_ARRAY_IDX(ahead->files, first + i, cli_file),
                                 &one->readings[i]);
        }
    }
}

static void *run(void *data)
{
    cli_ahead *ahead = data;

    pthread_mutex_lock(&ahead->lock);
    while (ahead->begun < ahead->count) {
        int number = ahead->begun;
        batch *one = &ahead->batches[number % BATCHES];

        if (number >= ahead->taken + BATCHES) {
            pthread_cond_wait(&ahead->has_room, &ahead->lock);
            continue;
        }
        ahead->begun++;
        pthread_mutex_unlock(&ahead->lock);
        read_batch(ahead, number, one);
        pthread_mutex_lock(&ahead->lock);
        one->number = number;
        pthread_cond_signal(&ahead->is_read);
    }
    pthread_mutex_unlock(&ahead->lock);
    return NULL;
}

/* --- the caller --- */

static int has_processors(void)
{
    cpu_set_t usable;

    return sched_getaffinity(0, sizeof(usable), &usable) == 0 && CPU_COUNT(&usable) > 1;
}

static void open_batch(batch *one)
{
    apr_allocator_t *allocator;

    if (apr_allocator_create(&allocator) != APR_SUCCESS ||
        apr_pool_create_unmanaged_ex(&one->p, NULL, allocator) != APR_SUCCESS) {
        abort(); /* no memory */
    }
    apr_allocator_max_free_set(allocator, WEIGHT_MAX);
    apr_allocator_owner_set(allocator, one->p);
    one->number = -1;
}

cli_ahead *cli_ahead_start(apr_pool_t *p, const apr_array_header_t *files)
{
    cli_ahead *ahead = apr_pcalloc(p, sizeof(*ahead));
    int i;

    ahead->files = files;
    ahead->count = (files->nelts + BATCH - 1) / BATCH;
    pthread_mutex_init(&ahead->lock, NULL);
    pthread_cond_init(&ahead->is_read, NULL);
    pthread_cond_init(&ahead->has_room, NULL);
    for (i = 0; i < BATCHES; i++) {
        open_batch(&ahead->batches[i]);
    }
    while (files->nelts > BATCH && has_processors() && ahead->threads < THREADS &&
           pthread_create(&ahead->ids[ahead->threads], NULL, run, ahead) == 0) {
        ahead->threads++;
    }
    return ahead;
}

/* Waits for a batch, and makes room for the next one by what was taken before. */
static void wait_for(cli_ahead *ahead, int number)
{
    pthread_mutex_lock(&ahead->lock);
    ahead->taken = number;
    pthread_cond_broadcast(&ahead->has_room);
    while (ahead->batches[number % BATCHES].number != number) {
        pthread_cond_wait(&ahead->is_read, &ahead->lock);
    }
    pthread_mutex_unlock(&ahead->lock);
}

const tlsrpt_reading *cli_ahead_take(cli_ahead *ahead, int number)
{
    if (!ahead->threads) {
        return NULL;
    }
    if (number % BATCH == 0) {
        wait_for(ahead, number / BATCH);
    }
    return ahead->batches[number / BATCH % BATCHES].readings[number % BATCH];
}

void cli_ahead_end(cli_ahead *ahead)
{
    int i;

    for (i = 0; i < ahead->threads; i++) {
        pthread_join(ahead->ids[i], NULL);
    }
    for (i = 0; i < BATCHES; i++) {
        apr_pool_destroy(ahead->batches[i].p);
    }
    pthread_cond_destroy(&ahead->has_room);
    pthread_cond_destroy(&ahead->is_read);
    pthread_mutex_destroy(&ahead->lock);
}
