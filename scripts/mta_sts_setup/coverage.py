# SPDX-License-Identifier: Apache-2.0
"""The MX records of a domain and the mx patterns of its policy, compared in both directions."""

from . import machine, providers
from .policy import covers
from .problem import Problem


def uncovered(patterns, hosts):
    return [host for host in hosts if not any(covers(pattern, host) for pattern in patterns)]


def unused(patterns, hosts):
    return [pattern for pattern in patterns if not any(covers(pattern, host) for host in hosts)]


def _host_text(host):
    provider = providers.of_host(host)
    return "no mx of the policy covers the MX host {}{}: add --mx {}".format(
        host, " ({})".format(provider.name) if provider else "", providers.pattern_for(host))


def _pattern_text(pattern):
    provider = providers.of_pattern(pattern)
    if provider and pattern in provider.patterns:
        provider = None  # it is as documented, so there is no pitfall to report
    why = provider.pitfall if provider else (
        "a * stands for exactly one label" if pattern.startswith("*.") else "")
    return "no MX record matches the policy's mx {}{}".format(pattern, why and " (" + why + ")")


def compare(domain, patterns):
    """Returns (texts about MX hosts that senders would skip in mode enforce, other remarks)."""
    try:
        hosts = machine.mx_of(domain)
    except Problem as problem:
        return [], ["the mx of the policy could not be compared with the MX records: {}".format(
            problem)]
    return ([_host_text(host) for host in uncovered(patterns, hosts)],
            [_pattern_text(pattern) for pattern in unused(patterns, hosts)])
