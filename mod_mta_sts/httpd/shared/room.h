/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_SHARED_ROOM_H
#define HTTPD_SHARED_ROOM_H

#include <httpd.h>

#include "tlsrpt/spool/layout.h"

/*
 * How MTASTSReportQuota is shared, so that no stranger takes the room of all others and nothing
 * that was acknowledged is deleted for it (doc/under-attack.md works it out):
 *
 *   the first 3/4    a network (IPv4 /24, IPv6 /48) holds at most 1/8 of what the others have left
 *                    of it, and a /16 or /32 at most 1/4
 *   up to 15/16      only the first report of a network on a day, of up to 16 KiB, and of at most
 *                    16 networks of a /16 or /32; a network holds at most 1/256 of what is left, a
 *                    /16 or /32 at most 1/16
 *   the last 1/16    verified mail only (mta-sts import)
 *
 * What networks hold is counted in a table of a fixed size, several networks in one number: an
 * estimate is never too low, and rarely too high by more than the smallest amounts. The quarantine
 * has a quota of its own, all of it shared as the first 3/4 are.
 */

typedef struct mts_room_question {
    tlsrpt_area area;
    const char *address; /* of the client */
    apr_int64_t cost;    /* bytes of the report, which are in `used` and were added */
    apr_int64_t used;    /* bytes of the area, and of the index */
    apr_int64_t quota;
} mts_room_question;

typedef enum mts_room_answer {
    MTS_ROOM_ALLOWED,
    MTS_ROOM_SHARE, /* the network of the address holds its share */
    MTS_ROOM_FULL,
} mts_room_answer;

/* Whether a report may be stored that was counted with mts_room_add before. */
mts_room_answer mts_room_ask(const mts_room_question *question);

/* The bytes that are for verified mail only. */
apr_int64_t mts_room_of_mail(apr_int64_t quota);

/*
 * Counts a report that is about to be stored, or takes it back.
 *
 * @param bytes negative: it is taken back
 */
void mts_room_add(tlsrpt_area area, const char *address, apr_int64_t bytes, apr_time_t now);

/* To be called by one process at a time, which counts everything anew: begin, then add for each
 * stored report, then end. */
void mts_room_recount_begin(void);
void mts_room_recount_add(tlsrpt_area area, const char *address, apr_int64_t bytes);
void mts_room_recount_end(void);

#endif
