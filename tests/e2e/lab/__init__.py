# SPDX-License-Identifier: Apache-2.0
"""The end-to-end lab: real daemons in a private network namespace, one noun per module.

The addresses are those that tests/e2e/run puts on the loopback interface.
"""

from pathlib import Path

ACME = "127.0.0.14"
MX1 = "127.0.0.25"
MX2 = "127.0.0.26"
SENDER = "127.0.0.27"
REPORTS = "127.0.0.28"
RESOLVER = "127.0.0.53"
NAMESERVER = "127.0.0.54"
APACHE = "127.0.0.80"

# On the namespace's own tmpfs: one directory per daemon, with its configuration and its logs.
DIRECTORY = Path("/run/lab")
