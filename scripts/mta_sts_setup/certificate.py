# SPDX-License-Identifier: Apache-2.0
"""Certificates: their names, and how certbot or mod_md gets them."""

import glob
import json
import os
import re
import time

from . import apache, command
from .problem import Problem
from .step import Command, Wait, quoted, read

LETSENCRYPT = "/etc/letsencrypt"
STAGING = "https://acme-staging-v02.api.letsencrypt.org/directory"
CERTBOT_SECONDS = 600
MD_SECONDS = 300


def names_in(path):
    """The DNS names of the certificate in a file; [] if it cannot be read."""
    if not os.path.exists(path):
        return []
    args = ["openssl", "x509", "-noout", "-ext", "subjectAltName", "-in", path]
    return re.findall(r"DNS:([^\s,]+)", command.run(args, check=False).output)


def covers(names, host):
    parent = host.split(".", 1)[1]
    return host in names or "*." + parent in names


class Lineage:
    """A certificate that certbot manages."""

    def __init__(self, name):
        self.name = name
        self.names = names_in("{}/live/{}/cert.pem".format(LETSENCRYPT, name))
        self.renewal = read("{}/renewal/{}.conf".format(LETSENCRYPT, name))
        server = re.search(r"^server\s*=\s*(\S+)", self.renewal, re.M)
        self.server = server.group(1) if server else ""

    @property
    def is_rehearsal(self):
        return "staging" in self.server


def lineages():
    return [Lineage(os.path.basename(path)[:-len(".conf")])
            for path in sorted(glob.glob(LETSENCRYPT + "/renewal/*.conf"))]


def lineage_of(section):
    """The lineage whose certificate a virtual host uses, or None."""
    found = re.match(LETSENCRYPT + "/live/([^/]+)/", section.certificate or "")
    return Lineage(found.group(1)) if found else None


def wanted_server(options):
    return STAGING if options.staging else options.server


# --- certbot ---


def _account(options):
    if options.email:
        return ["--email", options.email, "--no-eff-email"]
    return ["--register-unsafely-without-email"]


def _server(options):
    return ["--server", wanted_server(options)] if wanted_server(options) else []


def _live(name):
    return os.path.exists("{}/live/{}".format(LETSENCRYPT, name))


def certbot(options, name, hosts, site, old_hosts=()):
    """A step: a certificate of that name for these hosts, in use by the https copy of `site`
    (the stem of its file)."""
    copy = site + "-le-ssl"
    had_copy, was_live = os.path.exists(apache.site_file(copy)), _live(name)
    args = ["certbot", "--apache", "--non-interactive", "--agree-tos"]
    args += _account(options) + _server(options)
    # Redirects from http are the admin's choice; policies are fetched over https only.
    args += ["--no-redirect", "--cert-name", name]
    args += ["--expand"] if old_hosts else []
    args += ["--force-renewal"] if _leaves_rehearsal(options, name) else []
    args += [word for host in hosts for word in ("-d", host)]

    def undo():
        lines = []
        if not had_copy and os.path.exists(apache.site_file(copy)):
            lines += [quoted("a2dissite", "-q", copy), quoted("rm", "-f", apache.site_file(copy))]
        if not was_live and _live(name):
            lines += [quoted("certbot", "delete", "--non-interactive", "--cert-name", name)]
        elif old_hosts and set(Lineage(name).names) != set(old_hosts):
            lines += [command.shown(without_host_args(name, old_hosts))]
        return lines

    return Command("get the certificate of {} with certbot".format(", ".join(hosts)), args, undo,
                   CERTBOT_SECONDS)


def _leaves_rehearsal(options, name):
    return Lineage(name).is_rehearsal and not options.staging


def without_host_args(name, hosts):
    """The certbot command that gives the certificate exactly these names."""
    return (["certbot", "--apache", "--non-interactive", "--no-redirect", "--cert-name", name,
             "--renew-with-new-domains"] + [word for host in hosts for word in ("-d", host)])


def needs_certbot(options, host, section):
    """Whether certbot_step() would be a step for this https virtual host (None: there is none)."""
    if section is None:
        return True
    lineage = lineage_of(section)
    if lineage is None:
        return False
    return not covers(lineage.names, host) or _leaves_rehearsal(options, lineage.name)


def certbot_step(options, host, section, http):
    """The step that gives a virtual host the certificate, or None if it has it.

    section: the https virtual host that answers, or None; http: the virtual host that certbot will
    copy.
    """
    if section is None:
        hosts = [http.name] if http.name != host else []
        return _ask_certbot(options, host, hosts + [host], _stem(http.path), ())
    lineage = lineage_of(section)
    if lineage is None:
        if covers(names_in(section.certificate or ""), host):
            return None
        raise Problem(
            "the certificate of the virtual host at {} ({}) is not managed by certbot and does not "
            "contain {}: get one that does, or run this without --site".format(
                section, section.certificate or "none", host))
    if covers(lineage.names, host) and not _leaves_rehearsal(options, lineage.name):
        return None
    if any(name.startswith("*.") for name in lineage.names):
        raise Problem(
            "the certificate {} has a wildcard, which certbot's Apache plugin cannot get: add {} "
            "to it the way you obtained it, and run this again".format(lineage.name, host))
    others = [name for name in lineage.names if name != host]
    return _ask_certbot(options, lineage.name, others + [host], _stem(section.path),
                        tuple(lineage.names))


def _ask_certbot(options, name, hosts, site, old_hosts):
    return certbot(options, name, hosts, site, old_hosts)


def _stem(path):
    return os.path.basename(path)[:-len(".conf")]


# --- mod_md ---


def md_store():
    for path in glob.glob(apache.ETC + "/*-enabled/*.conf") + [apache.ETC + "/apache2.conf"]:
        found = re.search(r'^\s*MDStoreDir\s+"?([^"\s]+)', read(path), re.M | re.I)
        if found:
            return os.path.join(apache.ETC, found.group(1))
    return apache.ETC + "/md"


def _md_has(part, host):
    """The directory of mod_md's store (part: domains, staging) with a certificate for the host."""
    for path in glob.glob("{}/{}/*/pubcert*.pem".format(md_store(), part)):
        if covers(names_in(path), host):
            return os.path.dirname(path)
    return None


def _job(host):
    """What mod_md recorded about its attempts, for the managed domain with that host."""
    for path in glob.glob(md_store() + "/staging/*/job.json"):
        domains = read(os.path.join(os.path.dirname(path), "md.json"))
        if '"{}"'.format(host) in domains or os.path.dirname(path).endswith("/" + host):
            try:
                return json.loads(read(path))
            except ValueError:
                return {}
    return {}


def _wait_for_md(host):
    end = time.monotonic() + MD_SECONDS
    while time.monotonic() < end:
        job = _job(host)
        if _md_has("staging", host) and job.get("finished"):
            return
        if job.get("errors", 0) >= 2:
            break
        time.sleep(0.2)
    detail = (_job(host).get("last") or {}).get("detail") or "no reason given"
    raise Problem("mod_md has no certificate for {} yet: {}\n  It keeps trying; see "
                  "/var/log/apache2/error.log, and run this again later.".format(host, detail))


def md_steps(host):
    """Steps: mod_md obtains the certificate in the background; a reload then activates it."""
    if _md_has("domains", host):
        return []
    return [Wait("wait until mod_md has the certificate of " + host, lambda: _wait_for_md(host)),
            apache.reload()]
