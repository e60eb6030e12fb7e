/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_NAME_FIXTURE_H
#define TESTS_UNIT_NAME_FIXTURE_H

#include <string.h>

#include <apr_strings.h>

#include "core/base/name.h"
#include "findings_fixture.h"

/* Tables of names that are accepted or rejected, for all functions that parse names. */

/* Labels and names of exact lengths. */
#define BYTES_9 "abcdefgh1"
#define BYTES_63 BYTES_9 BYTES_9 BYTES_9 BYTES_9 BYTES_9 BYTES_9 BYTES_9
#define BYTES_191 BYTES_63 "." BYTES_63 "." BYTES_63

/* A host name with a length of `bytes` (about 200 to 255) that ends with tail. */
static inline const char *make_name(apr_pool_t *p, const char *tail, apr_size_t bytes)
{
    return apr_pstrcat(p, BYTES_191 ".", apr_pstrndup(p, BYTES_63, bytes - 192 - strlen(tail)),
                       tail, NULL);
}

typedef struct name_case {
    const char *text;
    const char *result; /* the canonical form, or for a rejected text a part of the error */
} name_case;

typedef const char *parse_function(apr_pool_t *p, const char *text, mta_sts_name_form form,
                                   const char **name);

static inline const char *parse_domain(apr_pool_t *p, const char *text, mta_sts_name_form form,
                                       const char **domain)
{
    (void)form;
    return mta_sts_name_parse_domain(p, text, domain);
}

static inline void check_accepted(apr_pool_t *p, parse_function *parse, mta_sts_name_form form,
                                  const name_case *cases, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        const char *name = NULL, *again = NULL;
        const char *error = parse(p, cases[i].text, form, &name);

        if (error) {
            fail_msg("\"%s\" is refused: %s", cases[i].text, error);
        }
        assert_string_equal(name, cases[i].result);
        /* The canonical form is a fixed point, and ASCII. */
        assert_null(parse(p, name, MTA_STS_NAME_ALABEL, &again));
        assert_string_equal(again, name);
    }
}

static inline void check_refused(apr_pool_t *p, parse_function *parse, mta_sts_name_form form,
                                 const name_case *cases, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        const char *name = "untouched";
        const char *error = parse(p, cases[i].text, form, &name);

        if (!error) {
            fail_msg("\"%s\" is accepted as \"%s\"", cases[i].text, name);
        }
        if (!strstr(error, cases[i].result)) {
            fail_msg("\"%s\": \"%s\" is expected in: %s", cases[i].text, cases[i].result, error);
        }
        if (!is_printable(error)) {
            fail_msg("the error about row %d cannot be shown: %s", (int)i, error);
        }
        assert_string_equal(name, "untouched");
    }
}

#endif
