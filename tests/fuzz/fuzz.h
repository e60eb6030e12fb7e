/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_pools.h>
#include <apr_strings.h>

#include "core/finding.h"
#include "core/text.h"

/*
 * What the targets share. A target reads octets as one input of the core and checks what must hold
 * of any input. Built with -fsanitize=fuzzer it searches; linked with standalone.c it replays.
 */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Like assert, but never compiled out. */
#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: this does not hold: %s\n", __FILE__, __LINE__, #condition);    \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* A pool for one input; to be destroyed. */
static inline apr_pool_t *fuzz_pool_make(void)
{
    static apr_pool_t *root;
    apr_pool_t *p;

    if (!root) {
        CHECK(apr_initialize() == APR_SUCCESS);
        CHECK(apr_pool_create(&root, NULL) == APR_SUCCESS);
    }
    CHECK(apr_pool_create(&p, root) == APR_SUCCESS);
    return p;
}

/* Text that any output can take: not empty, valid UTF-8, no control characters. */
static inline int fuzz_is_showable(const char *text)
{
    size_t len = strlen(text), i = 0;

    while (i < len) {
        size_t length = mta_sts_text_utf8_length(text + i, len - i);
        unsigned char first = (unsigned char)text[i];

        if (length == 0 || first < 0x20 || first == 0x7f ||
            (first == 0xc2 && (unsigned char)text[i + 1] < 0xa0)) {
            return 0;
        }
        i += length;
    }
    return len > 0;
}

/* What holds of all findings; lines is the number of lines that were read. */
static inline void fuzz_check_findings(const mta_sts_findings *findings, int lines)
{
    int i;

    for (i = 0; i < findings->list->nelts; i++) {
        const mta_sts_finding *finding = mta_sts_findings_at(findings, i);

        CHECK(fuzz_is_showable(finding->id));
        CHECK(fuzz_is_showable(finding->subject));
        CHECK(fuzz_is_showable(finding->message));
        CHECK(!finding->fix || fuzz_is_showable(finding->fix));
        CHECK(finding->line >= 0 && finding->line <= lines);
    }
}

#endif
