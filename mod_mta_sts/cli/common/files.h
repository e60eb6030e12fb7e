/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_COMMON_FILES_H
#define CLI_COMMON_FILES_H

#include <stdio.h>

#include <apr_pools.h>
#include <apr_tables.h>

/*
 * The files that a path names: itself, those of a Maildir (its directories new and cur), or those
 * of any other directory and the directories in it. Symbolic links in a directory are left out, so
 * that nothing leads out of it, and so are names that begin with a dot.
 */

#define CLI_FILES_MAX 1000000  /* files of one path */
#define CLI_FILES_DEPTH_MAX 16 /* directories within directories */

typedef struct cli_file {
    const char *path;  /* "-": standard input */
    const char *error; /* why it, a directory, cannot be read; or NULL */
    int is_regular;    /* otherwise it may be a pipe, which is opened once */
    int is_found;      /* in a directory, where no symbolic link is followed */
} cli_file;

/*
 * Lists files in the order of their names.
 *
 * @param p     scratch
 * @param path  a file, a directory or "-"
 * @param files array of cli_file, to which they are added; in its pool
 */
void cli_files_list(apr_pool_t *p, const char *path, apr_array_header_t *files);

/* Opens a file for reading: a descriptor, or -1 and errno. */
int cli_file_open(const cli_file *file);

#endif
