# SPDX-License-Identifier: Apache-2.0
"""A policy: its text and id as the module computes them, its block in Apache's configuration."""

import hashlib
from collections import namedtuple

_Fields = namedtuple("_Fields", "mode mx max_age")


def covers(pattern, host):
    """Whether an mx pattern covers a host (RFC 8461 section 4.1): a "*" is exactly one label."""
    if pattern.startswith("*."):
        return "." in host and host.split(".", 1)[1] == pattern[2:]
    return host == pattern


class Policy(_Fields):
    """mode, mx (a tuple of patterns), max_age (seconds; any text before validation)."""

    def text(self):
        lines = ["version: STSv1", "mode: " + self.mode]
        lines += ["mx: " + pattern for pattern in self.mx]
        lines += ["max_age: {}".format(self.max_age)]
        return "".join(line + "\r\n" for line in lines).encode("ascii")

    def id(self):
        return hashlib.sha256(self.text()).hexdigest()[:20]

    def block(self, domain, indent=""):
        """The server-level block that defines it."""
        lines = ["<MTASTSPolicy {}>".format(domain),
                 "    MTASTSMode   {}".format(self.mode)]
        lines += ["    MTASTSMx     {}".format(pattern) for pattern in self.mx]
        lines += ["    MTASTSMaxAge {}".format(self.max_age),
                  "</MTASTSPolicy>"]
        return "".join(indent + line + "\n" for line in lines)

    def __str__(self):
        return "mode {}, max_age {}, mx {}".format(self.mode, self.max_age, " ".join(self.mx))
