# SPDX-License-Identifier: Apache-2.0
"""Withdrawing MTA-STS: RFC 8461 section 8.3.

Senders cache what they have fetched for max_age seconds, regardless of DNS. So mode none is served
until the last copy of any earlier policy has expired; only then may the policy host be removed.
"""

import os
from datetime import datetime, timedelta, timezone

from . import apache, certificate, site
from .edits import Edits, remove_alias
from .plan import human_comments, own_file_steps, policy_edits
from .policy import Policy
from .step import Command, RemoveFile, read

NONE_MAX_AGE = 86400
RELOAD = timedelta(seconds=60)

# How much later the date in the block may be than that of the history: it is rounded up, and counted
# from before the reload.
ROUNDING = timedelta(hours=1)


def begun(facts):
    """Until when mode none is to be served in the worst case, if the removal has begun; else None. The
    module's history of served policies counts in addition to the comment in the block: policies may
    have been changed by hand, and were served until the reload."""
    until = site.noted(facts.comments, site.REMOVAL)
    return until and site.last(until, facts.earlier_until)


def expected(facts):
    """The same according to the fetch log, if it is complete, and if the history knows all policies
    that the comment in the block is about; else the worst case."""
    noted, worst = site.noted(facts.comments, site.REMOVAL), begun(facts)
    known = facts.history.until
    if facts.history.by_log is None or known is None or noted > known + ROUNDING:
        return worst
    return min(worst, facts.history.by_log)


def due(options, facts):
    """Until when senders may hold a copy of the current policy or an earlier one. The module need
    not have recorded the current policy. Rounded up, because the current policy is served until the
    reload, a few seconds from now."""
    seconds = max(facts.policy.max_age, options.previous_max_age or 0)
    ends = datetime.now(timezone.utc) + RELOAD + timedelta(seconds=seconds)
    ends = site.last(ends, facts.earlier_until, site.noted(facts.comments, site.EARLIER))
    return site.rounded_up(ends)


def none_policy(facts):
    return Policy("none", facts.policy.mx, NONE_MAX_AGE)


def begin(options, facts):
    """Steps: serve mode none, and record until when."""
    comments = human_comments(facts) + [site.REMOVAL + site.date_text(due(options, facts))]
    policy = none_policy(facts)
    edits = policy_edits(facts, policy, comments)
    return (edits.steps("mode none for " + facts.domain)
            + own_file_steps(options, facts, policy, comments)
            + [apache.configtest(), apache.reload()])


def _owned(path):
    return os.path.exists(path) and site.MARK in read(path)


def _file_steps(facts):
    """Disables and removes the files that mta-sts-setup wrote, and certbot's copy."""
    steps, gone = [], []
    own, conf = apache.site_file(facts.host), apache.conf_file(facts.host)
    copy = apache.site_file(facts.host + "-le-ssl")
    if _owned(own):
        if os.path.exists(copy):
            steps += [apache.disable_site(facts.host + "-le-ssl")]
            gone += [copy]
        steps += [apache.disable_site(facts.host)]
        gone += [own]
    if _owned(conf):
        steps += [apache.disable_conf(facts.host)]
        gone += [conf]
    return steps + [RemoveFile(path) for path in gone], gone


def _edit_steps(facts, gone):
    """Removes the block and the alias from files that remain."""
    edits = Edits()
    if facts.block and facts.block.path not in gone:
        facts.block.require_alone()
        edits.replace(facts.block.path, facts.block.line, len(facts.block.lines), [])
    for section in facts.carriers:
        if section.path not in gone:
            remove_alias(edits, section, facts.host)
    return edits.steps("without " + facts.host)


def _certificate_steps(facts, gone):
    """Deletes a certificate that is for the policy host only; removes the name from any other
    certificate, because its renewal would fail for a name that is no longer in DNS. Does neither
    while a remaining virtual host has the name of the policy host, because it needs the
    certificate."""
    lineage = certificate.lineage_of(facts.https) if facts.https else None
    staying = [section for section in facts.carriers
               if section.path not in gone and section.name == facts.host]
    if lineage is None or facts.host not in lineage.names or staying:
        return []
    rest = [name for name in lineage.names if name != facts.host]
    if rest:
        args = certificate.without_host_args(lineage.name, rest)
        return [Command("remove {} from the certificate {}".format(facts.host, lineage.name),
                        args, timeout=certificate.CERTBOT_SECONDS)]
    args = ["certbot", "delete", "--non-interactive", "--cert-name", lineage.name]
    return [Command("delete the certificate " + lineage.name, args)]


def finish(facts):
    """Steps: remove the site, or the name from the site; the module remains."""
    files, gone = _file_steps(facts)
    gone = [os.path.realpath(path) for path in gone]
    return (files + _edit_steps(facts, gone) + [apache.configtest(), apache.reload()]
            + _certificate_steps(facts, gone))


def is_over(until):
    return datetime.now(timezone.utc) >= until


def left(until):
    """The time left until a date, in days or hours."""
    seconds = max(0, (until - datetime.now(timezone.utc)).total_seconds())
    if seconds >= 2 * 86400:
        return "{} days".format(int(seconds // 86400))
    hours = int(-(-seconds // 3600))
    return "1 hour" if hours == 1 else "{} hours".format(hours)
