/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_MX_BLOCK_H
#define CLI_MX_BLOCK_H

#include <apr_pools.h>
#include <apr_tables.h>

/*
 * A <MTASTSPolicy> block in a configuration file of httpd, as a text: where its MTASTSMx lines are,
 * and what the file becomes with others. Only blocks in files that mta-sts-setup wrote are changed;
 * those of administrators can have any form.
 */

/* The text by which mta-sts-setup marks its files (scripts/mta_sts_setup/site.py). */
#define CLI_MX_MARK "written by mta-sts-setup"

typedef struct cli_mx_block {
    const char *path;          /* of the file itself, after symbolic links */
    const char *why;           /* why it cannot be changed by a program; NULL: it can */
    apr_array_header_t *lines; /* of const char *: of the whole file, without line ends; NULL if it
                                  could not be read */
    int first, last;           /* numbers of the lines of the block, from 1; 0: not found */
} cli_mx_block;

/*
 * Reads the file.
 *
 * @param p      pool of the result
 * @param at     FILE:LINE of the block
 * @param domain the only one that it may define
 */
cli_mx_block *cli_mx_block_read(apr_pool_t *p, const char *at, const char *domain);

/*
 * Reads its text.
 *
 * @param line   number of the line on which the block begins
 * @param block  zeroed but for its path
 * @return NULL, or why it cannot be read
 */
const char *cli_mx_block_parse(apr_pool_t *p, const char *text, apr_size_t len, int line,
                               const char *domain, cli_mx_block *block);

/* The number of the line of the block that has this mx pattern; if there is none, of its last
 * MTASTSMx line; 0: there is none. */
int cli_mx_block_line(const cli_mx_block *block, const char *pattern);

/* The text of the file with these patterns (of const char *), for a block that can be changed. */
const char *cli_mx_block_render(apr_pool_t *p, const cli_mx_block *block,
                                const apr_array_header_t *mx);

/* Whether its MTASTSMx lines have exactly these patterns (of const char *, canonical). */
int cli_mx_block_has(apr_pool_t *p, const cli_mx_block *block, const apr_array_header_t *mx);

/* Replaces the file, which keeps its owner and mode. Returns NULL, or why that failed. */
const char *cli_mx_block_write(apr_pool_t *p, const cli_mx_block *block, const char *text);

/* The text of the file as it was read. */
const char *cli_mx_block_text(apr_pool_t *p, const cli_mx_block *block);

#endif
