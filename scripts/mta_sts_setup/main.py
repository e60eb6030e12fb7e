# SPDX-License-Identifier: Apache-2.0
"""The procedure: validate, inspect, plan, show or execute, fetch, print what to publish."""

import os
import signal
import sys

from . import (apache, arguments, certificate, coverage, evidence, fetch, machine, mail_server, plan,
               programs, providers, records, removal, site)
from .problem import Problem, Usage
from .step import Wait, carry_out, show


def is_terminal():
    return sys.stdin.isatty() and sys.stdout.isatty()


def confirm(options, question):
    """Asks a question: yes or no; None without a terminal."""
    if options.yes:
        return True
    if not is_terminal():
        return None
    try:
        return input(question + " [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


# --- the requested policy ---


def propose_mx(options, domain):
    """The domain's MX records, if the user agrees that they are the policy."""
    found = machine.mx_of(domain)
    hosts = providers.propose(found)
    options_mx = " ".join("--mx " + host for host in hosts)
    print("MX records of {}: {}".format(domain, " ".join(found)))
    names = dict.fromkeys(one.name for one in map(providers.of_host, found) if one)
    if names:
        print("Mail provider: {}; patterns for it: {}".format(", ".join(names), " ".join(hosts)))
    answer = confirm(options, "Use them as the policy's mx?")
    if not answer:
        raise Usage("name the MX hosts of {}, as in: {}{}".format(
            domain, options_mx, "" if answer is False else
            "\n(there is no terminal to ask on; --yes accepts the MX records as they are)"))
    return hosts


def canonical_domain(options):
    """The domain in the form that the module uses; a Problem if it is not valid."""
    trial = plan.merged(options, None)._replace(mx=tuple(options.mx or ["mx.example"]))
    return apache.judge(options.domain, trial)[0]


def wanted_policy(options, facts):
    if not options.mx and not facts.policy:
        options.mx = propose_mx(options, facts.domain)
    _, policy, advice = apache.judge(facts.domain, plan.merged(options, facts.policy))
    for line in advice:
        print("note: " + line)
    return policy


# --- checks and changes ---


def check_policy(options, facts, policy):
    """Compares the mx patterns of the policy with the MX records, and rejects an unsafe mode
    enforce."""
    uncovered, remarks = coverage.compare(facts.domain, policy.mx)
    if policy.mode != "enforce":
        for text in uncovered:
            print("warning: {} (in mode enforce, senders would not deliver to it)".format(text))
    for text in remarks:
        print("note: " + text)
    evidence.require(options, facts, policy, uncovered)


def check_address(options, host):
    try:
        machine.require_here(host)
    except Problem as problem:
        if not options.force:
            raise
        print("note: {}\n  (continuing because of --force)".format(problem))


def perform(options, facts, policy, steps):
    """Shows the steps or carries them out; the last one fetches the policy."""
    if not steps:
        print("Nothing to change.")
    last = Wait("fetch the policy over https as a sender does",
                lambda: verify(options, facts, policy))
    if options.dry_run:
        show(steps + [last])
    elif steps:
        carry_out(steps + [last])
    else:
        verify_unchanged(options, facts, policy)


def _fetch(options, facts, policy, seconds):
    https = plan.Facts(facts.domain).https
    lineage = certificate.lineage_of(https) if https else None
    rehearsal = options.staging or bool(lineage and lineage.is_rehearsal)
    checked = fetch.wait_for(facts.host, policy.text(), not rehearsal, seconds)
    print("  https://{}{} serves it (at {})".format(facts.host, fetch.PATH, ", ".join(checked)))
    if rehearsal:
        print("note: its certificate is from a staging CA, which senders do not trust: run this "
              "again without --staging before you publish anything")


def _serving(facts):
    lines = ["  {}: {}".format(definition, definition.policy)
             for definition in plan.Facts(facts.domain).definitions]
    return "Apache's configuration defines:\n" + "\n".join(lines) if lines else ""


def verify(options, facts, policy):
    """Fetches as a sender does, until the policy is served."""
    try:
        _fetch(options, facts, policy, fetch.SECONDS)
    except Problem as problem:
        if not options.force:
            raise Problem(
                "{}\n{}\nDo not publish anything in DNS yet. `apache2ctl -t -D DUMP_VHOSTS` and "
                "/var/log/apache2/error.log show more.".format(problem, _serving(facts)))
        print("note: {}\n  (continuing because of --force: fetch it from another machine before "
              "you publish anything)".format(problem))


def verify_unchanged(options, facts, policy):
    """The same if nothing has to be changed; reloads a server that does not serve the policy yet."""
    try:
        _fetch(options, facts, policy, 0)
    except Problem:
        carry_out([apache.configtest(), apache.reload()])
        verify(options, facts, policy)


def _record_text(record):
    """The record as a line of a zone file; if another party runs its zone, the request to that
    party."""
    if record.request:
        return "{}. is an alias (CNAME):\n   {}.".format(record.name, record.request)
    return '{}. IN TXT "{}"{}'.format(record.name, record.text,
                                      "   (already published)" if record.is_published else "")


def _reports_text(record):
    if record.is_example:
        return "Replace YOU with your mailbox: Google and Microsoft send reports by mail only."
    return "Senders send their reports there."


def print_records(options, facts, policy):
    """Prints the records in the order in which to publish them, and the next steps."""
    record, reports, advice = records.find(options, plan.Facts(facts.domain), policy)
    print("""
The policy of {domain}: {policy}
{introduction}

1. {record}
   Only after the policy is served{now}; the id is new after each change.
2. {reports}
   {reporting}
""".format(domain=facts.domain, policy=policy, record=_record_text(record),
           reports=_record_text(reports), reporting=_reports_text(reports),
           introduction="DNS records to publish after a run without --dry-run, in this order:"
           if options.dry_run else "Now publish in DNS, in this order:",
           now="" if options.dry_run else ", as it is now"), end="")
    for text in advice:
        print("   note: " + text)
    if policy.mode == "testing" and not options.dry_run:
        print("Stay in mode testing until the reports show no failures, then run: "
              "mta-sts-setup {} --mode enforce".format(facts.domain))


def check_mail_server(options, policy):
    """Offers a deploy hook where an MX certificate is renewed without one."""
    for lineage, mx in mail_server.unhooked(policy)[:1]:
        print("\nwarning: certbot renews the certificate {} of the MX host {} here, but nothing "
              "reloads the mail server afterwards: it would go on using the old certificate "
              "until that expires.".format(lineage, mx))
        step = mail_server.hook_step()
        if options.dry_run:
            show([step])
            continue
        answer = confirm(options, "Install {}?".format(mail_server.HOOK))
        if answer:
            carry_out([step])
        elif answer is None:
            print("Run this again with --yes to install {}, or write such a hook "
                  "yourself.".format(mail_server.HOOK))


# --- the two procedures ---


def set_up(options, facts):
    programs.require(options, facts)
    policy = wanted_policy(options, facts)
    check_address(options, facts.host)
    check_policy(options, facts, policy)
    perform(options, facts, policy, plan.setup(options, facts, policy))
    print_records(options, facts, policy)
    check_mail_server(options, policy)
    return 0


def _worst_case(worst):
    return ("the fetch log has networks, not senders. In the worst case, senders\n  may hold an earlier "
            "policy until {}: mta-sts-rollout(1)".format(site.date_text(worst)))


def _print_removal_begun(options, facts, policy):
    record, _, _ = records.find(options, facts, policy)
    worst, expected = removal.begun(facts), removal.expected(facts)
    is_over = removal.is_over(expected)
    until = worst if is_over else expected
    print("""
{domain} is being removed: mode none is served. Now publish its id:

   {record}

Keep serving it, with this record, until {until}: until then senders
may hold an earlier policy. That is {left} from now. Then run: mta-sts-setup {domain} --remove
""".format(domain=facts.domain, record=_record_text(record), until=site.date_text(until),
           left=removal.left(until)), end="")
    if is_over and not removal.is_over(worst):
        print("note: according to the fetch log, no sender holds an earlier policy any more: the next "
              "run offers to remove the site.\n  That is not certain: " + _worst_case(worst))
    elif expected < worst:
        print("note: this date is not certain: " + _worst_case(worst))


def _begin_removal(options, facts):
    policy = removal.none_policy(facts)
    if facts.history.unrecorded is not None and not options.previous_max_age:
        print("note: policies served before {} are not recorded.\n  If one with a larger max_age "
              "was served, give its max_age with --previous-max-age.".format(
                  facts.history.unrecorded or "the current one"))
    perform(options, facts, policy, removal.begin(options, facts))
    if not options.dry_run:
        _print_removal_begun(options, plan.Facts(facts.domain), policy)
    return 0


def _print_removed(facts):
    for section in plan.Facts(facts.domain).carriers:
        print("note: the virtual host at {} still has the name {}: remove it yourself".format(
            section, facts.host))
    print("""
Delete in DNS, in this order:

1. _mta-sts.{domain}. TXT or CNAME
2. {host}. A, AAAA or CNAME
3. _smtp._tls.{domain}. TXT or CNAME, unless you still want reports about DANE
""".format(domain=facts.domain, host=facts.host), end="")


def _finish_removal(options, facts):
    steps = removal.finish(facts)
    if options.dry_run:
        show(steps)
    else:
        carry_out(steps)
        _print_removed(facts)
    return 0


def _is_due(options, facts):
    """Whether the site can be removed: for certain, or according to the fetch log if that is enough
    for the admin."""
    worst = removal.begun(facts)
    if removal.is_over(worst):
        return True
    if not removal.is_over(removal.expected(facts)) or options.dry_run:
        return False
    print("According to the fetch log, no sender holds an earlier policy any more. That is not certain: "
          + _worst_case(worst) + ".")
    return bool(confirm(options, "Remove the site now?"))


def remove(options, facts):
    if not facts.policy:
        print("Nothing to do: Apache serves no MTA-STS policy for {}.".format(facts.domain))
        return 0
    if facts.history.problem:
        print("note: {}\n  If a policy with a larger max_age was served before, name that max_age "
              "with --previous-max-age.".format(facts.history.problem))
    if removal.begun(facts) is None:
        return _begin_removal(options, facts)
    if options.force or _is_due(options, facts):
        return _finish_removal(options, facts)
    if not options.dry_run:
        verify_unchanged(options, facts, facts.policy)
    _print_removal_begun(options, facts, facts.policy)
    print("It is too early to remove the site; --force does so anyway, and may delay mail from "
          "senders that hold the earlier policy.")
    return 1


def run(args):
    options = arguments.parse(args)
    if os.geteuid() != 0:
        raise Problem("run as root, since it changes Apache's configuration: "
                      "sudo mta-sts-setup ...")
    apache.require()
    apache.require_sound()
    facts = plan.Facts(canonical_domain(options))
    status = remove(options, facts) if options.remove else set_up(options, facts)
    if options.dry_run:
        print("\nNothing was changed.")
    return status


def main(args):
    for number in signal.SIGTERM, signal.SIGHUP:
        signal.signal(number, signal.default_int_handler)
    try:
        return run(args)
    except Problem as problem:
        print("mta-sts-setup: {}".format(problem), file=sys.stderr)
        return problem.status
    except KeyboardInterrupt:
        print("mta-sts-setup: interrupted, but not during a change: nothing is half done",
              file=sys.stderr)
        return 1
    except OSError as error:
        print("mta-sts-setup: {}".format(error), file=sys.stderr)
        return 1
