/* SPDX-License-Identifier: Apache-2.0 */
#include "core/database/guard.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/base/monotonic.h"

#define LIBPQ "libpq.so.5"

/* The list of running statements, and the lock that protects it. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed;
static mta_sts_database *running;
static apr_time_t ends;  /* when all statements end; 0: they have their own limits only */
static apr_time_t wakes; /* when the thread will look at the list again */
static pid_t started;    /* the process in which the thread was started */

/* Shuts down the connections whose statements have timed out. next: out: when to check the list
 * again. */
static void shut_down_late(apr_time_t now, apr_time_t *next)
{
    mta_sts_database *db;

    *next = now + apr_time_from_sec(3600);
    for (db = running; db; db = db->next_running) {
        if (db->deadline <= now) {
            db->is_late = 1;
            shutdown(db->socket, SHUT_RDWR);
        }
        else if (db->deadline < *next) {
            *next = db->deadline;
        }
    }
}

static void *watch(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&lock);
    for (;;) {
        struct timespec until;
        apr_time_t next;

        shut_down_late(mta_sts_monotonic_now(), &next);
        wakes = next;
        clock_gettime(CLOCK_MONOTONIC, &until);
        next -= mta_sts_monotonic_now();
        next = next > 0 ? next : 0;
        until.tv_sec += (time_t)apr_time_sec(next) + (apr_time_usec(next) ? 1 : 0);
        pthread_cond_timedwait(&changed, &lock, &until);
    }
    return NULL;
}

/* The thread blocks all signals, so that other threads handle them. The caller holds the lock. */
static int start_thread(void)
{
    pthread_condattr_t clock;
    pthread_attr_t detached;
    sigset_t all, before;
    pthread_t thread;
    int failed;

    if (started == getpid()) {
        return 1;
    }
    running = NULL; /* the statements belong to the parent process */
    wakes = 0;      /* the thread checks the list when it starts */
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&changed, &clock);
    pthread_condattr_destroy(&clock);
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    failed = pthread_create(&thread, &detached, watch, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&detached);
    started = failed ? 0 : getpid();
    return !failed;
}

/* Looks up a function of the libpq that the driver has loaded, since this code is not linked with
 * it. */
static int find_socket(const mta_sts_database *db)
{
    void *native = apr_dbd_native_handle(db->driver, db->handle);
    void *library = native ? dlopen(LIBPQ, RTLD_LAZY | RTLD_NOLOAD) : NULL;
    int (*socket_of)(const void *) = NULL;
    int fd = -1;

    if (library) {
        *(void **)&socket_of = dlsym(library, "PQsocket");
        fd = socket_of ? socket_of(native) : -1;
        dlclose(library);
    }
    return fd;
}

/* Duplicates the descriptor, because libpq may close its own at any time. */
void mta_sts_guard_open(mta_sts_database *db)
{
    int fd = db->is_sqlite ? -1 : find_socket(db);

    db->socket = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

void mta_sts_guard_close(mta_sts_database *db)
{
    if (db->socket >= 0) {
        close(db->socket);
        db->socket = -1;
    }
}

/* limit: 0: there is none */
static apr_time_t earlier_of(apr_time_t time, apr_time_t limit)
{
    return limit && limit < time ? limit : time;
}

void mta_sts_database_end_within(apr_interval_time_t limit)
{
    mta_sts_database *db;

    pthread_mutex_lock(&lock);
    ends = limit ? mta_sts_monotonic_now() + limit : 0;
    if (started == getpid() && running) {
        for (db = running; db; db = db->next_running) {
            db->deadline = earlier_of(db->deadline, ends);
        }
        pthread_cond_signal(&changed);
    }
    pthread_mutex_unlock(&lock);
}

void mta_sts_guard_begin(mta_sts_database *db)
{
    if (db->socket < 0) {
        return;
    }
    pthread_mutex_lock(&lock);
    if (start_thread()) {
        db->deadline =
            earlier_of(earlier_of(mta_sts_monotonic_now() + db->patience, db->until), ends);
        db->next_running = running;
        running = db;
        /* Consecutive statements rarely have to wake the thread. */
        if (db->deadline < wakes) {
            pthread_cond_signal(&changed);
        }
    }
    pthread_mutex_unlock(&lock);
}

void mta_sts_guard_end(mta_sts_database *db)
{
    mta_sts_database **at;

    if (db->socket < 0) {
        return;
    }
    pthread_mutex_lock(&lock);
    for (at = &running; *at && *at != db; at = &(*at)->next_running) {
    }
    if (*at) {
        *at = db->next_running;
    }
    pthread_mutex_unlock(&lock);
}
