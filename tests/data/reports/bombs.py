#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Measures the most expensive reports: `bombs.py COMMAND` creates them, runs `mta-sts import` on each,
and prints the time, and the peak memory above that of a small report. All files are removed."""
import gzip
import subprocess
import sys
import tempfile
import time


def zeros():
    """1 GiB of zeros, just under 1 MiB as gzip."""
    with tempfile.TemporaryFile() as file:
        with gzip.GzipFile(fileobj=file, mode="wb") as packer:
            for _ in range(1024):
                packer.write(bytes(1 << 20))
        file.seek(0)
        return file.read()


def repeated(head, piece, tail, octets=10 << 20):
    return gzip.compress((head + piece * ((octets - 100) // len(piece)) + tail).encode())


def cases():
    """Name, octets; the first is what the others are compared with."""
    return [
        ("a small report", b'{"policies":[]}'),
        ("gzip of 1 GiB of zeros", zeros()),
        ("[{},{},...] of 10 MiB", repeated("[", "{},", "{}]")),
        ("policies of {} of 10 MiB", repeated('{"policies":[', "{},", "{}]}")),
        ("10 MiB of one level deeper", repeated('{"policies":', "[", "")),
        ("as many {} as are read", gzip.compress(
            b'{"policies":[{"failure-details":[' + b"{}," * 69000 + b"{}]}]}")),
        ("as many [] as are read", gzip.compress(
            b'{"a":[' + b"[]," * 116000 + b'[]],"policies":[]}')),
        ("as many strings as are read", gzip.compress(
            b'{"policies":[{"policy":{"mx-host":[' + b'"",' * 189000 + b'"a"]}}]}')),
        ("long strings and many {}", gzip.compress(
            b'{"policies":[{"failure-details":[' + b"{}," * 28000 + b'{}],"policy":{"mx-host":['
            + (b'"' + b"x" * 8100 + b'",') * 1200 + b'"a"]}}]}')),
    ]


# A process counts the memory of the one that it was forked from, so that one is kept small.
MEASURE = """
import os, subprocess, sys
child = subprocess.Popen(sys.argv[1:], stdout=sys.stderr)
print(os.wait4(child.pid, 0)[2].ru_maxrss)
"""


def run(command, octets):
    """Peak memory in KiB, seconds, and what the command said."""
    with tempfile.TemporaryDirectory() as state, tempfile.TemporaryFile() as given:
        given.write(octets)
        given.seek(0)
        start = time.monotonic()
        done = subprocess.run([sys.executable, "-S", "-c", MEASURE, command, "import",
                               "--state-dir", state], stdin=given, capture_output=True, check=True)
        return int(done.stdout), time.monotonic() - start, done.stderr.decode().strip()


def main():
    least = None
    for name, octets in cases():
        peak, seconds, said = run(sys.argv[1], octets)
        least = least or peak
        print(f"{name:28} {len(octets):8} octets  +{(peak - least) / 1024:5.1f} MiB  "
              f"{1000 * seconds:5.0f} ms  {said.split(': ', 1)[1][:60]}")


if __name__ == "__main__":
    main()
