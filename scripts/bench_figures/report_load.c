/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Generates the load of scripts/bench for reports.
 *
 *   report_load bare DIRECTORY SECONDS THREADS      write, fsync, rename, fsync of the directory
 *   report_load send PORT SECONDS CLIENTS RATE   different reports of 1 KB; RATE per second
 *                                                for all clients together, 0: no limit
 *   report_load policy PORT SECONDS              one client that fetches the policy
 *
 * Prints operations per second, its own CPU seconds, and the p99 of the latency in us.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SIZE 1024
#define LATENCIES 1000000
#define HOST "mta-sts.example.com"

typedef struct worker {
    pthread_t thread;
    int number, target;            /* a port, or a descriptor of the directory */
    double until, interval, delay; /* seconds; delay: staggers the clients */
    long done, count;
    unsigned *latencies; /* us */
} worker;

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void *bare(void *baton)
{
    worker *w = baton;
    char bytes[SIZE], tmp[32], name[32];

    memset(bytes, 'x', sizeof(bytes));
    while (now() < w->until) {
        int fd;

        snprintf(tmp, sizeof(tmp), "t%d", w->number);
        snprintf(name, sizeof(name), "%d-%ld", w->number, w->done);
        fd = openat(w->target, tmp, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        if (fd < 0 || write(fd, bytes, sizeof(bytes)) != sizeof(bytes) || fsync(fd) != 0 ||
            close(fd) != 0 || renameat(w->target, tmp, w->target, name) != 0 ||
            fsync(w->target) != 0) {
            fail("bare");
        }
        w->done++;
    }
    return NULL;
}

/* Each worker is a sender in a network of its own: one network has a part of the uploads only. */
static int connect_to(int port, int number)
{
    struct sockaddr_in from = {.sin_family = AF_INET};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + ((unsigned)number << 16));
    if (fd < 0 || bind(fd, (struct sockaddr *)&from, sizeof(from)) != 0 ||
        connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        fail("connect");
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return fd;
}

static void note_latency(worker *w, double began)
{
    if (w->count < LATENCIES) {
        w->latencies[w->count++] = (unsigned)((now() - began) * 1e6);
    }
}

/* One request and its response, which has a Content-Length and may arrive in parts. */
static void ask(worker *w, int fd, const char *request, const char *expected)
{
    char answer[8192];
    size_t got = 0, whole = 0;
    double began = now();

    if (write(fd, request, strlen(request)) != (ssize_t)strlen(request)) {
        fail("write");
    }
    while (whole == 0 || got < whole) {
        ssize_t part = read(fd, answer + got, sizeof(answer) - 1 - got);
        char *end, *length;

        if (part <= 0) {
            fail("read");
        }
        got += (size_t)part;
        answer[got] = '\0';
        end = strstr(answer, "\r\n\r\n");
        length = strstr(answer, "Content-Length: ");
        if (end && length) {
            whole = (size_t)(end + 4 - answer) + strtoul(length + 16, NULL, 10);
        }
    }
    if (strncmp(answer + 9, expected, 3) != 0) {
        fprintf(stderr, "unexpected answer: %.300s\n", answer);
        exit(1);
    }
    note_latency(w, began);
    w->done++;
}

static void *send_reports(void *baton)
{
    worker *w = baton;
    char body[SIZE + 1], request[2 * SIZE];
    int fd = connect_to(w->target, w->number);
    double next = now() + w->delay;

    usleep((useconds_t)(w->delay * 1e6));
    while (now() < w->until) {
        int len = snprintf(
            body, sizeof(body),
            "{\"organization-name\":\"Bench\",\"report-id\":\"%d-%d-%ld\",\"date-range\":{"
            "\"start-datetime\":\"2026-11-23T00:00:00Z\",\"end-datetime\":\"2026-11-23T23:59:59Z\"}"
            ","
            "\"policies\":[{\"policy\":{\"policy-type\":\"sts\",\"policy-domain\":\"example.com\"},"
            "\"summary\":{\"total-successful-session-count\":1,\"total-failure-session-count\":0}}"
            "]",
            (int)getpid(), w->number, w->done);

        memset(body + len, ' ', (size_t)(SIZE - len));
        strcpy(body + SIZE - 1, "}");
        snprintf(request, sizeof(request),
                 "POST /tlsrpt HTTP/1.1\r\nHost: " HOST "\r\nContent-Type: application/tlsrpt+json"
                 "\r\nContent-Length: %d\r\n\r\n%s",
                 SIZE, body);
        ask(w, fd, request, "201");
        next += w->interval;
        if (w->interval > 0 && next > now()) {
            usleep((useconds_t)((next - now()) * 1e6));
        }
    }
    close(fd);
    return NULL;
}

static void *fetch_policy(void *baton)
{
    worker *w = baton;
    int fd = connect_to(w->target, w->number);

    while (now() < w->until) {
        ask(w, fd, "GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: " HOST "\r\n\r\n", "200");
        usleep(1000);
    }
    close(fd);
    return NULL;
}

static int compare(const void *a, const void *b)
{
    return *(const unsigned *)a < *(const unsigned *)b ? -1 : 1;
}

int main(int argc, char **argv)
{
    const char *mode = argc > 3 ? argv[1] : "";
    double seconds = argc > 3 ? atof(argv[3]) : 0, rate = argc > 5 ? atof(argv[5]) : 0;
    int count = argc > 4 ? atoi(argv[4]) : 1, i;
    worker *workers = calloc((size_t)count, sizeof(*workers));
    unsigned *all = calloc(LATENCIES, sizeof(*all));
    long done = 0, latencies = 0;
    struct rusage usage;

    for (i = 0; i < count; i++) {
        worker *w = &workers[i];

        w->number = i;
        w->until = now() + seconds;
        w->interval = rate > 0 ? count / rate : 0;
        w->delay = rate > 0 ? i / rate : 0;
        w->latencies = malloc(LATENCIES * sizeof(*w->latencies));
        w->target = mode[0] == 'b' ? open(argv[2], O_RDONLY | O_DIRECTORY) : atoi(argv[2]);
        pthread_create(&w->thread, NULL,
                       mode[0] == 'b'   ? bare
                       : mode[0] == 's' ? send_reports
                                        : fetch_policy,
                       w);
    }
    for (i = 0; i < count; i++) {
        pthread_join(workers[i].thread, NULL);
        done += workers[i].done;
        if (latencies + workers[i].count <= LATENCIES) {
            memcpy(all + latencies, workers[i].latencies, (size_t)workers[i].count * sizeof(*all));
            latencies += workers[i].count;
        }
    }
    qsort(all, (size_t)latencies, sizeof(*all), compare);
    getrusage(RUSAGE_SELF, &usage);
    printf("%.1f %.3f %u\n", (double)done / seconds,
           (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
               (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6,
           latencies ? all[latencies * 99 / 100] : 0);
    return 0;
}
