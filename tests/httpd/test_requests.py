# SPDX-License-Identifier: Apache-2.0
"""Which requests get the policy, which are refused, and which are not for us."""

import pytest

import client
import policy
from httpd import proxied, site
from policy import HOST, MX, PATH

TOMORROW = "Fri, 31 Dec 2100 23:59:59 GMT"


@pytest.fixture(scope="module")
def server(start_shared):
    server = start_shared(
        "TraceEnable off\nKeepAliveTimeout 1\n"
        "<Directory @ROOT@>\nRequire all granted\n</Directory>\n"
        + site(HOST, MX, aliases="alias.example.com") + site("www.example.com")
        + proxied("www.example.com", aliases="localhost")
        + proxied(HOST, MX + "Alias /.well-known/acme-challenge/ @ROOT@/acme/\n",
                  aliases="www2.example.com mta-sts.other.example"),
        modules=["alias"])
    server.write("acme/token", "the challenge")
    return server


QUERIES = ["", "?", "?a=b", "?/../..", "?mta-sts.txt", "?a=%00%2e", "?" + "x" * 4000]
IGNORED_HEADERS = [
    ["If-None-Match: *"],
    ['If-None-Match: "x", W/"y"'],
    [f"If-Modified-Since: {TOMORROW}"],
    ['If-Match: "x"'],
    ["If-Match: *"],
    ["If-Unmodified-Since: Thu, 01 Jan 1970 00:00:01 GMT"],
    ["Range: bytes=0-3"],
    ["Range: bytes=-1"],
    ["Range: bytes=4-"],
    ["Range: bytes=0-0,2-2,4-4"],
    ["Range: bytes=99999-"],
    ["Range: nonsense"],
    ["Request-Range: bytes=0-3"],
    ["Range: bytes=0-3", 'If-Range: "x"'],
    ["Range: bytes=0-3", f"If-Range: {TOMORROW}"],
    ["Accept-Encoding: gzip, deflate, br, zstd"],
    ["Accept-Encoding: gzip;q=1.0, identity;q=0"],
    ["Accept-Encoding: *"],
    ["Accept: application/json"],
    ["Accept: text/html;q=0.1"],
    ["Accept-Charset: utf-8"],
    ["Accept-Language: de"],
    ["Cache-Control: only-if-cached"],
    ["Cache-Control: no-cache", "Pragma: no-cache"],
    ["Authorization: Basic Og=="],
    ["Cookie: a=b"],
    ["TE: trailers, gzip"],
    ["Expect:"],
    ["Content-Type: text/html"],
    ["Origin: https://evil.example", "Referer: https://evil.example/"],
    ["X-HTTP-Method-Override: DELETE"],
    ["X-Forwarded-Host: evil.example", "X-Forwarded-Proto: http"],
]


@pytest.mark.parametrize("query", QUERIES, ids=range(len(QUERIES)))
def test_any_query_string_is_ignored(server, query):
    policy.check(server.fetch(path=PATH + query))


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("headers", IGNORED_HEADERS, ids=lambda lines: lines[0][:40])
def test_request_headers_change_nothing(server, headers, method):
    policy.check(server.fetch(headers=headers, method=method), method=method)


def test_a_get_with_a_body_is_answered_and_the_body_is_no_next_request(server):
    inner = client.request(HOST, "/smuggled")
    policy.check(server.fetch(body=inner))
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(inner), inner)
    sent = client.request(HOST, PATH, headers=["Transfer-Encoding: chunked"]) + chunked
    policy.check(client.only(server.talk(sent)))
    assert not [line for line in server.accesses() if "smuggled" in line]


def test_an_absolute_request_target_is_understood(server):
    policy.check(server.fetch(path=f"https://{HOST}{PATH}"))
    policy.check(server.fetch_plainly(host="ignored.example", path=f"https://{HOST}{PATH}"))


OTHER_METHODS = ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND", "PROPPATCH", "MKCOL",
                 "COPY", "MOVE", "LOCK", "UNLOCK", "REPORT", "MERGE", "VERSION-CONTROL", "QUERY",
                 "BREW", "get", "Head"]


def allowed(answer):
    return {method.strip() for method in answer.header("Allow").split(",")}


@pytest.mark.parametrize("method", OTHER_METHODS)
def test_other_methods_get_the_allowed_ones_get_and_head(server, method):
    answer = server.fetch(method=method, body=b"x=1" if method in ("POST", "PUT") else b"")
    assert answer.status == 405
    assert allowed(answer) == {"GET", "HEAD"}


def test_post_without_length_or_type_is_405(server):
    answer = server.fetch(method="POST", headers=["Content-Length: 0"])
    assert (answer.status, allowed(answer)) == (405, {"GET", "HEAD"})


def test_trace_is_405_where_it_is_off(server):
    assert server.fetch(method="TRACE").status == 405


def test_httpd_adds_trace_to_what_is_allowed_where_it_is_on(start):
    server = start(proxied(HOST, MX))  # TraceEnable is on by default
    answer = server.fetch(method="POST")
    assert (answer.status, allowed(answer)) == (405, {"GET", "HEAD", "TRACE"})


def test_leading_slashes_are_removed_by_httpd_itself(server):
    policy.check(server.fetch(path="//.well-known/mta-sts.txt"))


OTHER_SPELLINGS = [
    "/.well-known//mta-sts.txt", "/x/../.well-known/mta-sts.txt",
    "/./.well-known/mta-sts.txt", "/%2ewell-known/mta-sts.txt", "/.well-known/mta-sts%2etxt",
    "/.well-known/mta%2Dsts.txt", "/.well-known%2fmta-sts.txt", "/.WELL-KNOWN/mta-sts.txt",
    "/.well-known/MTA-STS.TXT", "/.well-known/mta-sts.txt/", "/.well-known/mta-sts.txt/x",
    "/.well-known/mta-sts.txt.", "/.well-known/mta-sts.txt%20", "/.well-known/mta-sts.txt;a=b",
    "/.well-known/mta-sts", "/.well-known/mta-sts.txt2", "/.well-known/mta-sts.tx",
    "/.well-known/", "/.well-known", "/mta-sts.txt", "/", "/well-known/mta-sts.txt",
    "/.well-known/mta-sts.txt%3f",
]


@pytest.mark.parametrize("path", OTHER_SPELLINGS)
def test_other_spellings_of_the_path_are_left_to_httpd(server, path):
    answer = server.fetch(path=path)
    assert answer.status == 404
    assert b"STSv1" not in answer.body


# --- hosts ---

OUR_HOSTS = [HOST, HOST.upper(), "Mta-Sts.Example.Com", HOST + ":443", HOST + ":12345",
             HOST + ".", "MTA-STS.EXAMPLE.COM.:443", "mta-sts.other.example"]
OTHER_HOSTS = ["www.example.com", "example.com", "www2.example.com", "mta-sts.unknown.example",
               "mta-sts.", "mta-sts", "xmta-sts.example.com", "mta-sts.mta-sts.example.com",
               "mta-sts-example.com", "a.mta-sts.example.com", "mta-sts.example.com.evil.example",
               "mta-sts.example.co", "mta-sts.com", "127.0.0.1", "[::1]"]


@pytest.mark.parametrize("host", OUR_HOSTS)
def test_the_host_is_known_in_any_spelling(server, host):
    policy.check(server.fetch_plainly(host=host))


@pytest.mark.parametrize("host", OTHER_HOSTS)
def test_a_host_that_is_not_a_known_policy_host_is_left_to_httpd(server, host):
    answer = server.fetch_plainly(host=host)
    assert answer.status == 404
    assert b"STSv1" not in answer.body


def test_another_name_of_the_virtual_host_is_not_a_policy_host(server):
    answer = client.only(server.talk(client.request("alias.example.com", PATH),
                                     "alias.example.com"))
    assert answer.status == 404


def test_a_host_that_differs_from_the_sni_is_left_to_httpd(server):
    answer = server.fetch(host="www.example.com")
    assert answer.status == 404
    assert b"STSv1" not in answer.body


@pytest.mark.parametrize("headers", [
    [], ["Host: "], ["Host: mta-sts.example.com/"], ["Host: mta-sts.example.com mta-sts.x"],
    ["Host: mta-sts.example.com", "Host: mta-sts.example.com"]])
def test_http_1_1_without_one_host_is_a_bad_request(server, headers):
    answer = server.fetch_plainly(host=None, headers=headers)
    assert answer.status == 400


def test_http_1_0_without_host_gets_the_policy_of_the_server_name(start):
    server = start(proxied(HOST, MX) + proxied("mta-sts.second.example", "MTASTSMx b.example"))
    policy.check(server.fetch(host=None, version="1.0"))


def test_http_1_0_without_host_is_left_to_httpd_if_the_server_name_is_no_policy_host(server):
    answer = server.fetch_plainly(host=None, version="1.0")
    assert answer.status == 404


# --- schemes ---

def test_over_http_it_declines(start):
    server = start(
        f"<VirtualHost 127.0.0.1:@HTTP@>\nServerName {HOST}\n{MX}</VirtualHost>\n"
        + site(HOST, MX))
    for method in ("GET", "HEAD", "POST"):
        assert server.fetch_plainly(method=method).status == 404
    policy.check(server.fetch())


def test_over_http_the_redirect_of_certbot_works(start):
    server = start(
        f"<VirtualHost 127.0.0.1:@HTTP@>\nServerName {HOST}\n{MX}"
        "RewriteEngine on\n"
        "RewriteRule ^ https://%{SERVER_NAME}%{REQUEST_URI} [END,NE,R=permanent]\n"
        "</VirtualHost>\n" + site(HOST, MX), modules=["rewrite"])
    answer = server.fetch_plainly()
    assert (answer.status, answer.header("Location")) == (301, f"https://{HOST}{PATH}")
    policy.check(server.fetch())


def test_the_acme_challenge_is_never_touched(server):
    for host in (HOST, "mta-sts.other.example"):
        answer = server.fetch_plainly(host=host, path="/.well-known/acme-challenge/token")
        assert (answer.status, answer.body) == (200, b"the challenge")
        answer = server.fetch_plainly(host=host, path="/.well-known/acme-challenge/other")
        assert answer.status == 404


def test_the_access_log_has_a_line_for_each_answer(start):
    server = start(proxied(HOST, MX))
    sizes = [len(server.talk(client.request(HOST, PATH + "?marked", method)))
             for method in ("GET", "HEAD", "POST")]
    lines = [line for line in server.accesses() if "marked" in line]
    assert [line.rsplit(" ", 1)[0] for line in lines[:2]] == [
        f'{HOST} "GET {PATH}?marked HTTP/1.1" 200 {len(policy.POLICY)}',
        f'{HOST} "HEAD {PATH}?marked HTTP/1.1" 200 0']
    assert lines[2].startswith(f'{HOST} "POST {PATH}?marked HTTP/1.1" 405 ')
    assert len(lines) == 3 and sizes[0] > sizes[1]
