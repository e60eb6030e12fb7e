/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "tlsrpt/advice/explain.h"

/* Whether a text that strangers wrote in part is safe in a terminal. */
static void check_shown(const char *text)
{
    CHECK(!text || is_printable(text));
}

/* The next line of a text, which is cut there; NULL if there is none, or it is empty. */
static const char *next_member(char **text)
{
    char *member = *text, *lf = member ? strchr(member, '\n') : NULL;

    *text = lf ? lf + 1 : NULL;
    if (lf) {
        *lf = '\0';
    }
    return member && *member ? member : NULL;
}

/* What a report contains about a failure, one member on each line, then a policy. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *p = fuzz_pool_make();
    char *text = apr_pstrmemdup(p, (const char *)data, size);
    apr_array_header_t *policies = apr_array_make(p, 1, sizeof(const char *));
    tlsrpt_facts facts = {.domain = "example.com", .policies = policies};
    const tlsrpt_explanation *found;

    facts.result_type = next_member(&text);
    facts.reason = next_member(&text);
    facts.policy_type = next_member(&text);
    facts.mx = next_member(&text);
    facts.ip = next_member(&text);
    facts.domain = size % 2 ? next_member(&text) : facts.domain;
    if (text) {
        APR_ARRAY_PUSH(policies, const char *) = text;
    }
    found = tlsrpt_explain(p, &facts);
    CHECK(found && is_printable(found->cause) && is_printable(found->what));
    check_shown(found->action);
    check_shown(found->command);
    CHECK(!found->command || !strpbrk(found->command, "`$\n"));
    check_shown(tlsrpt_where_text(p, found, 2));
    text = apr_pstrdup(p, facts.policy_type ? tlsrpt_policy_type_text(p, facts.policy_type) : "");
    CHECK(!*text || is_printable(text));
    apr_pool_destroy(p);
    return 0;
}
