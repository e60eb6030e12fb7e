# SPDX-License-Identifier: Apache-2.0
"""A policy as senders get it."""

import hashlib

PATH = "/.well-known/mta-sts.txt"
HOST = "mta-sts.example.com"
MX = "MTASTSMx mx1.example.com\n"
WEEK = 604800

# Headers that a sender could misread, or that would make it cache the policy for too long.
UNWANTED = ("etag", "last-modified", "content-encoding", "transfer-encoding", "content-range",
            "location", "expires", "vary", "set-cookie", "warning", "age", "www-authenticate",
            "content-disposition", "content-language")


def text(*mx, mode="testing", max_age=WEEK):
    lines = ["version: STSv1", f"mode: {mode}", *(f"mx: {name}" for name in mx),
             f"max_age: {max_age}"]
    return "".join(line + "\r\n" for line in lines).encode()


POLICY = b"version: STSv1\r\nmode: testing\r\nmx: mx1.example.com\r\nmax_age: 604800\r\n"


def identity(served):
    """The policy id of a policy text."""
    return hashlib.sha256(served).hexdigest()[:20]


def check(answer, expected=POLICY, method="GET"):
    """Checks that the response is the complete and unchanged policy, without unwanted headers."""
    assert answer.status == 200, answer
    assert answer.body == (b"" if method == "HEAD" else expected)
    assert answer.header("Content-Length") == str(len(expected))
    assert answer.header("Content-Type") == "text/plain; charset=us-ascii"
    assert answer.header("Cache-Control") == "max-age=60"
    assert answer.header("X-Content-Type-Options") == "nosniff"
    surplus = {name.lower() for name in answer.names()} & set(UNWANTED)
    assert not surplus, answer.headers
