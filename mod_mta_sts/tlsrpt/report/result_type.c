/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/report/result_type.h"

#include <string.h>

static const struct {
    const char *name;
    int is_general;
} types[TLSRPT_RESULT_TYPE_COUNT] = {
#define TYPE(enumerator, name, is_general) [enumerator] = {name, is_general},
    TLSRPT_RESULT_TYPES(TYPE)
#undef TYPE
        [TLSRPT_RESULT_OTHER] = {"other", 1},
    [TLSRPT_RESULT_UNSPECIFIED] = {"unspecified", 1},
};

int tlsrpt_result_type_is_general(tlsrpt_result_type type)
{
    return types[type].is_general;
}

tlsrpt_result_type tlsrpt_result_type_of(const char *name)
{
    int type = 0;

    if (!name || !*name) {
        return TLSRPT_RESULT_UNSPECIFIED;
    }
    while (type < TLSRPT_RESULT_OTHER && strcmp(name, types[type].name) != 0) {
        type++;
    }
    return (tlsrpt_result_type)type;
}

const char *tlsrpt_result_type_label(tlsrpt_result_type type)
{
    return types[type].name;
}

const char *tlsrpt_result_type_cause(tlsrpt_result_type type)
{
    return type == TLSRPT_RESULT_OTHER ? "unknown" : types[type].name;
}
