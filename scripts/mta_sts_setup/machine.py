# SPDX-License-Identifier: Apache-2.0
"""This machine's addresses, and what names resolve to."""

import ipaddress
import re
import socket

from . import command
from .problem import Problem


def own_addresses():
    """Every address of this machine's interfaces."""
    output = command.run(["ip", "-o", "addr"]).output
    return {ipaddress.ip_address(text) for text in re.findall(r" inet6? ([0-9a-f.:]+)", output)}


def public_addresses():
    return sorted((address for address in own_addresses() if address.is_global), key=str)


def addresses_of(name):
    """The addresses that a name resolves to: A, then AAAA."""
    found = []
    for family in socket.AF_INET, socket.AF_INET6:
        try:
            answers = socket.getaddrinfo(name, 443, family, socket.SOCK_STREAM)
        except socket.gaierror:
            continue
        for answer in answers:
            address = ipaddress.ip_address(answer[4][0].split("%")[0])
            if address not in found:
                found.append(address)
    return found


def _records(host):
    lines = ["  {}. IN {} {}".format(host, "A" if address.version == 4 else "AAAA", address)
             for address in public_addresses()]
    if lines:
        return "\n".join(lines)
    return ("  {}. IN A ...\n(this machine has no public address itself: use the public address of "
            "your router or load balancer)".format(host))


def require_here(host):
    """Stops if the name does not resolve to this machine."""
    found = addresses_of(host)
    if not found:
        raise Problem("{} does not resolve to any address. Publish this in DNS, wait until it "
                      "resolves, and run this again (or use --force):\n{}".format(
                          host, _records(host)))
    foreign = [str(address) for address in found if address not in own_addresses()]
    if foreign:
        raise Problem(
            "{host} resolves to {}, not to this machine. Publish this instead, or delete the wrong "
            "address, and run this again; if requests for {host} still reach this machine (NAT, "
            "CDN), use --force:\n{}".format(", ".join(foreign), _records(host), host=host))


def _lookup_mx(name):
    """The values of the MX records, as dig or host print them; None if neither is installed."""
    if command.installed("dig"):
        args = ["dig", "+short", "+time=5", "+tries=2", "MX", name]
        lines = command.run(args, check=False, stderr=False).output.splitlines()
        return [line for line in lines if not line.startswith(";")]
    if command.installed("host"):
        output = command.run(["host", "-W", "5", "-t", "MX", name], check=False).output
        return re.findall(r"mail is handled by (.*)$", output, re.M)
    return None


def mx_of(domain):
    """The hosts of the domain's MX records, by preference."""
    answers = _lookup_mx(domain)
    if answers is None:
        raise Problem("looking up the domain's MX hosts needs dig or host: "
                      "apt-get install bind9-dnsutils, or name the hosts with --mx")
    pairs = [line.split() for line in answers if re.match(r"\d+ \S+$", line)]
    hosts = [host for _, host in sorted(pairs, key=lambda pair: int(pair[0]))]
    if hosts == ["."]:
        raise Problem("{} accepts no mail (it has a null MX record), so it needs no MTA-STS "
                      "policy".format(domain))
    if not hosts:
        raise Problem("found no MX records of {} in DNS: name the MX hosts with "
                      "--mx".format(domain))
    return [host.rstrip(".").lower() for host in hosts]
