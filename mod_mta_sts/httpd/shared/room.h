/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_SHARED_ROOM_H
#define HTTPD_SHARED_ROOM_H

#include <httpd.h>

#include "tlsrpt/spool/layout.h"

/*
 * Shares MTASTSReportQuota among networks, so that nobody can use up the space of all others, and
 * no acknowledged report has to be deleted to free space (doc/under-attack.md has the figures):
 *
 *   the first 3/4    a network (IPv4 /24, IPv6 /48) gets at most 1/8 of what the others leave of
 *                    it, and a /16 or /32 at most 1/4
 *   up to 15/16      only the first report of a network on a day, of up to 16 KiB, and of at most
 *                    16 networks of a /16 or /32; a network gets at most 1/256 of what is left, a
 *                    /16 or /32 at most 1/16
 *   the last 1/16    only verified mail (mta-sts import)
 *
 * The usage of networks is counted in a table of fixed size, in which several networks share a
 * counter: an estimate is never too low, and rarely too high by more than small amounts. The
 * quarantine has a quota of its own, all of which is divided like the first 3/4.
 */

typedef struct mts_room_question {
    tlsrpt_area area;
    const char *address; /* of the client */
    apr_int64_t cost;    /* in bytes: size of the report, which is included in `used`, and for which
                            mts_room_add has been called */
    apr_int64_t used;    /* in bytes: usage of the area and of the index */
    apr_int64_t quota;
} mts_room_question;

typedef enum mts_room_answer {
    MTS_ROOM_ALLOWED,
    MTS_ROOM_SHARE, /* the network of the address has used up its share */
    MTS_ROOM_FULL,
} mts_room_answer;

/* Whether a report may be stored; mts_room_add must have been called for it. */
mts_room_answer mts_room_ask(const mts_room_question *question);

/* The number of bytes of a quota that are reserved for verified mail. */
apr_int64_t mts_room_of_mail(apr_int64_t quota);

/*
 * Counts a report that is about to be stored, or reverts this.
 *
 * @param bytes its size on disk; negative to revert
 */
void mts_room_add(tlsrpt_area area, const char *address, apr_int64_t bytes, apr_time_t now);

/* Recounting everything: one process at a time calls begin, then add for each stored report, then
 * end. */
void mts_room_recount_begin(void);
void mts_room_recount_add(tlsrpt_area area, const char *address, apr_int64_t bytes);
void mts_room_recount_end(void);

#endif
