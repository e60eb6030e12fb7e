/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/statvfs.h>

#include "tlsrpt/spool/spool.h"

#define HEADER_USUAL 80 /* bytes */
#define RESERVE_PART 100
#define RESERVE_MAX (APR_INT64_C(64) << 20)

/* A new report takes two at most: its file and a directory. */
#define INODES_LEAST 8

apr_int64_t tlsrpt_spool_cost(apr_size_t len)
{
    return tlsrpt_spool_blocks((apr_int64_t)len + HEADER_USUAL);
}

static apr_int64_t room_of(const struct statvfs *disk)
{
    apr_int64_t reserve = (apr_int64_t)disk->f_blocks * (apr_int64_t)disk->f_frsize / RESERVE_PART;
    apr_int64_t available = (apr_int64_t)disk->f_bavail * (apr_int64_t)disk->f_frsize;

    available -= reserve < RESERVE_MAX ? reserve : RESERVE_MAX;
    return available > 0 ? available : 0;
}

/* File systems without a fixed number of inodes say that they have none. */
static int has_inodes(const struct statvfs *disk)
{
    fsfilcnt_t reserve = disk->f_files / RESERVE_PART;

    return disk->f_files == 0 ||
           disk->f_favail > (reserve > INODES_LEAST ? reserve : INODES_LEAST);
}

apr_int64_t tlsrpt_spool_room(const tlsrpt_spool *spool)
{
    struct statvfs disk;

    return statvfs(spool->state_dir, &disk) == 0 ? room_of(&disk) : -1;
}

const char *tlsrpt_spool_shortage(const tlsrpt_spool *spool, apr_int64_t cost)
{
    struct statvfs disk;

    if (statvfs(spool->state_dir, &disk) != 0) {
        return NULL;
    }
    if (room_of(&disk) < cost) {
        return "the disk is full except for its reserve";
    }
    return has_inodes(&disk) ? NULL
                             : "the disk can hold no more files, except for its reserve of inodes "
                               "(df -i shows them)";
}
