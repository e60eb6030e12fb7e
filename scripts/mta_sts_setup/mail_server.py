# SPDX-License-Identifier: Apache-2.0
"""Checks whether the mail server is reloaded after certbot on this machine has renewed the
certificate of an MX host.

A mail server uses the certificate that it read at its last reload. A renewal without a reload goes
unnoticed until the old one expires and every sender that applies the policy stops delivering.
"""

import glob
import os
import re

from . import certificate
from .policy import covers
from .step import WriteFile, read

HOOKS = certificate.LETSENCRYPT + "/renewal-hooks"
HOOK = HOOKS + "/deploy/reload-mail-server"
SERVERS = re.compile(r"postfix|dovecot|exim|sendmail|opensmtpd|smtpd|courier|maddy|mail")

TEXT = """\
#!/bin/sh
# Written by mta-sts-setup. certbot runs it after each renewal: a mail server uses the
# certificate that it read last until it is reloaded.
status=0
for server in postfix dovecot exim4; do
    if [ -d /run/systemd/system ]; then
        systemctl is-active --quiet "$server" || continue
        systemctl reload "$server" || status=1
    elif [ -x "/etc/init.d/$server" ]; then
        service "$server" status >/dev/null 2>&1 || continue
        service "$server" reload || status=1
    fi
done
exit $status
"""


def _has_hook(lineage):
    """Whether a hook that mentions a mail server runs after this certificate was renewed."""
    own = re.findall(r"^(?:renew_hook|post_hook|deploy_hook)\s*=\s*(.*)$", lineage.renewal, re.M)
    shared = [path for kind in ("deploy", "post")
              for path in glob.glob("{}/{}/*".format(HOOKS, kind)) if os.access(path, os.X_OK)]
    if any(SERVERS.search(command) for command in own):
        return True
    return any(SERVERS.search(os.path.basename(path) + read(path)) for path in shared)


def unhooked(policy):
    """[(lineage's name, MX host)] of certificates of the policy's MX hosts that certbot renews
    here without reloading the mail server."""
    found = []
    for lineage in certificate.lineages():
        hosts = [name for name in lineage.names
                 if any(covers(pattern, name) for pattern in policy.mx)]
        if hosts and not _has_hook(lineage):
            found.append((lineage.name, hosts[0]))
    return found


def hook_step():
    return WriteFile(HOOK, TEXT, mode=0o755, why="it reloads the mail server after each renewal")
