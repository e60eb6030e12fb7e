/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/common/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

typedef struct listing {
    apr_array_header_t *files;
    int first;   /* number of files before this path was read */
    int is_full; /* whether the error about too many files was printed */
} listing;

static cli_file *add_file(listing *list, const char *path)
{
    cli_file *file = apr_array_push(list->files);

    memset(file, 0, sizeof(*file));
    file->path = path;
    return file;
}

static void add_error(listing *list, const char *path, const char *error)
{
    add_file(list, path)->error = error;
}

static int has_room(listing *list, const char *path)
{
    if (list->files->nelts - list->first < CLI_FILES_MAX) {
        return 1;
    }
    if (!list->is_full) {
        list->is_full = 1;
        add_error(list, path, "more than 1000000 files: the others were skipped");
    }
    return 0;
}

/* A name in a directory, and its kind. */
typedef struct name {
    const char *name;
    int is_directory;
} name;

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const name *)a)->name, ((const name *)b)->name);
}

/* Whether an entry is a directory; -1: neither a directory nor a file. */
static int kind_of(int directory, const struct dirent *entry)
{
    struct stat info;

    if (entry->d_type == DT_REG || entry->d_type == DT_DIR) {
        return entry->d_type == DT_DIR;
    }
    if (entry->d_type != DT_UNKNOWN ||
        fstatat(directory, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) {
        return -1;
    }
    return S_ISDIR(info.st_mode) ? 1 : S_ISREG(info.st_mode) ? 0 : -1;
}

/* The names in a directory, sorted; NULL and errno if it cannot be read. */
static apr_array_header_t *names_in(apr_pool_t *p, int fd)
{
    apr_array_header_t *names = apr_array_make(p, 64, sizeof(name));
    DIR *directory = fdopendir(fd);
    const struct dirent *entry;

    if (!directory) {
        close(fd);
        return NULL;
    }
    while (names->nelts <= CLI_FILES_MAX && (entry = readdir(directory)) != NULL) {
        int kind = entry->d_name[0] == '.' ? -1 : kind_of(dirfd(directory), entry);

        if (kind >= 0) {
            name *added = apr_array_push(names);

            added->name = apr_pstrdup(p, entry->d_name);
            added->is_directory = kind;
        }
    }
    closedir(directory);
    qsort(names->elts, (size_t)names->nelts, (size_t)names->elt_size, compare_names);
    return names;
}

static void list_directory(apr_pool_t *p, listing *list, const char *path, int flags, int depth);

static void list_name(apr_pool_t *p, listing *list, const char *directory, const name *entry,
                      int depth)
{
    const char *path = apr_pstrcat(list->files->pool, directory, "/", entry->name, NULL);

    if (entry->is_directory) {
        list_directory(p, list, path, O_NOFOLLOW, depth + 1);
    }
    else if (has_room(list, directory)) {
        cli_file *file = add_file(list, path);

        file->is_regular = 1;
        file->is_found = 1;
    }
}

static void list_directory(apr_pool_t *p, listing *list, const char *path, int flags, int depth)
{
    apr_array_header_t *names;
    apr_pool_t *ptemp;
    int fd, i;

    if (depth > CLI_FILES_DEPTH_MAX) {
        add_error(list, path, "skipped: more than 16 directories deep");
        return;
    }
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags);
    if (fd < 0) {
        add_error(list, path, strerror(errno));
        return;
    }
    apr_pool_create(&ptemp, p);
    names = names_in(ptemp, fd);
    for (i = 0; names && i < names->nelts; i++) {
        list_name(ptemp, list, path, &APR_ARRAY_IDX(names, i, name), depth);
    }
    apr_pool_destroy(ptemp);
}

static int is_directory(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

void cli_files_list(apr_pool_t *p, const char *path, apr_array_header_t *files)
{
    listing list = {files, files->nelts, 0};
    const char *cur = apr_pstrcat(files->pool, path, "/cur", NULL);
    const char *new = apr_pstrcat(files->pool, path, "/new", NULL);
    struct stat info;

    if (strcmp(path, "-") == 0 || !is_directory(path)) {
        add_file(&list, path)->is_regular =
            strcmp(path, "-") != 0 && stat(path, &info) == 0 && S_ISREG(info.st_mode);
    }
    else if (is_directory(cur) && is_directory(new)) {
        list_directory(p, &list, cur, 0, 0);
        list_directory(p, &list, new, 0, 0);
    }
    else {
        list_directory(p, &list, path, 0, 0);
    }
}

int cli_file_open(const cli_file *file)
{
    return open(file->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | (file->is_found ? O_NOFOLLOW : 0));
}
