/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_COMMON_FILES_H
#define CLI_COMMON_FILES_H

#include <stdio.h>

#include <apr_pools.h>
#include <apr_tables.h>

/*
 * Lists the files that a path stands for: the file itself, the files of a Maildir (in its
 * directories new and cur), or those of any other directory and its subdirectories. Symbolic links
 * in a directory are ignored, because they may point outside of it, and so are names that begin
 * with a dot.
 */

#define CLI_FILES_MAX 1000000  /* maximum number of files for one path */
#define CLI_FILES_DEPTH_MAX 16 /* maximum nesting depth of directories */

typedef struct cli_file {
    const char *path;  /* "-": standard input */
    const char *error; /* why a directory cannot be read; or NULL */
    int is_regular; /* whether it is a regular file; if not, it may be a pipe, which can be opened
                       only once */
    int is_found;   /* whether it was found in a directory; then symbolic links are not followed */
} cli_file;

/*
 * Lists files, sorted by name.
 *
 * @param p     scratch
 * @param path  a file, a directory or "-"
 * @param files array of cli_file to which they are added; strings are allocated from its pool
 */
void cli_files_list(apr_pool_t *p, const char *path, apr_array_header_t *files);

/* Opens a file for reading. Returns a descriptor, which the caller closes, or -1 with errno. */
int cli_file_open(const cli_file *file);

#endif
