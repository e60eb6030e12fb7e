# SPDX-License-Identifier: Apache-2.0
"""Behind a real haproxy and a real nginx that speak the PROXY protocol, with mod_remoteip: limits,
access control and fail2ban act on the address of the client, never on that of the proxy."""

import re
import shutil
import socket
import subprocess

import pytest

import client
import policy
import process
import report
from beside import accepts, daemon, fetch_from, post_from
from httpd import TOP, site
from policy import HOST, MX
from ports import free_port
from report import ENDPOINT, Spool, make as make_report, packed

HAPROXY = """\
defaults
    mode tcp
    timeout connect 5s
    timeout client 30s
    timeout server 30s
listen policies
    bind 127.0.0.1:@FRONT@
    server httpd 127.0.0.1:@HTTPS@ send-proxy-v2
"""
NGINX = """\
load_module /usr/lib/nginx/modules/ngx_stream_module.so;
daemon off;
pid @ROOT@/nginx.pid;
events {}
stream {
    server {
        listen 127.0.0.1:@FRONT@;
        proxy_pass 127.0.0.1:@HTTPS@;
        proxy_protocol on;
    }
}
"""
PROXIES = {
    "haproxy": (HAPROXY, lambda conf, _: ["/usr/sbin/haproxy", "-db", "-f", conf]),
    "nginx": (NGINX, lambda conf, log: ["/usr/sbin/nginx", "-c", conf, "-e", log]),
}
CLIENT, OTHER, BANNED = "127.0.0.5", "127.0.0.6", "127.0.0.7"
SITE = "RemoteIPProxyProtocol On\n" + MX + ENDPOINT + f"""\
<Location "{report.PATH}">
<RequireAll>
    Require all granted
    Require not ip {BANNED}
</RequireAll>
</Location>
"""


@pytest.fixture(params=PROXIES)
def behind(request, make, ca):
    """(httpd, port of the proxy in front of it, context and host for TLS)"""
    server = make()
    server.configure("Protocols h2 http/1.1\nMTASTSReportLimit 3\nMTASTSReportMaxSize 4K 1M\n" + site(HOST, SITE),
                     modules=["remoteip", "authz_host", "http2"]).start()
    text, command = PROXIES[request.param]
    front = free_port()
    conf = server.write("proxy.conf", text.replace("@FRONT@", str(front)))
    log = server.root / "proxy.log"
    with daemon(command(conf, log), lambda: accepts(front), log):
        yield server, front, (client.trusting(ca.root), HOST)
    # The probe of the port ends without a PROXY header.
    server.log.possible.append(r"\[remoteip:error\].*AH0350[0-9]")


def test_policies_are_served_and_limits_and_bans_hold_for_the_client_behind_the_proxy(behind):
    server, front, tls = behind
    server.log.expected += [r"\[client 127\.0\.0\.5:\d+\].*\[report-limited\]$",
                            r"\[client 127\.0\.0\.7:\d+\] AH0163\d: client denied"]
    policy.check(fetch_from(CLIENT, front, tls))
    statuses = [post_from(CLIENT, front, packed(make_report(number)), tls=tls).status
                for number in range(4)]
    assert statuses == [201, 201, 201, 503]
    assert post_from(OTHER, front, packed(make_report(10)), tls=tls).status == 201
    assert post_from(BANNED, front, packed(make_report(11)), tls=tls).status == 403
    policy.check(fetch_from(BANNED, front, tls))
    senders = [path.read_bytes().split(b" ")[4] for path in Spool(server).files().values()]
    assert sorted(senders) == 3 * [CLIENT.encode()] + [OTHER.encode()]


# --- fail2ban, which reads the log while it is written ---

@pytest.fixture
def bans(behind, tmp_path):
    """The file with the addresses that a fail2ban of our own bans."""
    etc, banned = tmp_path / "etc", tmp_path / "banned"
    shutil.copytree("/etc/fail2ban", etc)
    for path in (etc / "jail.d").iterdir():
        path.unlink()
    for kind in ("filter", "jail"):
        shutil.copy(TOP / f"conf/monitoring/fail2ban/{kind}.d/mta-sts.conf", etc / f"{kind}.d")
    (etc / "action.d/record.conf").write_text(
        f"[Definition]\nactionban = echo <ip> >> {banned}\nactionunban =\n")
    (etc / "fail2ban.local").write_text("[Definition]\ndbfile = None\nlogtarget = STDOUT\n")
    (etc / "jail.d/mta-sts.local").write_text(
        "[mta-sts]\nenabled = true\nmaxretry = 2\nbackend = polling\nignoreself = false\n"
        f"ignoreip =\naction = record\nlogpath = {behind[0].log.path}\n")
    banned.touch()
    log = tmp_path / "log"
    command = ["fail2ban-server", "-f", "-c", etc, "-s", tmp_path / "socket", "-p",
               tmp_path / "pid", "start"]
    with daemon(command, lambda: "Jail 'mta-sts' started" in log.read_text(), log):
        yield banned


def refuse(front, ca, source, protocol, body, content_type=report.JSON):
    """The status and the HTTP version of an answer to a POST from this address."""
    done = subprocess.run(
        ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code} %{http_version}", protocol,
         "--cacert", ca.root, "--interface", source, "--resolve", f"{HOST}:{front}:127.0.0.1",
         "-H", f"Content-Type: {content_type}", "--data-binary", body,
         f"https://{HOST}:{front}{report.PATH}"], capture_output=True, text=True, timeout=60)
    return done.stdout or done.stderr


@pytest.mark.parametrize("behind", ["haproxy"], indirect=True)
def test_fail2ban_bans_the_clients_behind_the_proxy_over_http_1_and_2(behind, bans, ca):
    server, front, _ = behind
    server.log.expected += [rf"\[{side} {re.escape(source)}:\d+\].*\[report-{kind}\]$"
                            for side, source in (("client", CLIENT), ("remote", OTHER))
                            for kind in ("invalid", "too-large")]
    for source, protocol, version in ((CLIENT, "--http1.1", "1.1"), (OTHER, "--http2", "2")):
        assert refuse(front, ca, source, protocol, "hello") == f"415 {version}"
        assert refuse(front, ca, source, protocol, 5000 * "x") == f"413 {version}"
    process.wait_for(lambda: len(bans.read_text().split()) >= 2, "fail2ban to ban two addresses")
    assert sorted(bans.read_text().split()) == [CLIENT, OTHER]


# --- a proxy that terminates TLS, as in the example ---

TERMINATING = """\
daemon off;
pid @ROOT@/nginx.pid;
events {}
http {
    access_log off;
@TEMPORARY@
    server {
        listen 127.0.0.1:@FRONT@ ssl;
        ssl_certificate @CERTIFICATE@;
        ssl_certificate_key @CERTIFICATE@;
        location / {
            proxy_pass http://127.0.0.1:@HTTP@;
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $remote_addr;
        }
    }
}
"""


def test_the_example_behind_a_proxy_that_terminates_tls_knows_the_client(make, ca):
    example = (TOP / "conf/examples/behind-tls-proxy.conf").read_text()
    example = example.replace("*:80>", "127.0.0.1:@HTTP@>").replace("192.0.2.10", "127.0.0.1")
    example = re.sub(r"( *)MTASTSMaxAge 1w\n", rf"\g<0>\1{ENDPOINT}", example)
    server = make(expected=[r"\[client 127\.0\.0\.5:\d+\].*\[report-limited\]$"])
    server.configure("MTASTSReportLimit 1\n" + example, modules=["remoteip"]).start()
    front = free_port()
    text = TERMINATING.replace("@FRONT@", str(front)).replace("@CERTIFICATE@", str(ca.issue([HOST])))
    text = text.replace("@TEMPORARY@", "\n".join(
        f"    {kind}_temp_path {server.root}/database/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")))
    conf, log = server.write("proxy.conf", text), server.root / "proxy.log"
    tls = client.trusting(ca.root), HOST
    with daemon(PROXIES["nginx"][1](conf, log), lambda: accepts(front), log):
        policy.check(fetch_from(CLIENT, front, tls))
        assert post_from(CLIENT, front, packed(make_report(1)), tls=tls).status == 201
        assert post_from(CLIENT, front, packed(make_report(2)), tls=tls).status == 503
        assert post_from(OTHER, front, packed(make_report(3)), tls=tls).status == 201


# --- the PROXY protocol on one listener only ---


def test_clients_of_a_listener_with_the_proxy_protocol_and_of_one_without_have_limits_of_their_own(make, ca):
    server, inner = make([r"\[report-limited\]$"]), free_port()
    server.configure(
        f"Listen [::1]:{inner}\nMTASTSReportLimit 2\n" + site(HOST, MX + ENDPOINT)
        + site(HOST, "RemoteIPProxyProtocol On\n" + MX + ENDPOINT).replace("127.0.0.1:@HTTPS@",
                                                                         f"[::1]:{inner}"),
        modules=["remoteip"]).start()
    tls = client.trusting(ca.root)

    def send(number, source=None):
        with socket.create_connection(("::1", inner) if source else
                                      ("127.0.0.1", server.ports["https"]), 10) as stream:
            if source:
                stream.sendall(f"PROXY TCP{6 if ':' in source else 4} {source} {source} 4321 443\r\n".encode())
            with tls.wrap_socket(stream, server_hostname=HOST) as inside:
                inside.sendall(report.request(packed(make_report(number))))
                return client.only(b"".join(iter(lambda: inside.recv(65536), b""))).status

    sources = [None, "2001:db8:1::5", "2001:db8:2::5", "192.0.2.5"]
    for first, source in enumerate(sources):
        assert [send(10 * first + number, source) for number in range(3)] == [201, 201, 503], source
    senders = {path.read_bytes().split(b" ")[4].decode() for path in Spool(server).files().values()}
    assert senders == {"127.0.0.1", *filter(None, sources)}
