# SPDX-License-Identifier: Apache-2.0
"""The cost of MTASTSFetchLog per request, and the amount of data that it stores."""

import contextlib
import http.client
import re
import socket
import ssl
import statistics

from bench_figures.fetching import POLICY, policy_of
from bench_figures.hosting import ON, Source, host, sync
from bench_figures.pairs import VHOST, make_pairs

OFF = "MTASTSFetchLog off\n"


def configured(count):
    return "".join(f"<MTASTSPolicy h{i:06}.example.org>\nMTASTSMx mx.example.org\n</MTASTSPolicy>\n"
                   for i in range(count))


def send(port, hosts):
    """Sends one request for each host, over one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    with contextlib.closing(connection):
        for name in hosts:
            connection.request("GET", POLICY, headers={"Host": name, "User-Agent": "Postfix/3.10"})
            connection.getresponse().read()


def instructions_of(bench, extra, known, new):
    """Instructions per request: for hosts that were requested in the last few seconds, and for
    others.

    Callgrind counts within ap_process_connection and writes a file after each connection. Each kind
    has its own connection, after a warm-up connection."""
    counts = bench.root / "counts/out"
    wrapper = ["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={counts}",
               "--toggle-collect=ap_process_connection", "--dump-after=ap_process_connection"]
    with bench.httpd(extra, "prefork", wrapper, ["-X"]):
        policy_of(bench.port, known[0])
        for hosts in (known, known, new):
            send(bench.port, hosts)
    totals = {}
    for path in counts.parent.glob("out.*"):
        totals[int(path.suffix[1:])] = int(
            re.search(r"^totals: (\d+)", path.read_text(), re.MULTILINE)[1])
        path.unlink()
    last = [totals[number] for number in sorted(totals)[-2:]]
    return last[0] / len(known), last[1] / len(new)


def costs(bench, extra, number):
    few = number // 20  # the watchdog may empty the table at any time; then these hosts are soon in it again
    known = [host(i % few) for i in range(number)]
    new = [host(i) for i in range(number, 2 * number)]
    on = instructions_of(bench, extra, known, new)
    off = instructions_of(bench, OFF + extra, known, new)
    return [a - b for a, b in zip(on, off)], [f"{a:.0f} over {b:.0f}" for a, b in zip(on, off)]


def shake(port, host, protocol):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    tls.minimum_version = tls.maximum_version = protocol
    tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port), 60) as stream, \
            tls.wrap_socket(stream, server_hostname=host):
        pass


def instructions_of_handshake(bench, extra, port):
    """The median of a connection with a TLS handshake and no request."""
    counts = bench.root / "counts/tls"
    wrapper = ["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={counts}",
               "--toggle-collect=ap_process_connection", "--dump-after=ap_process_connection"]
    with bench.httpd(extra, "prefork", wrapper, ["-X"]):
        for _ in range(30):
            shake(port, "mta-sts.h000000.example.org", ssl.TLSVersion.TLSv1_3)
    totals = []
    for path in counts.parent.glob("tls.*"):
        totals.append(int(re.search(r"^totals: (\d+)", path.read_text(), re.MULTILINE)[1]))
        path.unlink()
    return statistics.median(sorted(totals)[-30:])


def handshake_costs(bench):
    directory = bench.root / "handshakes"
    directory.mkdir()
    make_pairs(directory, 1)
    port = bench.port + 1 if bench.port < 65535 else bench.port - 1
    vhost = VHOST.format(port=port, pairs=directory, certificates="MTASTSMx mx.example.org")
    off = instructions_of_handshake(bench, OFF + vhost, port)
    on = instructions_of_handshake(bench, vhost, port)
    return on - off, f"{on:,.0f} over {off:,.0f}"


def figure_fetch_log(bench):
    number = 400
    handshake, note = handshake_costs(bench)
    yield "instructions a TLS handshake of MTASTSFetchLog", handshake, note, 10_000, 3_000
    (known, new), notes = costs(bench, configured(2 * number), number)
    yield "instructions a request of MTASTSFetchLog, first of its kind", new, notes[1], 300, 250
    yield "the same, not the first in seconds", known, notes[0], 300, 200
    many = bench.pick(1_000_000, 10_000)
    source = Source(bench)
    source.fill(0, many)
    sync(bench, many - 1)
    (known, new), notes = costs(bench, ON, number)
    yield (f"the same with {many:,} hosted domains, first", new, notes[1], 300, 250)
    yield (f"the same with {many:,} hosted domains, not the first", known, notes[0], 300, 200)
