# SPDX-License-Identifier: Apache-2.0
"""The end-to-end lab: real daemons in a private network namespace, one noun per module.
tests/e2e/run assigns the addresses to the loopback interface.
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

# On a tmpfs of the namespace: one directory per daemon, with its configuration and logs.
DIRECTORY = Path("/run/lab")
