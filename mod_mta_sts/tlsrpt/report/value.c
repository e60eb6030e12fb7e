/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/report/value.h"

#include <string.h>

const tlsrpt_value *tlsrpt_value_member(const tlsrpt_value *object, const char *name)
{
    const tlsrpt_value *member = tlsrpt_value_is(object, TLSRPT_OBJECT) ? object->is.first : NULL;

    while (member && strcmp(member->name, name) != 0) {
        member = member->next;
    }
    return member;
}

const tlsrpt_value *tlsrpt_value_first(const tlsrpt_value *array)
{
    return tlsrpt_value_is(array, TLSRPT_ARRAY) ? array->is.first : NULL;
}

unsigned int tlsrpt_value_count(const tlsrpt_value *array)
{
    return tlsrpt_value_is(array, TLSRPT_ARRAY) ? array->count : 0;
}
