/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <string.h>

#include <apr_strings.h>

#include "policy_text_fixture.h"
#include "record_fixture.h"

/* Changes that editors, web pages, DNS panels, shells and zone files make to a text: one finding
 * names the change, quotes the original text, and shows the intended lines. */

#define GOOD VERSION MODE MX MAX_AGE

typedef struct altered_case {
    const char *text;
    apr_size_t len;
    const char *said;  /* in the message */
    const char *typed; /* the original text in the message, or NULL */
    const char *fix;   /* in the fix */
} altered_case;

#define ALL                                                                                        \
    "write \"version: STSv1\", \"mode: enforce\", \"mx: mx1.example.com\", \"max_age: 604800\", "  \
    "each on a line of its own"

static const altered_case policies[] = {
    /* encodings */
    {BYTES("\xff\xfev\0e\0r\0s\0i\0o\0n\0:\0S\0T\0S\0v\0001\0\n\0m\0o\0d\0e\0:\0n\0o\0n\0e\0\n\0m\0"
           "x\0:\0a\0.\0b\0\n\0m\0a\0x\0_\0a\0g\0e\0:\0001\0\n\0"),
     "is encoded in UTF-16", NULL, "\"mx: a.b\""},
    {BYTES("\0v\0e\0r\0s\0i\0o\0n\0:\0S\0T\0S\0v\0001\0\n\0m\0o\0d\0e\0:\0n\0o\0n\0e\0\n\0m\0x\0:"
           "\0a\0."
           "\0b\0\n\0m\0a\0x\0_\0a\0g\0e\0:\0001\0\n"),
     "is encoded in UTF-16", NULL, "\"mx: a.b\""},
    {BYTES(VERSION "mode: \x93"
                   "enforce\x94\r\n" MX MAX_AGE),
     "encoded in Windows-1252", NULL, "write \"mode: enforce\""},
    {BYTES("version: STSv1\rmode: enforce\rmx: mx1.example.com\rmax_age: 604800\r"),
     "lines that end with CR alone", NULL, ALL},
    {BYTES("version: STSv1\r\r\nmode: enforce\r\r\nmx: mx1.example.com\r\r\nmax_age: 604800\r\r\n"),
     "lines that end with CR alone", NULL, ALL},
    /* characters */
    {BYTES(VERSION "mode:\xc2\xa0"
                   "enforce\r\n" MX MAX_AGE),
     "a no-break space (U+00A0)",
     "mode:\xc2\xa0"
     "enforce",
     "write \"mode: enforce\""},
    {BYTES(VERSION MODE "mx: mx1.exam\xe2\x80\x8bple.com\r\n" MAX_AGE),
     "an invisible character (U+200B)", NULL, "write \"mx: mx1.example.com\""},
    {BYTES(VERSION MODE "mx: mx\xe2\x80\x93"
                        "1.example.com\r\n" MAX_AGE),
     "a dash instead of a hyphen (U+2013)", NULL, "write \"mx: mx-1.example.com\""},
    {BYTES(VERSION "mode: \xe2\x80\x9c"
                   "enforce\xe2\x80\x9d\r\n" MX MAX_AGE),
     "typographic quotation marks (U+201C)",
     "\xe2\x80\x9c"
     "enforce",
     "write \"mode: enforce\""},
    {BYTES("version\xef\xbc\x9aSTSv1\r\n" MODE MX MAX_AGE), "a full-width character (U+FF1A)", NULL,
     "write \"version: STSv1\""},
    /* escapes */
    {BYTES(
         "version&#58; STSv1<br>mode&#58; enforce<br/>mx&colon; mx1.example.com<br />max_age&#x3a; "
         "604800"),
     "is escaped for HTML", "version&#58; STSv1", ALL},
    {BYTES("version=3A STSv1=\r\n\r\nmode=3A enforce\r\nmx=3A mx1.example.com\r\nmax_age=3D604800"),
     "is encoded as quoted-printable", NULL, "\"mode: enforce\""},
    {BYTES("version%3A%20STSv1%0Amode%3A%20enforce%0Amx%3A+mx1.example.com%0Amax_age%3A%20604800"),
     "is percent-encoded, as in a URL", NULL, ALL},
    {BYTES("version: STSv1\\nmode: enforce\\nmx: mx1.example.com\\nmax\\_age: 604800"),
     "contains backslash escapes", "max\\_age", ALL},
    /* separators */
    {BYTES("version: STSv1; mode: enforce; mx: mx1.example.com; max_age: 604800;"),
     "contains \";\"", "version: STSv1; mode: enforce", ALL},
    {BYTES("version: STSv1 mode: enforce mx: mx1.example.com max_age: 604800"),
     "several fields on one line", NULL, ALL},
    {BYTES("version:STSv1,mode:enforce,mx:mx1.example.com,max_age:604800"), "contains a comma",
     NULL, ALL},
    /* spelling of fields */
    {BYTES("version = STSv1\nmode = enforce\nmx = mx1.example.com\nmax_age = 604800\n"),
     "\"=\" after the field names instead of \":\"", "version = STSv1", ALL},
    {BYTES(VERSION MODE MX "max-age: 604800\r\n"), "spells \"max_age\" as \"max-age\"",
     "max-age: 604800", "write \"max_age: 604800\""},
    {BYTES(VERSION "MODE: enforce\r\nMX: mx1.example.com\r\nMaxAge: 604800\r\n"),
     "spells \"mode\" as \"MODE\", spells \"mx\" as \"MX\" and spells \"max_age\" as \"MaxAge\"",
     "MODE: enforce", "write \"mode: enforce\", \"mx: mx1.example.com\", \"max_age: 604800\""},
    {BYTES("  version: STSv1\r\n  mode: enforce\r\n  mx: mx1.example.com\r\n  max_age: 604800\r\n"),
     "lines that start with a blank", NULL, ALL},
    /* other notations */
    {BYTES("{\"version\": \"STSv1\", \"mode\": \"enforce\", \"mx\": [\"mx1.example.com\"], "
           "\"max_age\": 604800}"),
     "is JSON", "{\"version\": \"STSv1\"", ALL},
    {BYTES("---\nversion: STSv1\nmode: enforce\nmx:\n  - mx1.example.com\n  - b.example.com\n"
           "max_age: 604800\n"),
     "YAML document markers", "---", "\"mx: mx1.example.com\", \"mx: b.example.com\""},
    {BYTES("v: STSv1\nmode: enforce\nmx: mx1.example.com\nmax_age: 604800\n"),
     "spells \"version\" as \"v\"", "v: STSv1", "write \"version: STSv1\""},
    {BYTES("version: STSv1\nmode: enforced\nmx: mx1.example.com\nmax-age: 1 year\n"),
     "spells \"enforce\" as \"enforced\", spells \"max_age\" as \"max-age\" and has a max_age that "
     "is not in seconds",
     "mode: enforced", "write \"mode: enforce\", \"max_age: 31536000\""},
    {BYTES("version: STSv1\nmode: report\nmx_hosts: mx1.example.com:25\nttl: 604800\n"),
     "has \"mx1.example.com:25\" instead of a host name", "mode: report",
     "write \"mode: testing\", \"mx: mx1.example.com\", \"max_age: 604800\""},
    {BYTES("version: STSv1\nmode: testing\nmx: mx1.example.com:\xf2\x1b\nmax_age: 604800\n"),
     "has \"mx1.example.com:\\xf2\\x1b\" instead of a host name", NULL,
     "write \"mx: mx1.example.com\""},
    {BYTES("```\n" GOOD "```\n"), "Markdown code fences", "```", "remove the lines \"```\""},
    {BYTES("+version: STSv1\n+mode: enforce\n+mx: mx1.example.com\n+max_age: 604800\n"),
     "diff marks", "+version: STSv1", ALL},
    {BYTES("version:: STSv1\nmode => enforce\nmx:= mx1.example.com\nmax_age:: 604800\n"),
     "has more than \":\" after the field names", "version:: STSv1", ALL},
    {BYTES("v=STSv1\r\n" MODE MX MAX_AGE), "spells \"version\" as \"v\"", "v=STSv1",
     "write \"version: STSv1\""},
    {BYTES("\"version: STSv1\"\n\"mode: enforce\"\n\"mx: mx1.example.com\"\n\"max_age: 604800\"\n"),
     "contains quotation marks", "'\"version: STSv1\"'", ALL},
};

static void
test_a_changed_policy_has_one_finding_that_names_the_change_and_the_right_lines(void **state)
{
    size_t i;

    for (i = 0; i < COUNT(policies); i++) {
        const altered_case *row = &policies[i];
        outcome result = read_text(*state, row->text, row->len);
        const mta_sts_finding *finding = mta_sts_findings_at(result.findings, 0);

        if (result.findings->list->nelts != 1 || strcmp(finding->id, "text-altered") != 0 ||
            finding->severity != MTA_STS_ERROR || !strstr(finding->message, row->said) ||
            (row->typed && !strstr(finding->message, row->typed)) ||
            !strstr(finding->fix, row->fix)) {
            fail_msg("row %d: %s\nfirst: %s\n       %s", (int)i,
                     findings_summary(*state, result.findings), finding->message, finding->fix);
        }
    }
}

/* A repair never makes the text valid for senders. */
static void test_a_changed_policy_stays_invalid(void **state)
{
    outcome result =
        read_text(*state, BYTES("version: STSv1; mode: enforce; mx: a.example.com; max_age: 1"));

    assert_int_equal(result.policy->mode, MTA_STS_MODE_UNSET);
    assert_int_equal(result.policy->mx->nelts, 0);
}

static void test_a_wrong_value_keeps_its_finding_and_its_fix_is_the_right_line(void **state)
{
    static const struct {
        const char *text, *id, *said, *fix;
    } cases[] = {
        {VERSION MODE "mx: a.example.com, b.example.com\r\n" MAX_AGE, "mx-invalid", "a comma",
         "write \"mx: a.example.com\", \"mx: b.example.com\", each on a line of its own"},
        {VERSION MODE "mx: a.example.com b.example.com\r\n" MAX_AGE, "mx-invalid", "a blank",
         "write \"mx: a.example.com\", \"mx: b.example.com\", each on a line of its own"},
        {VERSION MODE "mx: 10 a.example.com.\r\n" MAX_AGE, "mx-invalid", "",
         "write \"mx: a.example.com\""},
        {VERSION MODE "mx: a.b\xc3\xbc"
                      "cher.example\r\n" MAX_AGE,
         "mx-invalid", "A-labels", "write \"mx: a.xn--bcher-kva.example\""},
        {VERSION "mode: Enforce\r\n" MX MAX_AGE, "mode-unknown", "Enforce",
         "write \"mode: enforce\""},
        {"version: STSv1;\r\n" MODE MX MAX_AGE, "version-unknown", "STSv1;",
         "write \"version: STSv1\""},
        {VERSION MODE MX "max_age: 1 week\r\n", "max-age-malformed", "1 week",
         "write \"max_age: 604800\""},
        {VERSION MODE MX "max_age: 604,800\r\n", "max-age-malformed", "604,800",
         "write \"max_age: 604800\""},
        {VERSION "mode: enforcing\r\n" MX MAX_AGE, "mode-unknown", "enforcing",
         "write \"mode: enforce\""},
        {VERSION MODE "mx: *example.com\r\n" MAX_AGE, "mx-invalid", "*example.com",
         "write \"mx: *.example.com\""},
        {VERSION MODE "mx: .example.com\r\n" MAX_AGE, "mx-invalid", ".example.com",
         "write \"mx: *.example.com\""},
        {VERSION MODE "mx: smtp://mx1.example.com:25\r\n" MAX_AGE, "mx-invalid", "smtp://",
         "write \"mx: mx1.example.com\""},
        {VERSION MODE "mx: postmaster@mx1.example.com\r\n" MAX_AGE, "mx-invalid", "a mail address",
         "write \"mx: mx1.example.com\""},
        {VERSION MODE MX "max_age: 2 months\r\n", "max-age-malformed", "2 months",
         "write \"max_age: 5184000\""},
        {VERSION MODE MX "max_age: 604800s\r\n", "max-age-malformed", "604800s",
         "write \"max_age: 604800\""},
        {VERSION "mode: 'enforce'\r\n" MX MAX_AGE, "mode-unknown", "'enforce'",
         "write \"mode: enforce\""},
        {VERSION MODE "mx: a.example.com/b.example.com\r\n" MAX_AGE, "mx-invalid", "a path",
         "write \"mx: a.example.com\", \"mx: b.example.com\", each on a line of its own"},
        {VERSION MODE "mx: [mx1.example.com]\r\n" MAX_AGE, "mx-invalid", "in square brackets",
         "write \"mx: mx1.example.com\""},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        outcome result = read_text(*state, cases[i].text, strlen(cases[i].text));
        const mta_sts_finding *finding = mta_sts_findings_at(result.findings, 0);

        if (strcmp(finding->id, cases[i].id) != 0 || !strstr(finding->message, cases[i].said) ||
            strcmp(finding->fix, cases[i].fix) != 0) {
            fail_msg("row %d: %s: %s\n    %s", (int)i, finding->id, finding->message, finding->fix);
        }
    }
}

static void test_a_text_that_is_no_policy_is_named_as_what_it_is(void **state)
{
    static const struct {
        const char *text, *said;
    } cases[] = {
        {"v=STSv1; id=20260101;", "the text of the MTA-STS record"},
        {"\"v=stsv1; id=1\"\n", "the text of the MTA-STS record"},
        {"v=TLSRPTv1; rua=mailto:a@example.com", "the text of the TLSRPT record"},
        {"\xef\xbb\xbf<!doctype html>\n<html><body>" GOOD, "an HTML page"},
        {"\n\n<HTML>", "an HTML page"},
        {"Not found\n", "a text without version, mode"},
        {"{\"error\": \"not found\"}", "a text without version, mode"},
        {"example.com. IN MX 10 mx1.example.com.\n", "a text without version, mode"},
        {"<policy><name>example.com</name></policy>\n", "a text without version, mode"},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        outcome result = read_text(*state, cases[i].text, strlen(cases[i].text));

        assert_string_equal(findings_summary(*state, result.findings), "error policy-other-text@0");
        assert_non_null(strstr(mta_sts_findings_at(result.findings, 0)->message, cases[i].said));
    }
}

typedef struct altered_record {
    const char *text, *said, *fix;
} altered_record;

static void check_records(void **state, read_function *read, const altered_record *cases,
                          size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        mta_sts_findings *findings = mta_sts_findings_make(*state);
        const char *result = read(*state, lines_of(*state, cases[i].text), findings);
        const mta_sts_finding *finding = mta_sts_findings_at(findings, 0);

        assert_null(result);
        assert_findings_are_printable(findings);
        if (findings->list->nelts != 1 || !strstr(finding->message, cases[i].said) ||
            strcmp(finding->fix, apr_pstrcat(*state, "publish \"", cases[i].fix, "\"", NULL)) !=
                0) {
            fail_msg("%s: %s\nfirst: %s\n       %s", cases[i].text,
                     findings_summary(*state, findings), finding->message, finding->fix);
        }
    }
}

static void
test_a_changed_mta_sts_record_has_one_finding_with_the_record_that_was_meant(void **state)
{
    static const altered_record cases[] = {
        {"v=STSv1\\; id=20260101\\;", "\"v=STSv1\\; id=20260101\\;\" contains backslash escapes",
         "v=STSv1; id=20260101;"},
        {"v=STSv1\\059 id=7", "contains backslash escapes", "v=STSv1; id=7;"},
        {"v=STSv1&#59; id=7", "is escaped for HTML", "v=STSv1; id=7;"},
        {"\"v=STSv1; id=7\"", "'\"v=STSv1; id=7\"' contains quotation marks", "v=STSv1; id=7;"},
        {"\"\"v=STSv1; id=7;\"\"", "contains quotation marks", "v=STSv1; id=7;"},
        {"\\\"v=STSv1; id=7;\\\"", "contains backslash escapes", "v=STSv1; id=7;"},
        {"'v=STSv1; id=7;'", "contains quotation marks", "v=STSv1; id=7;"},
        {"\"v=STSv1;\" \"id=7;\"", "contains quotation marks", "v=STSv1; id=7;"},
        {"\xe2\x80\x9cv=STSv1; id=7;\xe2\x80\x9d", "typographic quotation marks (U+201C)",
         "v=STSv1; id=7;"},
        {"v=STSv1;\xc2\xa0id=7;", "a no-break space (U+00A0)", "v=STSv1; id=7;"},
        {"\xe2\x80\x8bv=STSv1; id=7;", "an invisible character (U+200B)", "v=STSv1; id=7;"},
        {"\xef\xbb\xbfv=STSv1; id=7;", "a byte order mark (U+FEFF)", "v=STSv1; id=7;"},
        {"v=3DSTSv1; id=3D20", "is encoded as quoted-printable", "v=STSv1; id=20;"},
        {"v%3DSTSv1%3B%20id%3D7", "is percent-encoded, as in a URL", "v=STSv1; id=7;"},
        {"v=STSv1, id=7", "no \";\" between its fields", "v=STSv1; id=7;"},
        {"v=STSv1 id=7", "no \";\" between its fields", "v=STSv1; id=7;"},
        {"v=STSv1 ; id=7", "a blank before the first \";\"", "v=STSv1; id=7;"},
        {" v=STSv1; id=7", "starts with a blank", "v=STSv1; id=7;"},
        {"V=STSV1; ID=7", "spells \"v=STSv1\" as \"V=STSV1\" and spells \"id=\" as \"ID=\"",
         "v=STSv1; id=7;"},
        {"v = STSv1; id = 7", "spells \"v=STSv1\" as \"v = STSv1\"", "v=STSv1; id=7;"},
        {"version: STSv1; id: 7", "spells \"v=STSv1\" as \"version: STSv1\"", "v=STSv1; id=7;"},
        {"V=STSv1;\tid=7;", "spells \"v=STSv1\" as \"V=STSv1\"", "v=STSv1; id=7;"},
        {"v=MTA-STSv1; id=7", "spells \"v=STSv1\" as \"v=MTA-STSv1\"", "v=STSv1; id=7;"},
        {"STSv1; id=7", "spells \"v=STSv1\" as \"STSv1\"", "v=STSv1; id=7;"},
        {"v=STSv1.0; id=7", "spells \"v=STSv1\" as \"v=STSv1.0\"", "v=STSv1; id=7;"},
        {"v=STSv1; id=2026-01-01T00:00:00", "is not 1 to 32 letters and digits",
         "v=STSv1; id=20260101T000000;"},
        {"id=7; v=STSv1;", "does not begin with \"v=STSv1\"", "v=STSv1; id=7;"},
        {"id=7", "does not begin with \"v=STSv1\"", "v=STSv1; id=7;"},
        {"v=STSv1;; id=7;;", "nothing between two semicolons", "v=STSv1; id=7;"},
        {"v=STSv1; id==7;", "is not 1 to 32 letters and digits", "v=STSv1; id=7;"},
        {"_mta-sts.example.com. 300 IN TXT \"v=STSv1; id=7;\"", "is a whole line of a zone file",
         "v=STSv1; id=7;"},
    };

    check_records(state, mta_sts_record_read, cases, COUNT(cases));
}

static void
test_a_changed_tlsrpt_record_has_one_finding_with_the_record_that_was_meant(void **state)
{
    static const altered_record cases[] = {
        {"v=TLSRPTv1; rua=mailto: a@b.example", "contains a blank",
         "v=TLSRPTv1; rua=mailto:a@b.example"},
        {"v=TLSRPTv1; rua=mailto:<a@b.example>", "contains angle brackets",
         "v=TLSRPTv1; rua=mailto:a@b.example"},
        {"v=TLSRPTv1; rua=mailto:a@b.example mailto:c@d.example", "separate",
         "v=TLSRPTv1; rua=mailto:a@b.example,mailto:c@d.example"},
        {"v=TLSRPTv1; rua=mailto:a@b.examplemailto:c@d.example", "a second report address",
         "v=TLSRPTv1; rua=mailto:a@b.example,mailto:c@d.example"},
        {"v=TLSRPTv1; rua=mailto:a@b\xc3\xbc"
         "cher.example",
         "A-labels", "v=TLSRPTv1; rua=mailto:a@xn--bcher-kva.example"},
        {"v=TLSRPTv1; rua=mailto:a@b.example.", "ends with a dot",
         "v=TLSRPTv1; rua=mailto:a@b.example"},
        {"v=TLSRPTv1; rua=a@b.example", "without \"mailto:\"",
         "v=TLSRPTv1; rua=mailto:a@b.example"},
        {"v=TLSRPTv1; rua=mailto:a@b.example; mailto:c@d.example",
         "outside of rua=", "v=TLSRPTv1; rua=mailto:a@b.example,mailto:c@d.example"},
        {"v=TLSRPTv1; rua=mailto:a@b.example!10m", "contains \"!\"",
         "v=TLSRPTv1; rua=mailto:a@b.example"},
        {"v=TLSRPTv1; rua=\"mailto:a@b.example\"", "contains quotation marks",
         "v=TLSRPTv1; rua=mailto:a@b.example"},
        {"v=TLSRPTv1\\; rua=mailto:a@b.example\\,mailto:c@d.example", "contains backslash escapes",
         "v=TLSRPTv1; rua=mailto:a@b.example,mailto:c@d.example"},
        {"v=TLSRPT1; rua=mailto:a@b.example", "spells \"v=TLSRPTv1\" as \"v=TLSRPT1\"",
         "v=TLSRPTv1; rua=mailto:a@b.example"},
        {"TLSRPTv1;rua=mailto:a@b.example", "spells \"v=TLSRPTv1\" as \"TLSRPTv1\"",
         "v=TLSRPTv1; rua=mailto:a@b.example"},
        {"v=TLS-RPTv1; rua=mailto:a@b.example", "spells", "v=TLSRPTv1; rua=mailto:a@b.example"},
        {"v=TLSRPTv1; rua=mailto://a@b.example",
         "contains \"//\" after mailto:", "v=TLSRPTv1; rua=mailto:a@b.example"},
        {"v=TLSRPTv1; rua=b.example/t", "without \"https://\"",
         "v=TLSRPTv1; rua=https://b.example/t"},
        {"v=TLSRPTv1; rua=mailto:a@b.example;c@d.example",
         "outside of rua=", "v=TLSRPTv1; rua=mailto:a@b.example,mailto:c@d.example"},
        {"v=TLSRPTv1; rua=mailto:a@b.example&mailto:c@d.example", "a second report address",
         "v=TLSRPTv1; rua=mailto:a@b.example,mailto:c@d.example"},
        {"v=TLSRPTv1; rua=mailto:TLS Team <a@b.example>", "contains a blank, which",
         "v=TLSRPTv1; rua=mailto:a@b.example"},
        {"v=TLSRPTv1; rua=mailto:a@b.example?subject=TLS report", "contains a blank, which",
         "v=TLSRPTv1; rua=mailto:a@b.example?subject=TLS%20report"},
        {"v=TLSRPTv1; rua=mailto:a@b.example/", "a path", "v=TLSRPTv1; rua=mailto:a@b.example"},
        {"rua=mailto:a@b.example", "does not begin with \"v=TLSRPTv1\"",
         "v=TLSRPTv1; rua=mailto:a@b.example"},
        {"v=TLSRPTv1; rua=3Dmailto:a@b.example", "is encoded as quoted-printable",
         "v=TLSRPTv1; rua=mailto:a@b.example"},
    };

    check_records(state, read_tlsrpt, cases, COUNT(cases));
}

static void test_an_unknown_scheme_has_the_record_that_was_meant_as_its_fix(void **state)
{
    static const struct {
        const char *text, *fix;
    } cases[] = {
        {"v=TLSRPTv1; rua=mail:a@b.example", "publish \"v=TLSRPTv1; rua=mailto:a@b.example\""},
        {"v=TLSRPTv1; rua=http://b.example/t", "publish \"v=TLSRPTv1; rua=https://b.example/t\""},
        {"v=TLSRPTv1; rua=https:/b.example/t", "publish \"v=TLSRPTv1; rua=https://b.example/t\""},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        mta_sts_findings *findings = mta_sts_findings_make(*state);

        assert_null(read_tlsrpt(*state, lines_of(*state, cases[i].text), findings));
        assert_string_equal(findings_summary(*state, findings),
                            "warning rua-scheme@0, error rua-missing@0");
        assert_string_equal(mta_sts_findings_at(findings, 1)->fix, cases[i].fix);
    }
}

static void test_a_list_of_report_addresses_is_read_as_it_is_in_a_record(void **state)
{
    static const struct {
        const char *typed, *uris;
    } cases[] = {
        {"mailto:a@b.example", "mailto:a@b.example"},
        {"mailto:a@b.example,https://c.example/t", "mailto:a@b.example https://c.example/t"},
        {" mailto:a@b.example , https://c.example/t ", "mailto:a@b.example https://c.example/t"},
        {"mailto:a@b.example?subject=x,y", "mailto:a@b.example?subject=x%2Cy"},
        {"mailto:a@b\xc3\xbc"
         "cher.example",
         "mailto:a@xn--bcher-kva.example"},
        {"https://b\xc3\xbc"
         "cher.example/t",
         "https://xn--bcher-kva.example/t"},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        apr_array_header_t *rua = apr_array_make(*state, 2, sizeof(const char *));

        assert_null(mta_sts_rua_parse_list(*state, cases[i].typed, rua));
        assert_string_equal(apr_array_pstrcat(*state, rua, ' '), cases[i].uris);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_a_changed_policy_has_one_finding_that_names_the_change_and_the_right_lines),
        POOL_TEST(test_a_changed_policy_stays_invalid),
        POOL_TEST(test_a_wrong_value_keeps_its_finding_and_its_fix_is_the_right_line),
        POOL_TEST(test_a_text_that_is_no_policy_is_named_as_what_it_is),
        POOL_TEST(test_a_changed_mta_sts_record_has_one_finding_with_the_record_that_was_meant),
        POOL_TEST(test_a_changed_tlsrpt_record_has_one_finding_with_the_record_that_was_meant),
        POOL_TEST(test_an_unknown_scheme_has_the_record_that_was_meant_as_its_fix),
        POOL_TEST(test_a_list_of_report_addresses_is_read_as_it_is_in_a_record),
    };

    return RUN_POOL_TESTS(tests);
}
