# SPDX-License-Identifier: Apache-2.0
"""Thousands of key pairs in one virtual host: starting, and restarting gracefully."""

import datetime
import signal
import statistics
import time
from pathlib import Path

from bench_figures.common import CannotMeasure, run
from bench_figures.fetching import get

PEM_READ = Path(__file__).parent / "pem_read.c"

VHOST = """
LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so
LoadModule socache_shmcb_module /usr/lib/apache2/modules/mod_socache_shmcb.so
Listen 127.0.0.1:{port} https
<VirtualHost *:{port}>
    ServerName hosting.example
    ServerAlias mta-sts.*
    SSLEngine on
    SSLCertificateFile {pairs}/0/fullchain.pem
    SSLCertificateKeyFile {pairs}/0/privkey.pem
    {certificates}
</VirtualHost>
"""


def make_pairs(directory, count):
    """Creates self-signed certificates, because httpd does not verify what it presents."""
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
    except ImportError as error:
        raise CannotMeasure("apt-get install python3-cryptography") from error

    now = datetime.datetime(2026, 1, 1)
    for number in range(count):
        host = f"mta-sts.h{number:06}.example.org"
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
        certificate = (
            x509.CertificateBuilder().subject_name(name).issuer_name(name)
            .public_key(key.public_key()).serial_number(number + 1)
            .not_valid_before(now).not_valid_after(now + datetime.timedelta(days=3650))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), False)
            .sign(key, hashes.SHA256()))
        where = directory / str(number)
        where.mkdir()
        (where / "fullchain.pem").write_bytes(
            certificate.public_bytes(serialization.Encoding.PEM))
        (where / "privkey.pem").write_bytes(key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption()))


def longest_wait(bench, process):
    """The time in seconds of the slowest request around a graceful restart."""
    longest, end = 0, time.monotonic() + 3
    process.send_signal(signal.SIGUSR1)
    while time.monotonic() < end:
        begin = time.perf_counter()
        get(bench.port, "/")
        longest = max(longest, time.perf_counter() - begin)
    return longest


def measure(bench, extra, rounds):
    """(seconds of a start, the longest wait around a graceful restart): medians."""
    begin = time.monotonic()
    with bench.httpd(extra) as process:
        started = time.monotonic() - begin
        waits = [longest_wait(bench, process) for _ in range(rounds)]
    return started, statistics.median(waits)


def seconds_of_pem(bench, directory, count):
    """The median time of reading the same pairs with OpenSSL's functions for PEM files."""
    program = bench.root / "pem_read"
    run("gcc", "-O2", "-Wall", "-o", program, PEM_READ, "-lssl", "-lcrypto")
    return statistics.median(float(run(program, directory, str(count))) for _ in range(3))


def figure_pairs(bench):
    count, rounds = bench.pick(10_000, 1_000), bench.pick(5, 2)
    directory = bench.root / "pairs"
    directory.mkdir()
    make_pairs(directory, count)
    port = bench.port + 1 if bench.port < 65535 else bench.port - 1
    none = VHOST.format(port=port, pairs=directory, certificates="")
    every = VHOST.format(port=port, pairs=directory,
                         certificates=f"MTASTSCertificates {directory}/*")
    empty, plain = measure(bench, none, rounds)
    started, wait = measure(bench, every, rounds)
    yield (f"seconds of a start with {count:,} key pairs above none", started - empty,
           f"{1000 * (started - empty) / count:.2f} ms each", 6, 3)
    common = seconds_of_pem(bench, directory, count)
    yield ("the same over reading them with OpenSSL's PEM functions", (started - empty) / common,
           f"{common:.2f} s", 0.5, 0.35)
    yield (f"seconds a request waits in a graceful, {count:,} pairs", wait,
           f"{rounds} restarts, {plain:.2f} without pairs", 0.3, 0.12)
