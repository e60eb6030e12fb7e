# SPDX-License-Identifier: Apache-2.0
"""The ways to the policy that are not a request for its path."""

import pytest

import policy
from httpd import proxied
from policy import HOST, MX, PATH, POLICY

HANDLER = "<Location /policy>\nSetHandler mta-sts\n</Location>\n"
OPEN = "<Directory @ROOT@>\nRequire all granted\n</Directory>\n"


@pytest.fixture(scope="module")
def server(start_shared):
    return start_shared(
        OPEN + proxied("www.example.com", HANDLER)
        + proxied(HOST, MX + HANDLER + "<Location /policy/guarded>\nRequire all denied\n"
                  "</Location>\n", aliases="www2.example.com")
        + HANDLER + "MTASTSMode testing\n",
        expected=["AH01630: client denied"])


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["/policy", "/policy?a=b", "/policy/x"])
def test_the_handler_serves_the_policy_from_another_path(server, path, method):
    policy.check(server.fetch(path=path, method=method), method=method)


@pytest.mark.parametrize("headers", [["Range: bytes=0-3"], ["If-None-Match: *"],
                                     ["Accept-Encoding: gzip"]])
def test_the_handler_ignores_the_same_headers(server, headers):
    policy.check(server.fetch(path="/policy", headers=headers))


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PROPFIND", "BREW"])
def test_the_handler_refuses_the_same_methods(server, method):
    answer = server.fetch(path="/policy", method=method)
    assert answer.status == 405
    assert {"GET", "HEAD"} <= set(answer.header("Allow").replace(" ", "").split(","))


@pytest.mark.parametrize("host", ["www.example.com", "www2.example.com", "mta-sts.other.example"])
def test_the_handler_declines_for_another_host(server, host):
    answer = server.fetch(host, path="/policy")
    assert answer.status == 404
    assert b"STSv1" not in answer.body


def test_the_handler_declines_over_http(start):
    server = start(f"<VirtualHost 127.0.0.1:@HTTP@>\nServerName {HOST}\n{MX}{HANDLER}"
                   "</VirtualHost>\n")
    assert server.fetch(path="/policy").status == 404


def test_the_handler_on_another_path_obeys_require(server):
    assert server.fetch(path="/policy/guarded").status == 403


def test_an_error_document_that_points_to_the_policy_makes_no_loop(start):
    server = start(OPEN + proxied(HOST, MX + f"ErrorDocument 404 {PATH}\nErrorDocument 405 {PATH}")
                   + proxied("www.example.com", f"ErrorDocument 404 {PATH}"))
    missing = server.fetch(path="/missing")
    assert missing.status == 404
    assert server.fetch(method="POST").status == 405
    assert server.fetch("www.example.com", path="/missing").status == 404
    assert server.fetch("www.example.com").status == 404
    policy.check(server.fetch())
    assert len(server.accesses()) == 5


def test_an_error_document_handled_by_the_module_keeps_its_status(start):
    server = start(OPEN + proxied(HOST, MX + HANDLER + "ErrorDocument 404 /policy\n"))
    assert server.fetch(path="/missing").status == 404
    policy.check(server.fetch(path="/policy"))


def test_an_internal_redirect_to_the_policy_has_a_definite_end(start):
    server = start(OPEN + proxied(HOST, MX + HANDLER + f"RewriteEngine on\n"
                                  f"RewriteRule ^/old$ {PATH} [PT,L]\n"
                                  "RewriteRule ^/older$ /policy [PT,L]\n"
                                  "<Directory @ROOT@/htdocs>\nRewriteEngine on\n"
                                  f"RewriteRule ^oldest$ /policy [L]\n</Directory>\n"),
                   modules=["rewrite"])
    assert server.fetch(path="/old").status == 404  # another spelling, left to httpd
    policy.check(server.fetch(path="/older"))
    policy.check(server.fetch(path="/oldest"))
    policy.check(server.fetch())


@pytest.mark.parametrize("path", [PATH, "/policy"])
def test_a_subrequest_for_the_policy_leaves_the_page_whole(start, path):
    server = start(OPEN + proxied(HOST, MX + HANDLER + "<Location /page.shtml>\n"
                                  "Options +Includes\nSetOutputFilter INCLUDES\n</Location>\n"),
                   modules=["include"],
                   expected=[r"unable to include"] if path == PATH else ())
    server.write("htdocs/page.shtml", f'before <!--#include virtual="{path}" --> after')
    page = server.fetch(path="/page.shtml")
    assert page.status == 200
    assert page.body.startswith(b"before ") and page.body.endswith(b" after")
    if path == "/policy":
        assert POLICY in page.body
    policy.check(server.fetch())


def test_a_proxy_in_front_may_rewrite_the_path(start):
    server = start(proxied(HOST, MX + HANDLER)
                   + proxied("front.example.com",
                             "RequestHeader set Host mta-sts.example.com\nProxyPreserveHost On\n"
                             "ProxyPass / http://127.0.0.1:@HTTP@/policy disablereuse=on\n"),
                   modules=["proxy", "proxy_http", "headers"])
    answer = server.fetch("front.example.com", path="/")
    assert (answer.status, answer.body) == (200, POLICY)
