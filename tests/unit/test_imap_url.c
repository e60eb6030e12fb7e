/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include "cli/net/imap_url.h"
#include "table_fixture.h"

static void test_a_url_is_read_and_written_in_one_form(void **state)
{
    static const struct {
        const char *text, *user, *host, *mailbox, *again;
        int port;
    } cases[] = {
        {"imaps://a@h.example/INBOX", "a", "h.example", "INBOX", NULL, 993},
        {"IMAPS://a@H.example:993/inbox", "a", "h.example", "INBOX", "imaps://a@h.example/INBOX",
         993},
        {"imaps://a@b.example@h.example/INBOX", "a@b.example", "h.example", "INBOX",
         "imaps://a%40b.example@h.example/INBOX", 993},
        {"imaps://a%40b.example@h.example/INBOX", "a@b.example", "h.example", "INBOX", NULL, 993},
        {"imap://a@localhost/x/y%20z", "a", "localhost", "x/y z", NULL, 143},
        {"imap://a@[::1]:1143/INBOX", "a", "::1", "INBOX", NULL, 1143},
        {"imaps://a@127.0.0.1:993/[G]/%C3%BC", "a", "127.0.0.1", "[G]/\xc3\xbc",
         "imaps://a@127.0.0.1/%5BG%5D/%C3%BC", 993},
        {"imaps://a@b\xc3\xbc"
         "cher.example/b\xc3\xbc",
         "a", "xn--bcher-kva.example", "b\xc3\xbc", "imaps://a@xn--bcher-kva.example/b%C3%BC", 993},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        cli_imap_url url;

        assert_true(cli_imap_url_is(cases[i].text));
        assert_null(cli_imap_url_read(*state, cases[i].text, &url));
        assert_string_equal(url.user, cases[i].user);
        assert_string_equal(url.host, cases[i].host);
        assert_string_equal(url.mailbox, cases[i].mailbox);
        assert_string_equal(url.text, cases[i].again ? cases[i].again : cases[i].text);
        assert_int_equal(url.port, cases[i].port);
        assert_int_equal(url.is_starttls, cases[i].text[4] == ':');
    }
}

static void test_what_is_no_url_of_a_mailbox_is_refused(void **state)
{
    static const char *const texts[] = {
        "imaps://",
        "imaps:///",
        "imaps://h.example/INBOX",
        "imaps://@h.example/INBOX",
        "imaps://a@/INBOX",
        "imaps://a@h.example",
        "imaps://a@h.example/",
        "imaps://a:b@h.example/INBOX",
        "imaps://a;AUTH=X@h.example/INBOX",
        "imaps://a@h.example:/INBOX",
        "imaps://a@h.example:65536/INBOX",
        "imaps://a@h.example:1x/INBOX",
        "imaps://a@h example/INBOX",
        "imaps://a@[::1/INBOX",
        "imaps://a@[1.2.3.4]/INBOX",
        "imaps://a@h.example/INBOX?x",
        "imaps://a@h.example/INBOX;UID=1",
        "imaps://a@h.example/%0d%0aA1 LOGOUT",
        "imaps://a%00b@h.example/INBOX",
        "imaps://a@h.example/%ff",
        "imaps://a@h.example/%2",
    };
    size_t i;

    for (i = 0; i < COUNT(texts); i++) {
        cli_imap_url url;

        if (!cli_imap_url_read(*state, texts[i], &url)) {
            fail_msg("%s is accepted", texts[i]);
        }
    }
    assert_false(cli_imap_url_is("INBOX"));
    assert_false(cli_imap_url_is("imapsx://a@h/b"));
}

/* The examples of RFC 3501 section 5.1.3, and characters of three and four bytes. */
static void test_a_mailbox_is_named_in_modified_utf7(void **state)
{
    static const struct {
        const char *name, *quoted;
    } cases[] = {
        {"INBOX", "\"INBOX\""},
        {"a \"b\" \\c", "\"a \\\"b\\\" \\\\c\""},
        {"a&b", "\"a&-b\""},
        {"\xc3\xbc&\xc3\xbc", "\"&APw-&-&APw-\""},
        {"~peter/mail/\xe5\x8f\xb0\xe5\x8c\x97/\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e",
         "\"~peter/mail/&U,BTFw-/&ZeVnLIqe-\""},
        {"\xf0\x9f\x98\x80", "\"&2D3eAA-\""},
    };
    char long_name[1002];
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        assert_string_equal(cli_imap_mailbox_quote(*state, cases[i].name), cases[i].quoted);
    }
    memset(long_name, 'x', sizeof(long_name));
    long_name[1001] = '\0';
    assert_null(cli_imap_mailbox_quote(*state, long_name));
    assert_null(cli_imap_mailbox_quote(*state, ""));
    assert_null(cli_imap_mailbox_quote(*state, "a\r\nb"));
    assert_null(cli_imap_mailbox_quote(*state, "\xff"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_a_url_is_read_and_written_in_one_form),
        POOL_TEST(test_what_is_no_url_of_a_mailbox_is_refused),
        POOL_TEST(test_a_mailbox_is_named_in_modified_utf7),
    };

    return RUN_POOL_TESTS(tests);
}
