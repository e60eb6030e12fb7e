/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#include "guarded_pool.h"
#endif
#elif defined(__SANITIZE_ADDRESS__)
#include "guarded_pool.h"
#endif

/*
 * Replays inputs through a fuzz target without a fuzzer: the files named on the command line, and
 * all files in the directories named there. If a target finds a failure, it aborts; it is also a
 * failure if a file cannot be read, or there are none.
 */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#ifndef WITH_LIBFUZZER /* which has a main of its own */

static int replayed;

static void fail(const char *path)
{
    fprintf(stderr, "%s: %s\n", path, strerror(errno));
    exit(1);
}

/* Copies the input so that nothing follows it, and a sanitizer detects reads beyond its end. */
static void replay_file(const char *path, size_t size)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(size ? size : 1);

    if (!file || !data || fread(data, 1, size, file) != size) {
        fail(path);
    }
    fclose(file);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    replayed++;
}

static void replay(const char *path);

static void replay_directory(const char *path)
{
    DIR *directory = opendir(path);
    struct dirent *entry;

    if (!directory) {
        fail(path);
    }
    while ((entry = readdir(directory)) != NULL) {
        char name[4096];

        if (entry->d_name[0] != '.') {
            snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
            replay(name);
        }
    }
    closedir(directory);
}

static void replay(const char *path)
{
    struct stat info;

    if (stat(path, &info) != 0) {
        fail(path);
    }
    if (S_ISDIR(info.st_mode)) {
        replay_directory(path);
        return;
    }
    replay_file(path, (size_t)info.st_size);
}

int main(int argc, char **argv)
{
    int i;

    for (i = 1; i < argc; i++) {
        replay(argv[i]);
    }
    if (replayed == 0) {
        fprintf(stderr, "usage: %s FILE|DIRECTORY...\n", argv[0]);
        return 1;
    }
    return 0;
}

#endif
