/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_MX_BLOCK_H
#define CLI_MX_BLOCK_H

#include <apr_pools.h>
#include <apr_tables.h>

/*
 * Edits the text of a <MTASTSPolicy> block in a configuration file of httpd: locates its MTASTSMx
 * lines, and renders the file with other ones. Only blocks in files that mta-sts-setup wrote are
 * changed, because those that admins wrote may have any form.
 */

/* The text with which mta-sts-setup marks its files (scripts/mta_sts_setup/site.py). */
#define CLI_MX_MARK "written by mta-sts-setup"

typedef struct cli_mx_block {
    const char *path;          /* path of the file, with symbolic links resolved */
    const char *why;           /* why a program cannot change the block, or NULL if it can */
    apr_array_header_t *lines; /* of const char *: the lines of the whole file, without line ends;
                                  NULL if it could not be read */
    int first, last;           /* numbers of the lines of the block, from 1; 0: not found */
} cli_mx_block;

/*
 * Reads the file.
 *
 * @param p      pool of the result
 * @param at     FILE:LINE of the block
 * @param domain the only domain that the block may define
 */
cli_mx_block *cli_mx_block_read(apr_pool_t *p, const char *at, const char *domain);

/*
 * Parses the text of the file.
 *
 * @param line   number of the line on which the block begins
 * @param block  in and out: zeroed except for its path
 * @return NULL, or why it cannot be read
 */
const char *cli_mx_block_parse(apr_pool_t *p, const char *text, apr_size_t len, int line,
                               const char *domain, cli_mx_block *block);

/* The number of the line in the block that contains this mx pattern, or else of its last MTASTSMx
 * line; 0: there is no such line. */
int cli_mx_block_line(const cli_mx_block *block, const char *pattern);

/* The text of the file with these patterns (of const char *), allocated from p. The block must be
 * one that can be changed. */
const char *cli_mx_block_render(apr_pool_t *p, const cli_mx_block *block,
                                const apr_array_header_t *mx);

/* Whether the MTASTSMx lines contain exactly these patterns (of const char *, canonical). */
int cli_mx_block_has(apr_pool_t *p, const cli_mx_block *block, const apr_array_header_t *mx);

/* Replaces the file and preserves its owner and mode. Returns NULL, or why that failed. */
const char *cli_mx_block_write(apr_pool_t *p, const cli_mx_block *block, const char *text);

/* The text of the file as it was read, allocated from p. */
const char *cli_mx_block_text(apr_pool_t *p, const cli_mx_block *block);

#endif
