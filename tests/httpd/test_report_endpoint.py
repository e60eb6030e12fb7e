# SPDX-License-Identifier: Apache-2.0
"""The endpoint for reports: what it accepts and refuses, and with which messages."""

import datetime
import gzip
import json
import random
import re
import socket
import subprocess
import time
import zlib

import pytest

import client
import policy
import process
import report
from httpd import MPMS, proxied, site
from policy import HOST, MX
from report import GZIP, JSON, PATH, Spool, make, packed, post

REFUSED = r"report rejected: .*\[report-[a-z-]+\]$"


@pytest.fixture(scope="module")
def server(start_shared):
    return start_shared(
        "MTASTSReportDomain ours.example\nMTASTSReportLimit 100000\nMTASTSReportMaxSize 64K 1M\n"
        "<MTASTSPolicy many.example>\nMTASTSMx *.mx.example\n</MTASTSPolicy>\n"
        + report.conf() + proxied("mta-sts.other.example", MX)
        + proxied("mta-sts.wild.example", MX, aliases="mta-sts.*.wild.example")
        + proxied("reports.example", "MTASTSReportPath /inbox/\n")
        + f"<VirtualHost 127.0.0.1:@HTTP@>\nServerName plain.example\n{report.ENDPOINT}"
        "</VirtualHost>\n", expected=[REFUSED])


@pytest.fixture
def spool(server):
    return Spool(server)


@pytest.fixture
def fresh():
    """A report that was not sent yet."""
    return make(random.SystemRandom().randrange(1 << 62))


def test_a_new_report_is_created_and_a_repeated_one_is_ok(server, spool, fresh):
    answer = post(server, packed(fresh))
    assert (answer.status, answer.body) == (201, b"Thank you: the report was stored.\n")
    assert spool.has(fresh, packed(fresh))
    for sent in (packed(fresh), fresh, gzip.compress(fresh, 1)):
        answer = post(server, sent)
        assert (answer.status, answer.body) == (200, b"Thank you: this report was stored before.\n")
    assert spool.has(fresh, packed(fresh))
    spool.check()


def test_the_header_line_records_the_receipt(server, spool, fresh):
    before = time.time()
    post(server, packed(fresh))
    after = time.time()
    head = spool.files()[report.digest(fresh)].read_bytes().split(b"\n")[0].decode()
    assert re.fullmatch(r"tlsrpt 1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z https 127\.0\.0\.1 -",
                        head)
    received = datetime.datetime.fromisoformat(head.split(" ")[2].replace("Z", "+00:00"))
    assert before <= received.timestamp() <= after


TYPES = [GZIP, JSON, "Application/TLSRPT+GZIP", GZIP + "; charset=utf-8", "application/json",
         "application/gzip", "application/octet-stream", "text/plain",
         "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "nonsense", None]


@pytest.mark.parametrize("pack", [packed, bytes], ids=["gzip", "json"])
@pytest.mark.parametrize("content_type", TYPES)
def test_the_bytes_determine_the_type_and_not_the_content_type(server, spool, fresh, content_type, pack):
    assert post(server, pack(fresh), content_type).status == 201
    assert spool.has(fresh, pack(fresh))


def test_chunks_and_trailers_are_accepted(server, spool, fresh):
    for trailer in (b"", b"X-Trailer: a\r\n", b"Content-Length: 7\r\nExpect: b\r\n"):
        one = make(random.SystemRandom().randrange(1 << 62))
        answer = post(server, report.chunked(packed(one), trailer=trailer),
                      headers=["Transfer-Encoding: chunked"])
        assert answer.status == 201, trailer
        assert spool.has(one, packed(one))


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "x-gzip", "identity"])
def test_a_content_encoding_of_gzip_is_removed_once(server, spool, encoding):
    one, two, three = (make(random.SystemRandom().randrange(1 << 62)) for _ in range(3))
    header = [f"Content-Encoding: {encoding}"]
    assert post(server, packed(one), JSON, header).status == 201
    assert spool.has(one, packed(one))
    assert post(server, two, JSON, header).status == 201
    assert spool.has(two)
    if encoding != "identity":
        assert post(server, packed(packed(three)), GZIP, header).status == 201
        assert spool.has(three, packed(three))


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "zstd"])
def test_any_other_content_encoding_is_an_unsupported_type(server, fresh, encoding):
    answer = post(server, packed(fresh), headers=[f"Content-Encoding: {encoding}"])
    assert (answer.status, answer.body) == (
        415, b"The report was rejected: its Content-Encoding is not gzip.\n")


def test_expect_100_continue_is_answered_before_the_body(server, spool, fresh):
    sent = packed(fresh)
    received = server.talk(report.request(sent, headers=["Expect: 100-continue"]))
    first, rest = client.read(received, 0)
    assert first.status == 100
    assert client.only(rest).status == 201
    assert spool.has(fresh, sent)


def test_a_content_length_over_the_limit_is_refused_before_the_body_is_read(server):
    head = report.request(b"", headers=["Content-Length: 65537", "Expect: 100-continue"])
    answer = client.only(server.talk(head))  # no 100 before it
    assert answer.status == 413
    assert answer.body == b"The report was rejected: it is larger than the limit.\n"
    assert answer.header("Connection") == "close"


def test_the_largest_report_is_accepted_and_one_byte_more_is_not(server):
    body = make(random.SystemRandom().randrange(1 << 62))
    for size, status in ((65536, 201), (65537, 413)):
        padded = body[:-1] + b" " * (size - len(body)) + b"}"
        assert post(server, padded, JSON).status == status
        assert post(server, report.chunked(padded, 1000), JSON,
                    ["Transfer-Encoding: chunked"]).status == (200 if status == 201 else 413)


def test_a_refused_body_that_is_not_much_too_large_is_read_so_that_its_sender_gets_the_answer(
        server):
    """A client of HTTP/2 that is still sending when its stream is closed may lose the answer."""
    body = report.request(b" " * 65537)
    with socket.create_connection(("127.0.0.1", server.ports["http"]), 30) as stream:
        stream.sendall(body[:-1])
        stream.settimeout(0.5)
        with pytest.raises(TimeoutError):
            stream.recv(1)
        stream.settimeout(30)
        stream.sendall(body[-1:])
        answer = client.only(b"".join(iter(lambda: stream.recv(65536), b"")))
    assert answer.status == 413


def test_a_body_that_inflates_over_the_limit_is_refused(server):
    assert post(server, packed(b'{"policies":[],"a":"' + b" " * 1048576 + b'"}')).status == 413


@pytest.mark.parametrize("body", [b"", b"hello", b"<html>", b"[]", b"\x00{", b"BZh91AY",
                                  b"PK\x03\x04", b"null", b'"{}"', b"\x1f"], ids=repr)
def test_a_body_that_is_neither_gzip_nor_json_is_an_unsupported_type(server, spool, body):
    answer = post(server, body)
    assert answer.status == 415
    assert answer.body.startswith(b"The report was rejected: it is neither gzip nor JSON" if body
                                  else b"The report was rejected: it is empty")
    assert report.digest(body) not in spool.files("quarantine")


@pytest.mark.parametrize("body", [b"{}", b'{"a":1}', b'{"policies":{}}', b'{"policies":"x"}'])
def test_whole_json_without_policies_is_a_bad_request(server, body):
    for sent in (body, packed(body)):
        answer = post(server, sent)
        assert (answer.status, answer.body) == (
            400, b"The report was rejected: it is JSON, but has no array of policies.\n")


BROKEN = {
    "cut JSON": make()[:-5],
    "JSON of NUL": b'{"policies":[\x00]}',
    "invalid UTF-8": b'{"policies":[],"a":"\xff"}',
    "deep": b'{"policies":' + b"[" * 30000 + b"]" * 30000 + b"}",
    "too many values": packed(b'{"policies":[' + b"{}," * 340000 + b"{}]}"),
    "cut gzip": packed(make())[:-12],
    "damaged gzip": packed(make())[:30] + b"\xff" * 20,
    "gzip of something else": packed(b"hello"),
    "gzip of nothing": packed(b""),
    "escape sequences": b'{"policies":["\x1b[31m',
}


@pytest.mark.parametrize("kind", BROKEN)
def test_an_unreadable_body_that_begins_like_a_report_is_quarantined(server, spool, kind):
    answer = post(server, BROKEN[kind])
    assert answer.status == 202, answer
    assert answer.body.startswith(b"Accepted, but quarantined: ")
    assert all(32 <= byte < 127 for byte in answer.body[:-1])
    assert any(spool.data(name, "quarantine") == BROKEN[kind]
               for name in spool.files("quarantine"))
    assert post(server, BROKEN[kind]).status == 200


def several(*domains):
    return make(0, policies=[json.loads(make(0, domain))["policies"][0] for domain in domains])


OURS = {
    "a policy domain": make(0, "example.com"), "of a block": make(0, "many.example"),
    "of another virtual host": make(0, "other.example"),
    "of a wildcard alias": make(0, "customer.wild.example"),
    "in upper case": make(0, "EXAMPLE.com"), "with a dot": make(0, "example.com."),
    "an MX host": make(0, "mx1.example.com"), "an MX host by pattern": make(0, "a.mx.example"),
    "an MTASTSReportDomain": make(0, "ours.example"),
    "one of several": several("foreign.example", "ours.example"),
    "none, since no policy was found": make(0, policies=[{
        "policy": {"policy-type": "no-policy-found"},
        "summary": {"total-successful-session-count": 1, "total-failure-session-count": 0}}]),
}
FOREIGN = {
    "none at all": make(0, None), "no policies": make(0, policies=[]),
    "another domain": make(0, "foreign.example"), "a subdomain": make(0, "www.example.com"),
    "a parent": make(0, "com"), "below a pattern": make(0, "a.b.mx.example"),
    "a pattern's base": make(0, "mx.example"), "a pattern": make(0, "*.other"),
    "several": several("foreign.example", "example.org"), "dots": make(0, "../../etc/passwd"),
    "bytes": make(0, "\x1b[31m<script>"), "a long one": make(0, "a" * 8000),
}


@pytest.mark.parametrize("about", OURS)
def test_a_report_about_a_local_domain_is_stored(server, spool, about):
    assert post(server, OURS[about]).status == 201
    assert spool.has(OURS[about])


@pytest.mark.parametrize("about", FOREIGN)
def test_a_report_about_other_domains_is_quarantined(server, spool, about):
    answer = post(server, FOREIGN[about])
    assert (answer.status, answer.body) == (
        202, b"Accepted, but quarantined: it is not about a local domain.\n")
    assert spool.has(FOREIGN[about], area="quarantine")
    assert not spool.has(FOREIGN[about])


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH",
                                    "PROPFIND", "FOO"])
def test_any_other_method_gets_an_explanation_of_the_url(server, method):
    body = packed(make()) if method in ("PUT", "PATCH") else b""
    answer = server.fetch(path=PATH, method=method, body=body)
    assert answer.status == 405
    assert answer.header("Allow") == "POST"
    if method != "HEAD":
        assert answer.body == (b"This URL receives SMTP TLS reports (RFC 8460) by POST; "
                               b"GET returns nothing else.\n")


@pytest.mark.parametrize("path", [PATH + "/", PATH + "/a", "/TLSRPT", "/a/../tlsrpt",
                                  "/tls%72pt", "/tlsrp", "/"])
def test_any_other_path_is_not_the_endpoint(server, spool, fresh, path):
    assert post(server, packed(fresh), path=path).status in (403, 404, 405)
    assert not spool.has(fresh, packed(fresh))


def test_a_query_does_not_matter(server, fresh):
    assert post(server, packed(fresh), path=PATH + "?a=b").status == 201


def test_it_does_not_exist_in_other_virtual_hosts_nor_over_http(server, fresh):
    assert post(server, packed(fresh), host="mta-sts.other.example").status in (404, 405)
    assert post(server, packed(fresh), host="plain.example").status in (404, 405)
    policy.check(server.fetch())


def test_a_virtual_host_without_a_policy_accepts_reports_at_its_own_path(server, spool, fresh):
    assert post(server, packed(fresh), host="reports.example").status == 404
    assert post(server, packed(fresh), host="reports.example", path="/inbox/").status == 201
    assert spool.has(fresh, packed(fresh))


def test_answers_are_plain_text_that_is_not_cached_or_sniffed(server, fresh):
    for answer in (post(server, packed(fresh)), post(server, b"hello"), server.fetch(path=PATH)):
        assert answer.header("Content-Type") == "text/plain; charset=utf-8"
        assert answer.header("X-Content-Type-Options") == "nosniff"
        assert answer.header("Cache-Control") == "no-store"
        assert answer.header("Content-Length") == str(len(answer.body))


HOSTILE = ["../../../../tmp/x", "\x1b]0;x\x07", "a\r\nb: c", "<script>alert(1)</script>", "%s%n%x",
           "\u202egnp.exe", "\x00", "' OR 1=1 --", "=cmd()", "a" * 8000, "${jndi:x}", "\ud83d\ude00"]


def test_text_from_senders_never_reaches_log_or_file_names(server, spool):
    for text in HOSTILE:
        body = make(0, text, **{"organization-name": text, "report-id": text,
                                "contact-info": text, text: text})
        for sent in (body, body[:-1], packed(body)):
            assert post(server, sent).status in (200, 201, 202)
    log = server.log.path.read_bytes()
    assert all(byte >= 32 and byte < 127 or byte in b"\n\t" for byte in log)
    assert not any(text.encode("utf-8", "surrogatepass")[:40] in log for text in HOSTILE[3:5])
    names = [*spool.files(), *spool.files("quarantine")]
    assert all(re.fullmatch(r"[0-9a-f]{64}", name) for name in names)


def test_a_long_report_id_does_not_matter(server, fresh):
    assert post(server, make(1, **{"report-id": "x" * 8192})).status == 201


@pytest.mark.parametrize("mpm", MPMS)
def test_nothing_gets_between_under_any_mpm(start_shared, mpm, fresh):
    server = start_shared(
        report.ENDPOINT + site(HOST, f"{MX}DocumentRoot /nowhere\nRedirect permanent / https://a/\n"
        "ProxyPass / http://127.0.0.1:1/\nRewriteEngine on\nRewriteRule ^ /index.php [R]\n"
        "<Location />\nRequire all denied\nAuthType Basic\nAuthName x\nRequire valid-user\n"
        "</Location>\n"), mpm=mpm,
        modules=["alias", "proxy", "proxy_http", "rewrite", "authn_core", "auth_basic",
                 "authz_user"])
    assert post(server, packed(fresh)).status == 201
    assert post(server, packed(fresh)).status == 200
    assert Spool(server).has(fresh, packed(fresh))
    assert server.fetch(path=PATH).status == 405
    policy.check(server.fetch())
    Spool(server).check()


@pytest.mark.parametrize("mpm", ["worker", "event"])
def test_http2_with_and_without_length_is_accepted(make_with, tmp_path, mpm):
    server = make_with(mpm=mpm).configure(
        "Protocols h2 http/1.1\n" + report.ENDPOINT + site(HOST, MX), modules=["http2"]).start()
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_bytes(packed(make(1)))
    two.write_bytes(packed(make(2)))
    url = f"https://{HOST}:{server.ports['https']}{PATH}"
    curl = ["curl", "--silent", "--http2", "--cacert", server.ca.root, "--resolve",
            f"{HOST}:{server.ports['https']}:127.0.0.1", "-w", "%{http_version} %{http_code}",
            "-o", "/dev/null", "-H", f"Content-Type: {GZIP}"]
    sized = subprocess.run([*curl, "--data-binary", f"@{one}", url], capture_output=True, timeout=60)
    assert sized.stdout == b"2 201", sized
    with two.open("rb") as data:
        chunked = subprocess.run([*curl, "-X", "POST", "-T", "-", url], stdin=data,
                                capture_output=True, timeout=60)
    assert chunked.stdout == b"2 201", chunked
    assert len(Spool(server).files()) == 2


def test_a_client_that_leaves_in_the_middle_of_an_http2_stream_leaves_nothing(make_with):
    server = make_with([r"report rejected: .*\[report-cut\]$"]).configure(
        "Protocols h2 http/1.1\n" + report.ENDPOINT + site(HOST, MX), modules=["http2"]).start()
    url = f"https://{HOST}:{server.ports['https']}{PATH}"
    for _ in range(100):  # it may leave before anything was sent
        with subprocess.Popen(
                ["curl", "--silent", "--http2", "--no-buffer", "--cacert", server.ca.root,
                 "--resolve", f"{HOST}:{server.ports['https']}:127.0.0.1", "-X", "POST", "-T", "-",
                 "-H", "Expect:", url], stdin=subprocess.PIPE) as client_that_leaves:
            client_that_leaves.stdin.write(packed(make())[:100])
            client_that_leaves.stdin.flush()
            process.wait_for(lambda: not process.is_idle(server.pid), "a connection")
            client_that_leaves.kill()
        server.wait_until_idle()
        if server.log.matching(r"\[report-cut\]$"):
            break
    assert not any(line.split('" ')[1][0] in "25" for line in server.accesses())
    assert Spool(server).files() == {} and Spool(server).leftovers() == []
    assert server.log.matching(r"\[report-cut\]$")


def test_filters_of_others_see_the_body_first(start, fresh):
    server = start("SetInputFilter DEFLATE\nLimitRequestBody 5000\n"
                   "MTASTSReportMaxSize 1M 10M\n" + report.conf(), modules=["deflate"],
                   expected=[REFUSED, "AH01382|AH02609|AH00588|is larger than"])
    for sent, headers in ((packed(fresh), ["Content-Encoding: gzip"]), (fresh, []),
                          (packed(fresh), [])):
        assert post(server, sent, headers=headers).status in (200, 201)
    large = make(1, information=random.Random(1).randbytes(4000).hex())
    assert post(server, large).status == 413
    assert post(server, report.chunked(large), headers=["Transfer-Encoding: chunked"]).status == 413


def test_an_unframed_or_contradictory_body_is_a_bad_request(server):
    for headers in (["Transfer-Encoding: nonsense"], ["Content-Length: -1"], ["Content-Length: x"],
                    ["Content-Length: 1", "Content-Length: 2"]):
        assert post(server, b"{}", headers=headers).status in (400, 501), headers
    assert post(server, b"zz\r\n{}\r\n0\r\n\r\n",
                headers=["Transfer-Encoding: chunked"]).status == 400


def test_deflate_does_not_touch_the_answer(start, fresh):
    server = start("AddOutputFilterByType DEFLATE text/plain\n" + report.conf(),
                   modules=["deflate", "filter"])
    answer = post(server, packed(fresh), headers=["Accept-Encoding: gzip"])
    assert answer.status == 201
    assert answer.header("Content-Encoding") is None
    assert zlib.crc32(answer.body) == zlib.crc32(b"Thank you: the report was stored.\n")
