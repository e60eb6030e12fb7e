# SPDX-License-Identifier: Apache-2.0
"""The programs that setting up a policy needs, and their Debian packages."""

import os

from . import certificate, command, plan
from .problem import Problem

PYTHON = "/usr/lib/python3/dist-packages"


def _has_apache_plugin():
    """Whether certbot has its Apache plugin; a certbot that is not Debian's (a snap, a virtual
    environment) contains its plugins."""
    return (not os.path.isdir(PYTHON + "/certbot")
            or os.path.isfile(PYTHON + "/certbot_apache/__init__.py"))


def _missing(options, facts):
    """Pairs: a program, and the package to install."""
    if not command.installed("ip"):
        yield "ip", "iproute2"
    if not (options.mx or facts.policy or command.installed("dig") or command.installed("host")):
        yield "dig (or --mx)", "bind9-dnsutils"
    https = plan.https_of(options, facts)
    if (plan.is_for_mod_md(options, https)
            or not certificate.needs_certbot(options, facts.host, https)):
        return
    if not command.installed("certbot"):
        yield "certbot (or --mod-md)", "certbot"
    if not command.installed("certbot") or not _has_apache_plugin():
        yield "certbot's Apache plugin", "python3-certbot-apache"


def require(options, facts):
    """Raises a Problem that names everything that is missing, before anything else is done."""
    missing = list(_missing(options, facts))
    if missing:
        raise Problem("not installed, but needed: {}\n  apt-get install {}".format(
            ", ".join(name for name, _ in missing),
            " ".join(package for _, package in missing)))
