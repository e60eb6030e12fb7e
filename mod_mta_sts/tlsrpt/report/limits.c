/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/report/limits.h"

const tlsrpt_limits tlsrpt_limits_default = {
    .sent = 1 << 20,
    .inflated = 10 << 20,
    .memory = 16 << 20,
    .depth = 32,
    .string = 8192,
    .policies = 10000,
    .failures = 100000,
};

const tlsrpt_limits tlsrpt_limits_stored = {
    .sent = TLSRPT_SENT_MAX,
    .inflated = TLSRPT_INFLATED_MAX,
    .memory = TLSRPT_MEMORY_OF(TLSRPT_INFLATED_MAX),
    .depth = 32,
    .string = 8192,
    .policies = 10000,
    .failures = 100000,
};
