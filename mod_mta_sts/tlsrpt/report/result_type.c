/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/report/result_type.h"

#include <apr_lib.h>

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

/* Some senders write "certificate_expired" or "Certificate-Expired". */
static int is_name(const char *name, const char *registered)
{
    while (*name && (apr_tolower(*name) == *registered || (*name == '_' && *registered == '-'))) {
        name++;
        registered++;
    }
    return !*name && !*registered;
}

tlsrpt_result_type tlsrpt_result_type_of(const char *name)
{
    int type = 0;

    if (!name || !*name) {
        return TLSRPT_RESULT_UNSPECIFIED;
    }
    while (type < TLSRPT_RESULT_OTHER && !is_name(name, types[type].name)) {
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
