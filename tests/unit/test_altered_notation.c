/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <string.h>

#include <apr_strings.h>

#include "policy_text_fixture.h"
#include "record_fixture.h"

/* Texts in another notation: of mails, tables, zone files, spreadsheets, Markdown and the shell.
 * One finding names it; its fix shows the right lines, in which nothing but real names is an MX
 * host. */

#define LINES                                                                                      \
    "version: STSv1\nmode: testing\nmx: a.example.com\nmx: b.example.com\nmax_age: 604800\n"
#define WITH_MX(line) "version: STSv1\nmode: testing\n" line "\nmax_age: 604800\n"
#define WITH_AGE(age) "version: STSv1\nmode: testing\nmx: a.example.com\nmax_age: " age "\n"
#define WRITE                                                                                      \
    "write \"version: STSv1\", \"mode: testing\", \"mx: a.example.com\", \"max_age: 604800\", "    \
    "each on a line of its own"
#define BOTH "write \"mx: a.example.com\", \"mx: b.example.com\", each on a line of its own"
#define ONE "write \"mx: a.example.com\""
#define WEEK "write \"max_age: 604800\""

typedef struct notation_case {
    const char *text, *said, *fix;
} notation_case;

static const notation_case policies[] = {
    /* around the lines */
    {"> version: STSv1\n> mode: testing\n> mx: a.example.com\n> max_age: 604800\n",
     "has email quote marks in front of its lines", WRITE},
    {"  1  version: STSv1\n  2  mode: testing\n  3  mx: a.example.com\n  4  max_age: 604800\n",
     "has line numbers", WRITE},
    {"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n" LINES,
     "starts with the headers of an HTTP response",
     "remove the lines \"HTTP/1.1 200 OK\", \"Content-Type: text/plain\" and the empty lines"},
    {"cat > mta-sts.txt <<EOF\n" LINES "EOF\n", "contains the shell command",
     "remove the lines \"cat > mta-sts.txt <<EOF\", \"EOF\""},
    {"cat > mta-sts.txt <<-'END'\n" LINES "END\n", "contains the shell command",
     "remove the lines \"cat > mta-sts.txt <<-'END'\", \"END\""},
    {"version: STSv1\n\nmode: testing\n\nmx: a.example.com\n\nmax_age: 604800\n\n",
     "has an empty line after each line", "remove the empty lines"},
    {"```\n" LINES "```\n", "Markdown code fences", "remove the lines \"```\""},
    {"**version:** STSv1\n**mode:** testing\n**mx:** a.example.com\n**max_age:** 604800\n",
     "contains Markdown asterisks", WRITE},
    {"MTASTSMode testing\nMTASTSMx a.example.com\nMTASTSMaxAge 1w\n",
     "contains httpd directives instead of the policy that they publish", WRITE},
    {"<IfModule mod_mta_sts.c>\n  <MTASTSPolicy example.com>\n    mtastsmode Testing\n"
     "    MTASTSMx a.example.com\n  </MTASTSPolicy>\n</IfModule>\n",
     "contains httpd directives instead of the policy that they publish", WRITE},
    {"echo 'version: STSv1\nmode: testing\nmx: a.example.com\nmax_age: 604800' > f",
     "contains the shell command",
     "write \"version: STSv1\", \"max_age: 604800\", each on a line of "
     "its own"},
    {"printf 'version: STSv1\\nmode: testing\\nmx: a.example.com\\nmax_age: 604800\\n' > f",
     "contains the shell command", WRITE},
    {"echo \"version: STSv1\" > f\necho \"mode: testing\" >> f\necho mx: a.example.com >> f\n"
     "echo 'max_age: 604800' >> f\n",
     "contains the shell command", WRITE},
    {"$'version: STSv1\\nmode: testing\\nmx: a.example.com\\nmax_age: 604800'",
     "contains the shell command", WRITE},
    {"return 200 \"version: STSv1\\nmode: testing\\nmx: a.example.com\\nmax_age: 604800\\n\";",
     "contains the directive of a web server", WRITE},
    {"$ cat mta-sts.txt\n" LINES, "", "remove the lines \"$ cat mta-sts.txt\""},
    {"; for example.com\n" LINES, "", "remove the lines \"; for example.com\""},
    {"REM for example.com\n" LINES, "", "remove the lines \"REM for example.com\""},
    {"<!-- for example.com -->\n" LINES, "", "remove the lines \"<!-- for example.com -->\""},
    {"-----BEGIN POLICY-----\n" LINES "-----END POLICY-----\n", "contains a heading",
     "remove the lines \"-----BEGIN POLICY-----\", \"-----END POLICY-----\""},
    {"[policy]\nversion=STSv1\nmode=testing\nmx=a.example.com\nmax_age=604800\n",
     "contains a heading and has \"=\" after the field names", WRITE},
    {LINES "\n-- \nThe postmaster\n", "ends with an email signature",
     "remove the lines \"-- \", \"The postmaster\" and the empty lines"},
    {"Subject: the policy\nFrom: a@example.com\n\n" LINES, "starts with a header",
     "remove the lines \"Subject: the policy\", \"From: a@example.com\" and the empty lines"},
    {"<?xml version=\"1.0\"?><policy><version>STSv1</version><mode>testing</mode>"
     "<mx>a.example.com</mx><max_age>604800</max_age></policy>",
     "is XML", WRITE},
    {"dmVyc2lvbjogU1RTdjEKbW9kZTogdGVzdGluZwpteDogYS5leGFtcGxlLmNvbQptYXhfYWdlOiA2MDQ4MDAK",
     "is encoded in base64", WRITE},
    {"version: STSv1%0Amode: testing%0Amx: a.example.com%0Amax_age: 604800%0A",
     "is percent-encoded, as in a URL", WRITE},
    {"version: STSv1 / mode: testing / mx: a.example.com / max_age: 604800 /",
     "has several fields on one line", WRITE},
    {"version:\xc2\xb7STSv1\xc2\xb6\nmode:\xc2\xb7testing\xc2\xb6\nmx:\xc2\xb7"
     "a.example.com\xc2\xb6\nmax_age:\xc2\xb7"
     "604800\xc2\xb6\n",
     "contains an editor's mark for a blank (U+00B7) and contains an editor's mark for a line end "
     "(U+00B6)",
     WRITE},
    {"v\xd0\xb5rsion: STSv1\nmod\xd0\xb5: t\xd0\xb5sting\nmx: \xd0\xb0.\xd0\xb5xample.com\nm"
     "\xd0\xb0x_age: 604800\n",
     "contains letters of another alphabet that look like ASCII",
     "write \"version: STSv1\", \"mode: testing\", \"mx: xn--80a.example.com\", "
     "\"max_age: 604800\", each on a line of its own"},
    {"'version: STSv1'\n'mode: testing'\n'mx: a.example.com'\n'max_age: 604800'\n",
     "contains quotation marks", WRITE},
    /* tables */
    {"version - STSv1\nmode - testing\nmx - a.example.com\nmax_age - 604800\n",
     "has \"-\" after its field names instead of \":\"", WRITE},
    {"version,STSv1\nmode,testing\nmx,a.example.com\nmax_age,604800\n",
     "has a comma after its field names instead of \":\"", WRITE},
    {"\"version\",\"STSv1\"\n\"mode\",\"testing\"\n\"mx\",\"a.example.com\"\n\"max_age\","
     "\"604800\"\n",
     "has a comma after its field names instead of \":\"", WRITE},
    {"version\tSTSv1\nmode\ttesting\nmx\ta.example.com\nmax_age\t604800\n",
     "has a tab after its field names instead of \":\"", WRITE},
    {"version STSv1\nmode testing\nmx a.example.com\nmax_age 604800\n",
     "has a blank after its field names instead of \":\"", WRITE},
    {"| version | STSv1 |\n| mode | testing |\n| mx | a.example.com |\n| max_age | 604800 |\n",
     "has \"|\" after its field names instead of \":\"", WRITE},
    /* hosts */
    {WITH_MX("mx: MX 10 a.example.com."), "", ONE},
    {WITH_MX("mx: example.com. 3600 IN MX 10 a.example.com."), "", ONE},
    {WITH_MX("mx: a.example.com and b.example.com"), "", BOTH},
    {WITH_MX("mx: a.example.com (primary)"), "", ONE},
    {WITH_MX("mx: a.example.com # main"), "", ONE},
    {WITH_MX("mx: a.example.com ; remark"), "", ONE},
    {WITH_MX("mx: a.example.com ;the first one"), "", ONE},
    {WITH_MX("mx: a.example.com; b.example.com ; spare"), "", BOTH},
    {WITH_MX("mx: smtp:[a.example.com]"), "is in square brackets", ONE},
    {WITH_MX("mx: ^a\\.example\\.com$"), "has a regular expression", ONE},
    {WITH_MX("MX records: a.example.com"), "spells \"mx\" as \"MX records\"", ONE},
    {WITH_MX("mx[]: a.example.com\nmx[]: b.example.com"), "spells \"mx\" as \"mx[]\"", BOTH},
    {WITH_MX("mx: col\xc2\xb7legi.example"), "", "write \"mx: xn--collegi-xma.example\""},
    {"version: STSv1\nmode: testing.\nmx: a.example.com\nmax_age: 604800\n", "",
     "write \"mode: testing\""},
    {"version: STSv1\nmode: enfore\nmx: a.example.com\nmax_age: 604800\n", "",
     "write \"mode: enforce\""},
    {WITH_MX("mx: a.example[.]com"), "has dots in brackets", ONE},
    {WITH_MX("mx: <a.example.com>"), "", ONE},
    {WITH_MX("mx: [a.example.com](http://a.example.com)"), "contains a Markdown link", ONE},
    {WITH_MX("mx: <a href=\"http://a.example.com\">a.example.com</a>"), "contains an HTML link",
     ONE},
    {WITH_MX("mx: a.example.com%20\nmx: b.example.com%20"), "is percent-encoded, as in a URL",
     BOTH},
    {WITH_MX("mx1: a.example.com\nmx2: b.example.com"),
     "spells \"mx\" as \"mx1\" and spells \"mx\" as \"mx2\"", BOTH},
    /* numbers */
    {WITH_AGE("604800.0"), "", WEEK},
    {WITH_AGE("P7D"), "", WEEK},
    {WITH_AGE("PT168H"), "", WEEK},
    {WITH_AGE("6.048E+05"), "", WEEK},
    {WITH_AGE("6,048E+05"), "", NULL},
    {WITH_AGE("86400*7"), "", WEEK},
    {WITH_AGE("7 * 86400"), "", WEEK},
    {WITH_AGE("604.800"), "", WEEK},
    {WITH_AGE("604'800"), "", WEEK},
    {WITH_AGE("604 800"), "", WEEK},
    {WITH_AGE("1.5"), "", NULL},
    {WITH_AGE("6.048E+09"), "", NULL},
    {WITH_AGE("86400*"), "", NULL},
    {WITH_AGE("0E99999999999999999999"), "", NULL},
    {WITH_AGE("1E-99999999999999999999"), "", NULL},
    {WITH_AGE("86400*7*1*1*1*1*1*1*1*1*1*1*1*1*1*1*1"), "", NULL},
    {WITH_AGE("99999999*99999999"), "", NULL},
    {WITH_AGE("604800 # a week"), "", WEEK},
    {WITH_AGE("604800 (a week)"), "", WEEK},
};

static void test_a_policy_in_another_notation_has_one_finding_with_the_right_lines(void **state)
{
    size_t i;

    for (i = 0; i < COUNT(policies); i++) {
        const notation_case *row = &policies[i];
        outcome result = read_text(*state, row->text, strlen(row->text));
        const mta_sts_finding *finding = mta_sts_findings_at(result.findings, 0);

        if (mta_sts_findings_count(result.findings, MTA_STS_ERROR) != 1 ||
            finding->severity != MTA_STS_ERROR || !strstr(finding->message, row->said) ||
            (row->fix && (!finding->fix || strcmp(finding->fix, row->fix) != 0)) ||
            (!row->fix && finding->fix && strstr(finding->fix, "write \"max_age"))) {
            fail_msg("row %d: %s\nfirst: %s\n       %s", (int)i,
                     findings_summary(*state, result.findings), finding->message,
                     finding->fix ? finding->fix : "");
        }
    }
}

/* A text in UTF-32. */
static const char *widen(apr_pool_t *p, const char *text, int is_low_first, int has_mark,
                         apr_size_t *len)
{
    char *wide = apr_pcalloc(p, 4 * strlen(text) + 4), *at = wide;

    if (has_mark) {
        memcpy(at, is_low_first ? "\xff\xfe\0\0" : "\0\0\xfe\xff", 4);
        at += 4;
    }
    for (; *text; text++, at += 4) {
        at[is_low_first ? 0 : 3] = *text;
    }
    *len = (apr_size_t)(at - wide);
    return wide;
}

static void test_a_policy_in_utf32_is_named_as_that(void **state)
{
    int i;

    for (i = 0; i < 4; i++) {
        apr_size_t len;
        const char *text = widen(*state,
                                 "version: STSv1\nmode: testing\nmx: a.example.com\n"
                                 "max_age: 604800\n",
                                 i & 1, i & 2, &len);
        outcome result = read_text(*state, text, len);
        const mta_sts_finding *finding = mta_sts_findings_at(result.findings, 0);

        assert_int_equal(result.findings->list->nelts, 1);
        assert_non_null(strstr(finding->message, "is encoded in UTF-32"));
        assert_string_equal(finding->fix, WRITE);
    }
}

static void check_records(apr_pool_t *p, read_function *read, const notation_case *cases,
                          size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        mta_sts_findings *findings = mta_sts_findings_make(p);
        const mta_sts_finding *finding;

        assert_null(read(p, lines_of(p, cases[i].text), findings));
        assert_findings_are_printable(findings);
        finding = mta_sts_findings_at(findings, 0);
        if (findings->list->nelts != 1 || !strstr(finding->message, cases[i].said) ||
            (finding->fix ? !cases[i].fix || strcmp(finding->fix, cases[i].fix) != 0
                          : cases[i].fix != NULL)) {
            fail_msg("%s: %s\nfirst: %s\n       %s", cases[i].text, findings_summary(p, findings),
                     finding->message, finding->fix ? finding->fix : "no fix");
        }
    }
}

#define ID "publish \"v=STSv1; id=1;\""

static void test_an_mta_sts_record_in_another_notation_has_one_finding(void **state)
{
    static const notation_case cases[] = {
        {"v=STSv1; id=2.02601E+13", "a spreadsheet rounded the id \"2.02601E+13\"",
         "publish the id shown by 'mta-sts dns DOMAIN'"},
        {"v=STSv1; id=2,02601e+13", "a spreadsheet rounded the id",
         "publish the id shown by 'mta-sts dns DOMAIN'"},
        {"v=STSv1; id=1.0", "the id \"1.0\" is not 1 to 32 letters", ID},
        {"v=STSv1; id=[ID]", "is a placeholder", "publish the id shown by 'mta-sts dns DOMAIN'"},
        {"v=STSv1; id=your-id", "is a placeholder", "publish the id shown by 'mta-sts dns DOMAIN'"},
        {"dj1TVFN2MTsgaWQ9MTs=", "is encoded in base64", ID},
        {"v=STSvl; id=1", "spells \"v=STSv1\" as \"v=STSvl\"", ID},
        {"v=STSv1. id=1", "spells \"v=STSv1\" as \"v=STSv1.\"", ID},
        {"v=\xd0\x85TSv1; \xd1\x96"
         "d=1",
         "contains letters of another alphabet", ID},
        {"v=STSv1; id=1 ; remark", "\"remark\" is not of the form name=value", ID},
        {"v=STSv1; id=1v=STSv1; id=1", "contains the record twice", ID},
        {"v=STSv1%3B id=1", "is percent-encoded, as in a URL", ID},
        {"v=STSv1:id=1", "has no \";\" between its fields", ID},
        {"(v=STSv1; id=1)", "is in parentheses", ID},
        {"_mta-sts IN TXT ( \"v=STSv1; \" \"id=1\" )", "is a whole line of a zone file", ID},
        /* RFC 8461 section 3.1: sts-id is "id=" without blanks. */
        {"v=STSv1; id = 1", "spells \"id=\" as \"id = \"", ID},
    };

    check_records(*state, mta_sts_record_read, cases, COUNT(cases));
}

#define A "publish \"v=TLSRPTv1; rua=mailto:a@example.com\""
#define A_B "publish \"v=TLSRPTv1; rua=mailto:a@example.com,mailto:b@example.com\""

static void test_report_addresses_in_another_notation_have_one_finding(void **state)
{
    static const notation_case cases[] = {
        {"v=TLSRPTv1; rua=mailto:a@example.com and mailto:b@example.com", "contains a blank", A_B},
        {"v=TLSRPTv1; rua=mailto:a@example.com, b@example.com",
         "has a report address without \"mailto:\"", A_B},
        {"v=TLSRPTv1; rua=mailto:a@example.com|mailto:b@example.com",
         "contains \"|\": separate report addresses with commas", A_B},
        {"v=TLSRPTv1; rua=mailto//a@example.com", "has no scheme", A},
        {"v=TLSRPTv1; rua=mailto;a@example.com", "\";\" instead of \":\"", A},
        {"v=TLSRPTv1; rua=mailto:a%40example.com", "has %40 instead of \"@\"", A},
        {"v=TLSRPTv1; rua=mailto:a at example.com", "has \" at \" instead of \"@\"", A},
        {"v=TLSRPTv1; rua=mailto:a(at)example[.]com", "has \"(at)\" instead of \"@\"", A},
        {"v=TLSRPTv1; rua=a [AT] example (dot) com", "has \" [AT] \" instead of \"@\"", A},
        {"v=TLSRPTv1; rua=mailto:a@example,com", "has a comma instead of a dot", A},
        {"v=TLSRPTv1; rua=[mailto:a@example.com](mailto:a@example.com)", "a Markdown link", A},
        {"v=TLSRPTv1; rua=<a href=\"mailto:a@example.com\">a@example.com</a>", "an HTML link", A},
        {"v=TLSRPTv1; rua=https://r.example.com/a;b", "has \";\" in a URL",
         "publish \"v=TLSRPTv1; rua=https://r.example.com/a%3Bb\""},
        {"v=TLSRPTv1; rua=https://r.example.com/a,b", "has \",\" in a URL",
         "publish \"v=TLSRPTv1; rua=https://r.example.com/a%2Cb\""},
        {"v=TLSRPTv1; rua=https://r.example.com/a,b@example.com", "without \"mailto:\"",
         "publish \"v=TLSRPTv1; rua=https://r.example.com/a,mailto:b@example.com\""},
        {"v=TLSRPTv1; rua=mailto:a@example.com.",
         "\"mailto:a@example.com.\" has a domain that ends with a dot", A},
        {"v=TLSRPTv1; rua=mailto:a@@example.com", "is not a mail address", A},
        {"v=TLSRPTv1; rua=mailto:a@example..com", "has an empty label", A},
        {"v=TLSRPTv1; rua=mailto:a@example@example.com", "is not a mail address", NULL},
        {"v=TLSRPTv1; rua=mailto:a @example.com", "contains a blank", A},
        {"v=TLSRPTv1; rua=[mailto:a@example.com]", "", A},
        {"v=TLSRPTv1; rua={mailto:a@example.com}", "", A},
        {"v=TLSRPTv1; ruf=mailto:a@example.com", "spells \"rua=\" as \"ruf=\"", A},
        {"v=TLSRPTv1; rau=a@example.com", "spells \"rua=\" as \"rau=\"", A},
        {"v=TLSRTPv1; rua=mailto:a@example.com", "spells \"v=TLSRPTv1\" as \"v=TLSRTPv1\"", A},
        {"v=TLSRPTv1; rua=https://r.example.com:99999/", "has an invalid port number", NULL},
        {"v=TLSRPTv1; rua=https://localhost/r", "has a host of one label", NULL},
        {"v=TLSRPTv1; rua=mailto:a@[192.0.2.1]", "has an IP address as its domain", NULL},
    };

    check_records(*state, read_tlsrpt, cases, COUNT(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_a_policy_in_another_notation_has_one_finding_with_the_right_lines),
        POOL_TEST(test_a_policy_in_utf32_is_named_as_that),
        POOL_TEST(test_an_mta_sts_record_in_another_notation_has_one_finding),
        POOL_TEST(test_report_addresses_in_another_notation_have_one_finding),
    };

    return RUN_POOL_TESTS(tests);
}
