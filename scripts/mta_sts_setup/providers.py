# SPDX-License-Identifier: Apache-2.0
"""Mail providers, as in providers.def: the patterns that a policy for their MX hosts needs."""

import os
import re
from collections import namedtuple

from .policy import covers
from .step import read

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCES = (HERE + "/providers.def", HERE + "/../../mod_mta_sts/core/policy/providers.def")

Provider = namedtuple("Provider", "name hosts domains patterns pitfall")


def _read():
    path = next(path for path in SOURCES if os.path.exists(path))
    found = []
    for line in read(path).splitlines():
        if line.startswith("PROVIDER("):
            texts = [text.replace('\\"', '"') for text in re.findall(r'"((?:[^"\\]|\\.)*)"', line)]
            found.append(Provider(texts[0], texts[1].split(), texts[2].split(), texts[3].split(),
                                  texts[4]))
    return found


PROVIDERS = _read()


def _is_in(name, domains):
    return any(name == domain or name.endswith("." + domain) for domain in domains)


def of_host(host):
    """The provider of an MX host, or None."""
    return next((one for one in PROVIDERS if _is_in(host, one.hosts)), None)


def of_pattern(pattern):
    """The provider that a pattern is meant for, or None."""
    name = pattern[2:] if pattern.startswith("*.") else pattern
    return next((one for one in PROVIDERS if _is_in(name, one.hosts)),
                next((one for one in PROVIDERS if _is_in(name, one.domains)), None))


def pattern_for(host):
    """The documented pattern that covers an MX host; without one, the host itself."""
    provider = of_host(host)
    fitting = [one for one in provider.patterns if covers(one, host)] if provider else []
    return fitting[0] if fitting else host


def propose(hosts):
    """Patterns for MX hosts, in their order, each once."""
    return list(dict.fromkeys(pattern_for(host) for host in hosts))
