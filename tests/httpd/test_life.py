# SPDX-License-Identifier: Apache-2.0
"""Starting, reloading and stopping, under every MPM."""

import contextlib
import os
import signal
import socket
import subprocess
import threading

import pytest

import client
import policy
import process
from httpd import APACHE, MPMS, proxied
from policy import HOST, MX, PATH, POLICY, text

pytestmark = pytest.mark.slow

every_mpm = pytest.mark.parametrize("mpm", MPMS)
STRICT = text("mx1.example.com", mode="enforce")
NET = text("mx.example.net")


def block(domain, *lines):
    return "\n".join([f"<MTASTSPolicy {domain}>", *lines, "</MTASTSPolicy>", ""])


def settled(server, host, expected):
    """No answer is one of the generation before."""
    for _ in range(10):
        answer = server.fetch(host)
        if expected is None:
            assert answer.status == 404
        else:
            policy.check(answer, expected)


@every_mpm
def test_policies_are_added_changed_and_removed_by_one_graceful_each(start, mpm):
    www = proxied("www.example.com")
    server = start(www + proxied(HOST))
    settled(server, HOST, None)
    server.configure(www + proxied(HOST, MX) + block("example.net", "MTASTSMx mx.example.net"))
    server.graceful()
    settled(server, HOST, POLICY)
    settled(server, "mta-sts.example.net", NET)
    server.configure(www + proxied(HOST, MX + "MTASTSMode enforce\n")
                     + block("example.net", "MTASTSMx mx.example.net"))
    server.graceful()
    settled(server, HOST, STRICT)
    settled(server, "mta-sts.example.net", NET)
    server.configure(www + proxied(HOST, MX + "MTASTSMode enforce\n"))
    server.graceful()
    settled(server, "mta-sts.example.net", None)
    settled(server, HOST, STRICT)
    server.configure(www + proxied(HOST))
    server.graceful()
    settled(server, HOST, None)


@every_mpm
def test_a_module_loaded_by_a_graceful_serves_afterwards(start, mpm):
    server = start(proxied(HOST), load=False)
    settled(server, HOST, None)
    server.configure(proxied(HOST, MX))
    server.graceful()
    settled(server, HOST, POLICY)
    assert len(server.log.matching(r"\[policy-served\]$")) == 1


@every_mpm
def test_a_module_that_is_unloaded_by_a_graceful_and_loaded_again_serves_again(start, mpm):
    server = start(proxied(HOST, MX))
    for _ in range(3):
        server.configure(proxied(HOST), load=False)
        server.graceful()
        settled(server, HOST, None)
        server.configure(proxied(HOST, MX))
        server.graceful()
        settled(server, HOST, POLICY)


@every_mpm
def test_a_restart_and_a_new_start_serve_what_is_configured_then(start, mpm):
    server = start(proxied(HOST, MX))
    policy.check(server.fetch())
    server.configure(proxied(HOST, MX + "MTASTSMode enforce\n"))
    server.restart()
    policy.check(server.fetch(), STRICT)
    server.stop()
    with pytest.raises(ConnectionError):
        server.fetch()
    server.configure(proxied(HOST, MX))
    server.start()
    policy.check(server.fetch())


def is_gone(pid):
    return not os.path.exists(f"/proc/{pid}") or process.is_zombie(pid)


@every_mpm
def test_the_commands_of_apache2_start_reload_restart_and_stop_it(make, mpm):
    server = make().configure(proxied(HOST, MX))
    pid_file = server.root / "run/httpd.pid"

    def command(word):
        result = subprocess.run([APACHE, "-f", str(server.conf_file), "-k", word],
                                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL, timeout=60)
        assert result.returncode == 0, word

    def start():
        before = server.resumptions()
        command("start")
        process.wait_for(lambda: server.resumptions() > before, "a start")
        pid = int(pid_file.read_text())
        assert process.uids(pid) == {0}
        return pid

    for last in ("stop", "graceful-stop"):
        pid = start()
        try:
            settled(server, HOST, POLICY)
            for word in ("graceful", "restart"):
                before = server.resumptions()
                process.wait_for(lambda: process.is_idle(pid), "the last connection to be closed")
                command(word)
                process.wait_for(lambda: server.resumptions() > before, word)
                settled(server, HOST, POLICY)
                assert int(pid_file.read_text()) == pid
            process.wait_for(lambda: process.is_idle(pid), "the last connection to be closed")
            command(last)
            process.wait_for(lambda: is_gone(pid), "the end of httpd")
        finally:
            if not is_gone(pid):
                os.kill(pid, signal.SIGTERM)
    with pytest.raises(ConnectionError):
        server.fetch()


@every_mpm
def test_a_single_process_for_debugging_serves_and_stops(make, mpm, tmp_path):
    server = make().configure(proxied(HOST, MX))
    with open(tmp_path / "output", "wb") as output:
        single = subprocess.Popen([APACHE, "-f", str(server.conf_file), "-X"], stdout=output,
                                  stdin=subprocess.DEVNULL, stderr=output, start_new_session=True)
    try:
        def answer():
            with contextlib.suppress(ConnectionRefusedError):
                return server.fetch()
        policy.check(process.wait_for(answer, "an answer"))
        process.wait_for(lambda: len(process.connections(single.pid)) == 1, "it to only listen")
    finally:
        single.terminate()
        status = single.wait(process.DEADLINE)
    assert status == 0


@every_mpm
def test_under_load_each_answer_is_whole_and_of_one_configuration(start, mpm):
    """The texts differ in length and in each line, so that a mixture would show."""
    confs = {POLICY: proxied(HOST, MX),
             text("other.example", "*.second.example", mode="none", max_age=86400):
             proxied(HOST, "MTASTSMx other.example *.second.example\nMTASTSMode none\n"
                     "MTASTSMaxAge 1d\n")}
    server = start(confs[POLICY])
    seen, done = [], threading.Event()
    sent = client.request(HOST, PATH)

    def ask():
        while not done.is_set():
            try:
                seen.append(client.talk(server.ports["http"], sent))
            except OSError as error:
                seen.append(repr(error).encode())

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for turn in range(8):
            expected = list(confs)[(turn + 1) % 2]
            server.configure(confs[expected])
            before = len(seen)
            server.graceful()
            settled(server, HOST, expected)
            process.wait_for(lambda: len(seen) > before + 20, "twenty answers")
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert len(seen) > 160
    bodies = set()
    for received in set(seen):
        assert received.startswith(b"HTTP/1.1 200 "), received
        answer = client.only(received)
        assert answer.body in confs
        policy.check(answer, answer.body)
        bodies.add(answer.body)
    assert bodies == set(confs)


@every_mpm
def test_all_children_answer_the_same(start, mpm):
    server = start("StartServers 4\n" + proxied(HOST, MX))

    def several():
        policy.check(server.fetch())
        return len({line.split()[-1] for line in server.accesses()}) > 1
    process.wait_for(several, "answers of two children")


def test_a_request_on_a_keepalive_connection_survives_a_graceful(start):
    server = start("KeepAlive on\nKeepAliveTimeout 10\n" + proxied(HOST, MX))
    sent = client.request(HOST, PATH).replace(b"Connection: close\r\n", b"")
    with socket.create_connection(("127.0.0.1", server.ports["http"]), 10) as stream:
        stream.sendall(sent)
        first, _ = client.read(stream.recv(65536))
        policy.check(first)
        server.configure(proxied(HOST, MX + "MTASTSMode enforce\n"))
        server.graceful()
        try:
            stream.sendall(sent)
            received = stream.recv(65536)
        except ConnectionError:
            received = b""
    if received:  # httpd may have closed the idle connection
        assert client.read(received)[0].body in (POLICY, STRICT)
    settled(server, HOST, STRICT)


# --- many domains ---

def test_ten_thousand_domains_are_served_from_one_virtual_host(start):
    server = start(proxied("www.example.com") + "".join(
        block(f"d{i:05}.example", f"MTASTSMx mx{i}.example") for i in range(10000)))
    for i in (0, 1, 4999, 9998, 9999):
        policy.check(server.fetch(f"mta-sts.d{i:05}.example"), text(f"mx{i}.example"))
    assert server.fetch("mta-sts.d10000.example").status == 404
    lines = server.log.matching(r"\[policy-served\]$")
    assert len(lines) == 1 and "10000 policies" in lines[0]
    server.graceful()
    settled(server, "mta-sts.d00007.example", text("mx7.example"))


def test_a_block_of_a_thousand_domains_is_served(start):
    domains = " ".join(f"d{i}.example" for i in range(1000))
    server = start(f"<MTASTSPolicy {domains}>\n{MX}</MTASTSPolicy>\n" + proxied("www.example.com"))
    for i in (0, 500, 999):
        policy.check(server.fetch(f"mta-sts.d{i}.example"))
