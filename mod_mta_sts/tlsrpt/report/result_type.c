/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/report/result_type.h"

#include <string.h>

static const char *const names[TLSRPT_RESULT_TYPE_COUNT] = {
#define TYPE(enumerator, name) [enumerator] = name,
    TLSRPT_RESULT_TYPES(TYPE)
#undef TYPE
        [TLSRPT_RESULT_OTHER] = "other",
    [TLSRPT_RESULT_UNSPECIFIED] = "unspecified",
};

tlsrpt_result_type tlsrpt_result_type_of(const char *name)
{
    int type = 0;

    if (!name || !*name) {
        return TLSRPT_RESULT_UNSPECIFIED;
    }
    while (type < TLSRPT_RESULT_OTHER && strcmp(name, names[type]) != 0) {
        type++;
    }
    return (tlsrpt_result_type)type;
}

const char *tlsrpt_result_type_label(tlsrpt_result_type type)
{
    return names[type];
}

const char *tlsrpt_result_type_cause(tlsrpt_result_type type)
{
    return type == TLSRPT_RESULT_OTHER ? "unknown" : names[type];
}
