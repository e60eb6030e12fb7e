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
    const char *error; /* why it is not read, or NULL */
} name;

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const name *)a)->name, ((const name *)b)->name);
}

/* Determines the kind of a directory entry. Only files and directories are read, because a link may
 * point anywhere, and a FIFO may never end. */
static name name_of(apr_pool_t *p, int directory, const struct dirent *entry)
{
    name found = {apr_pstrdup(p, entry->d_name), entry->d_type == DT_DIR, NULL};
    struct stat info;

    if (entry->d_type == DT_REG || entry->d_type == DT_DIR) {
        return found;
    }
    if (fstatat(directory, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) {
        found.error = apr_pstrdup(p, strerror(errno));
    }
    else if (S_ISLNK(info.st_mode)) {
        found.error = "skipped: a symbolic link in a directory is not followed";
    }
    else if (!S_ISDIR(info.st_mode) && !S_ISREG(info.st_mode)) {
        found.error = "skipped: it is neither a file nor a directory";
    }
    else {
        found.is_directory = S_ISDIR(info.st_mode);
    }
    return found;
}

/* Lists the names in a directory, sorted, without those that begin with a dot, which mail servers
 * use for their own files.
 *
 * @param error out: why the directory cannot be read completely; or NULL
 */
static apr_array_header_t *names_in(apr_pool_t *p, int fd, const char **error)
{
    apr_array_header_t *names = apr_array_make(p, 64, sizeof(name));
    DIR *directory = fdopendir(fd);
    const struct dirent *entry;

    *error = directory ? NULL : strerror(errno);
    if (!directory) {
        close(fd);
        return names;
    }
    while (errno = 0, names->nelts <= CLI_FILES_MAX && (entry = readdir(directory)) != NULL) {
        if (entry->d_name[0] != '.') {
            APR_ARRAY_PUSH(names, name) = name_of(p, dirfd(directory), entry);
        }
    }
    *error = errno ? strerror(errno) : NULL;
    closedir(directory);
    qsort(names->elts, (size_t)names->nelts, (size_t)names->elt_size, compare_names);
    return names;
}

static void list_directory(apr_pool_t *p, listing *list, const char *path, int flags, int depth);

static void list_name(apr_pool_t *p, listing *list, const char *directory, const name *entry,
                      int depth)
{
    const char *path = apr_pstrcat(list->files->pool, directory, "/", entry->name, NULL);

    if (entry->error) {
        if (has_room(list, directory)) {
            add_error(list, path, apr_pstrdup(list->files->pool, entry->error));
        }
    }
    else if (entry->is_directory) {
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
    const char *error;
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
    names = names_in(ptemp, fd, &error);
    for (i = 0; i < names->nelts; i++) {
        list_name(ptemp, list, path, &APR_ARRAY_IDX(names, i, name), depth);
    }
    if (error) {
        add_error(list, path, apr_pstrdup(list->files->pool, error));
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
