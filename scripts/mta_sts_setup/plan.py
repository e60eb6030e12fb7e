# SPDX-License-Identifier: Apache-2.0
"""The current configuration, and the steps from it to the requested one."""

import os
from datetime import datetime, timedelta, timezone

from . import apache, certificate, history, machine, site
from .edits import Block, Edits, add_alias, remove_definition
from .policy import Policy
from .problem import Problem
from .step import WriteFile, read

DEFAULT_MODE = "testing"
DEFAULT_MAX_AGE = 604800


class Facts:
    """What Apache's configuration contains about one domain."""

    def __init__(self, domain):
        self.domain = domain
        self.host = "mta-sts." + domain
        self.dump = apache.dump()
        self.definitions = apache.definitions(self.dump, domain)
        self._history = None
        self.sections = apache.sections()
        self.carriers = [section for section in self.sections if section.carries(self.host)]
        blocks = [definition for definition in self.definitions if definition.is_block]
        self.block = Block(blocks[0].path, blocks[0].line) if blocks else None
        self.block_policy = blocks[0].policy if blocks else None

    @property
    def https(self):
        """The https virtual host that has the name, or None."""
        return next((section for section in self.carriers if section.is_https), None)

    @property
    def http(self):
        return next((section for section in self.carriers if not section.is_https), None)

    @property
    def policy(self):
        """The policy that senders fetch, or would fetch over https; None without one."""
        served = [found for found in self.definitions if found.is_served] or self.definitions
        return served[0].policy if served else None

    @property
    def history(self):
        """The history of the policies that were served before the current one."""
        if self._history is None:
            self._history = history.read(self.domain, self.policy, self.dump)
        return self._history

    @property
    def earlier_until(self):
        """Until when senders may hold an earlier policy, if the history knows of one; or None."""
        return self.history.until

    @property
    def comments(self):
        return self.block.comments if self.block else []


def merged(options, present):
    """The requested policy: omitted options keep their current values, or get their defaults."""
    mx = tuple(options.mx) if options.mx else present.mx if present else ()
    return Policy(options.mode or (present.mode if present else DEFAULT_MODE), mx,
                  options.max_age or (present.max_age if present else DEFAULT_MAX_AGE))


# --- where the policy is defined ---


def human_comments(facts):
    """The comments in the block that this program did not write."""
    return [line for line in facts.comments if not line.startswith((site.EARLIER, site.REMOVAL))]


def comments_after(facts, policy):
    """Comments for the policy: until when senders may hold copies of a policy with a larger
    max_age."""
    dates = [site.noted(facts.comments, start) for start in (site.EARLIER, site.REMOVAL)]
    if facts.policy and facts.policy.max_age > policy.max_age:
        seconds = timedelta(seconds=facts.policy.max_age)
        dates.append(datetime.now(timezone.utc) + seconds)
    dates = [date for date in dates if date]
    notes = [site.EARLIER + site.date_text(max(dates))] if dates else []
    return human_comments(facts) + notes


def is_defined(facts, policy, comments):
    """Whether this is the only policy that the configuration defines for the domain."""
    return (bool(facts.definitions) and facts.comments == comments
            and all(definition.policy == policy for definition in facts.definitions))


def policy_edits(facts, policy, comments):
    """Edits after which the server-level block defines this policy and no virtual host another."""
    edits = Edits()
    if is_defined(facts, policy, comments):
        return edits
    for definition in facts.definitions:
        if not definition.is_block:
            remove_definition(edits, definition, facts.host)
    if facts.block and (facts.block_policy != policy or facts.comments != comments):
        facts.block.require_alone()
        text = site.block_text(facts.domain, policy, comments, facts.block.indent)
        edits.replace(facts.block.path, facts.block.line, len(facts.block.lines),
                      text.splitlines())
    return edits


def _require_own(path):
    if os.path.exists(path) and site.MARK not in read(path):
        raise Problem("{} already exists, was not {}, and is not enabled: move it away or "
                      "enable it, and run this again".format(path, site.MARK))


def _named_addresses(facts):
    """The addresses of the policy host that other virtual hosts name."""
    here = [str(address) for address in machine.addresses_of(facts.host)]
    named = {address for section in facts.sections for address in section.addresses}
    return sorted(address for address in named if address.strip("[]") in here)


def _hosts_text(options, facts):
    addresses = _named_addresses(facts)
    if options.mod_md:
        return site.md_text(facts.host, addresses, options.email,
                            certificate.wanted_server(options))
    return site.http_text(facts.host, addresses)


def own_file_steps(options, facts, policy, comments):
    """Creates the file with the block, if there is none yet: a site, or a snippet for an existing
    site."""
    if facts.block or is_defined(facts, policy, comments):
        return []
    text = site.policy_text(facts.domain, policy, comments)
    if options.site or facts.carriers:
        path, enable = apache.conf_file(facts.host), apache.enable_conf
    else:
        path, enable = apache.site_file(facts.host), apache.enable_site
        text += _hosts_text(options, facts)
    _require_own(path)
    steps = [WriteFile(path, text)] if read(path) != text else []
    return steps + [enable(facts.host)]


# --- the existing site ---


def sections_of_site(facts, name):
    """The virtual hosts, http and https, of the site that will have the policy host's name."""
    paths = [os.path.realpath(apache.site_file(stem)) for stem in (name, name + "-le-ssl")]
    found = [section for section in facts.sections if section.path in paths]
    if not found:
        raise Problem("the site {} does not exist or is not enabled: {} has no <VirtualHost> that "
                      "Apache uses (a2query -s lists the enabled sites)".format(name, paths[0]))
    first = min(found, key=lambda section: (paths.index(section.path), section.line))
    if not first.name:
        raise Problem("the virtual host at {} has no ServerName: give it one, and run this "
                      "again".format(first))
    return [section for section in found if section.name == first.name]


def https_of(options, facts):
    """The https virtual host that will have the policy host's name, if it exists already."""
    sections = sections_of_site(facts, options.site) if options.site else facts.carriers
    return next((section for section in sections if section.is_https), None)


def alias_edits(options, facts, edits):
    """Adds the name to the virtual hosts of --site; returns those."""
    chosen = sections_of_site(facts, options.site)
    elsewhere = [section for section in facts.carriers
                 if str(section) not in map(str, chosen)]
    if elsewhere:
        raise Problem("{} already belongs to the virtual host at {}: run this without --site, or "
                      "remove the name there".format(facts.host, elsewhere[0]))
    for section in chosen:
        if not section.carries(facts.host):
            add_alias(edits, section, facts.host)
    return chosen


# --- the whole plan ---


def module_steps(options):
    needed = ["mta_sts", "ssl"] + (["md"] if options.mod_md else [])
    missing = [name for name in needed if not apache.is_module_enabled(name)]
    return [apache.enable_modules(missing)] if missing else []


def is_for_mod_md(options, https):
    """Whether mod_md gets the certificate of the https virtual host (None: there is none yet)."""
    return options.mod_md or bool(https and not https.certificate
                                  and apache.is_module_enabled("md"))


def certificate_steps(options, facts, sections):
    """sections: the virtual hosts that carry the host once the steps before are done."""
    https = next((section for section in sections if section.is_https), None)
    if is_for_mod_md(options, https):
        return certificate.md_steps(facts.host)
    http = next((section for section in sections if not section.is_https), None)
    if not sections:
        return [certificate.certbot(options, facts.host, [facts.host], facts.host)]
    step = certificate.certbot_step(options, facts.host, https, http)
    return [step] if step else []


def _require_managed(sections):
    """mod_md adds the new alias to its certificate only for sites that it manages."""
    for section in sections:
        if section.certificate:
            raise Problem("the virtual host at {} has a certificate of its own (SSLCertificateFile)"
                          ", so mod_md does not manage it: run this without --mod-md".format(
                              section))


def setup(options, facts, policy):
    """The remaining steps; empty if nothing has to be changed."""
    comments = comments_after(facts, policy)
    edits = policy_edits(facts, policy, comments)
    sections = facts.carriers
    if options.site:
        sections = alias_edits(options, facts, edits)
    if options.mod_md:
        _require_managed(sections)
    modules = module_steps(options)
    files = (edits.steps("the policy of " + facts.domain)
             + own_file_steps(options, facts, policy, comments))
    steps = modules + files
    if steps:
        steps += [apache.configtest(), apache.reload()]
        # mod_md treats the first configuration after its LoadModule as a dry run.
        if options.mod_md and not apache.is_module_enabled("md"):
            steps += [apache.reload()]
    return steps + certificate_steps(options, facts, sections)
