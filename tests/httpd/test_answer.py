# SPDX-License-Identifier: Apache-2.0
"""The answer to a sender: its exact bytes, in every MPM, over every version of HTTP."""

import re
import subprocess

import pytest

import client
import policy
from httpd import MPMS, proxied, site
from policy import HOST, MX, PATH, POLICY

STATIC = "<Directory @ROOT@/htdocs>\nRequire all granted\n</Directory>\n"


@pytest.fixture(scope="module", params=MPMS)
def server(request, start_shared):
    protocols = "" if request.param == "prefork" else "Protocols h2 h2c http/1.1\n"
    server = start_shared(
        protocols + STATIC + site(HOST, MX) + proxied(HOST, MX) + proxied("www.example.com"),
        mpm=request.param, modules=[] if request.param == "prefork" else ["http2"])
    server.write("htdocs/other.txt", "a static file")
    return server


# prefork has no HTTP/2.
http2 = pytest.mark.parametrize("server", ["worker", "event"], indirect=True)


def test_the_bytes_are_those_of_the_rfc(server):
    answer = server.fetch()
    assert answer.body == \
        b"version: STSv1\r\nmode: testing\r\nmx: mx1.example.com\r\nmax_age: 604800\r\n"
    assert answer.status == 200


def test_there_are_these_headers_and_no_others(server):
    answer = server.fetch()
    assert answer.header("Content-Type") == "text/plain; charset=us-ascii"
    assert answer.header("Content-Length") == str(len(POLICY))
    assert answer.header("Cache-Control") == "max-age=60"
    assert answer.header("X-Content-Type-Options") == "nosniff"
    assert answer.names() - {"Upgrade"} == {
        "Date", "Server", "Connection", "Content-Type", "Content-Length", "Cache-Control",
        "X-Content-Type-Options"}


def test_head_is_get_without_the_body(server):
    got, head = server.fetch(), server.fetch(method="HEAD")
    policy.check(head, method="HEAD")
    assert head.names() == got.names()


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_http_1_gets_the_policy_over_tls_and_behind_a_tls_proxy(server, method, version):
    policy.check(server.fetch(method=method, version=version), method=method)
    policy.check(server.fetch_plainly(method=method, version=version), method=method)


def test_pipelined_requests_are_answered_in_their_order(server):
    again = client.request(HOST, PATH).replace(b"Connection: close\r\n", b"")
    other = again.replace(PATH.encode(), b"/other.txt")
    left = server.talk(again * 3 + other + again + client.request(HOST, PATH))
    answers = []
    for _ in range(6):
        answer, left = client.read(left)
        answers.append(answer)
    assert left == b""
    assert answers.pop(3).body == b"a static file"
    for answer in answers:
        policy.check(answer)


def test_a_connection_is_kept_alive_after_get_head_and_405(server):
    again = client.request(HOST, PATH).replace(b"Connection: close\r\n", b"")
    post = client.request(HOST, PATH, "POST", body=b"x=1").replace(b"Connection: close\r\n", b"")
    left = server.talk(again.replace(b"GET", b"HEAD") + post + client.request(HOST, PATH))
    head, left = client.read(left, 0)
    refused, left = client.read(left)
    got, left = client.read(left)
    policy.check(head, method="HEAD")
    assert refused.status == 405
    policy.check(got)
    assert left == b""


def curl(server, *words):
    result = subprocess.run(
        ["curl", "--silent", "--show-error", "--cacert", str(server.ca.root),
         "--resolve", f"{HOST}:{server.ports['https']}:127.0.0.1",
         "--resolve", f"{HOST}:{server.ports['http']}:127.0.0.1", *words],
        capture_output=True, timeout=60)
    assert result.returncode == 0, result.stderr.decode()
    return result.stdout


def url(server, scheme="https"):
    return f"{scheme}://{HOST}:{server.ports[scheme]}{PATH}"


@http2
@pytest.mark.parametrize("words,scheme", [(["--http2"], "https"),
                                          (["--http2-prior-knowledge"], "http")])
def test_http_2_gets_the_same_headers_and_bytes(server, words, scheme):
    raw = curl(server, "--include", *words, url(server, scheme))
    assert raw.startswith(b"HTTP/2 200")
    answer = client.only(raw)
    policy.check(answer)
    assert answer.names() == {"date", "server", "content-type", "content-length", "cache-control",
                              "x-content-type-options"}


@http2
def test_an_upgrade_to_http_2_gets_the_same_bytes(server):
    raw = curl(server, "--include", "--http2", url(server, "http"))
    switched, upgraded = client.read(raw, 0)
    assert switched.status == 101
    assert upgraded.startswith(b"HTTP/2 200")
    policy.check(client.only(upgraded))


@http2
def test_http_2_head_has_the_length_and_no_body(server):
    raw = curl(server, "--http2", "--head", url(server))
    assert raw.startswith(b"HTTP/2 200")
    policy.check(client.only(raw, "HEAD"), method="HEAD")


@http2
@pytest.mark.parametrize("method", ["POST", "DELETE", "PROPFIND"])
def test_http_2_gets_405_for_other_methods(server, method):
    # Without a body: mod_http2 resets a stream whose body nobody reads, and curl 7.88 then forgets
    # the answer that came before, also without our module.
    raw = curl(server, "--http2", "--include", "--request", method, url(server))
    assert raw.startswith(b"HTTP/2 405")
    assert {"GET", "HEAD"} <= set(re.split("[, ]+", client.only(raw).header("allow")))


@http2
def test_a_hundred_streams_of_one_connection_get_the_same_bytes(server, tmp_path):
    curl(server, "--http2", "--parallel", "--parallel-max", "100", "--max-time", "30",
         "--output", f"{tmp_path}/#1", url(server) + "?[1-100]")
    bodies = [path.read_bytes() for path in tmp_path.iterdir()]
    assert bodies == [POLICY] * 100


@http2
def test_load_over_a_hundred_streams_gets_whole_policies_only(server):
    output = subprocess.run(
        ["h2load", "-n", "2000", "-c", "2", "-m", "100",
         f"--connect-to=127.0.0.1:{server.ports['https']}", url(server)],
        capture_output=True, timeout=60, check=True).stdout.decode()
    assert "2000 succeeded, 0 failed, 0 errored, 0 timeout" in output
    assert "2000 2xx, 0 3xx, 0 4xx, 0 5xx" in output
    assert f"({2000 * len(POLICY)}) data" in output
