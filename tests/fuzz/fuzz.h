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

#include "../printable.h"
#include "core/base/finding.h"

/*
 * Shared by the targets. A target passes bytes as one input to the code, and checks what must be
 * true for any input. Built with -fsanitize=fuzzer it searches for failures; linked with
 * standalone.c it replays inputs.
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

/* A pool for one input, which the caller destroys. */
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

/* Checks what must be true for all findings; lines is the number of lines that were read. */
static inline void fuzz_check_findings(const mta_sts_findings *findings, int lines)
{
    int i;

    for (i = 0; i < findings->list->nelts; i++) {
        const mta_sts_finding *finding = mta_sts_findings_at(findings, i);

        CHECK(is_printable(finding->id));
        CHECK(is_printable(finding->subject));
        CHECK(is_printable(finding->message));
        CHECK(!finding->fix || is_printable(finding->fix));
        CHECK(finding->line >= 0 && finding->line <= lines);
    }
}

#endif
