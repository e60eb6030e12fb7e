# SPDX-License-Identifier: Apache-2.0
"""Whether mode enforce may be switched on: the MX records, the live checks and the readiness."""

from . import command, tool
from .problem import Problem

READY = "ready"
TIMEOUT = 120  # seconds; mta-sts ready ends within 60

ELSEWHERE = """\
Whether the mail servers offer TLS with a certificate that senders accept is unknown: this machine
cannot reach them on port 25. On a machine that can, run: mta-sts check {domain}
  or, for each MX host: openssl s_client -starttls smtp -connect HOST:25 -verify_hostname HOST \
-verify_return_error </dev/null
If all is well there, run this again with --force."""

UNNAMED = """\
the reports of all machines are in a pgsql database, and Apache does not print its connection string: \
specify it with --database "pgsql CONNINFO\""""

CONSEQUENCE = """\
Effect on mail: senders that apply MTA-STS do not deliver to an MX host without STARTTLS, without a
trusted certificate for its name, or without a matching mx in the policy. They try the next MX host;
if none qualifies, they queue the mail, retry for days, and finally bounce it."""


def _ask(options, facts):
    """Runs mta-sts ready; returns (its exit status, its result for the domain), and shows its
    messages."""
    args = ["mta-sts", "ready", "--format", "json", *tool.store(facts.dump, options.database)]
    for name in "days", "senders":
        if getattr(options, name):
            args += ["--" + name, str(getattr(options, name))]
    done = command.run(args + [facts.domain], timeout=TIMEOUT, check=False)
    document, messages = tool.answer(done.output)
    if not document:
        raise Problem(messages or "it printed nothing")
    if messages:
        print(messages)
    return done.status, document["domains"][0]


def _findings(report):
    return [(section["part"], finding) for section in report["sections"]
            for finding in section["findings"]
            if finding["severity"] in ("error", "warning", "unknown")]


def _text(finding):
    subject = finding["subject"]
    message = finding["message"]
    return "{} [{}]".format(
        message if subject in message else "{}: {}".format(subject, message), finding["id"])


def readiness(options, facts):
    """(reasons not to switch to mode enforce, what to do): texts; no reasons if it is safe."""
    if facts.dump["database"]["driver"] != "sqlite3" and not options.database:
        return [UNNAMED], []
    try:
        status, report = _ask(options, facts)
    except (Problem, LookupError) as problem:
        return ["mta-sts ready could not determine whether it is safe: {}".format(problem)], []
    if status == 0:
        return [], []
    found = _findings(report)
    reasons = [_text(finding) for _, finding in found] or [report["summary"]]
    if found and all(part == "mx" and finding["severity"] == "unknown" for part, finding in found):
        return reasons, [ELSEWHERE.format(domain=facts.domain)]
    return reasons, report["steps"]


def _listed(texts, sign):
    return "\n".join("  {} {}".format(sign, text) for text in texts)


def require(options, facts, policy, uncovered):
    """Raises a Problem unless mode enforce is as safe as can be known, or --force is given. If mode
    enforce is in effect already, only the MX hosts are checked, because the change may be a
    repair."""
    is_on = bool(facts.policy and facts.policy.mode == "enforce")
    if policy.mode != "enforce" or facts.policy == policy:
        return
    reasons, steps = ([], []) if is_on else readiness(options, facts)
    reasons = uncovered + reasons
    if not reasons:
        return
    text = "mode enforce {} safe:\n{}".format("would not be" if uncovered else "is not known to be",
                                              _listed(reasons, "-"))
    if options.force or options.dry_run:
        print("warning: {}\n{}\n{}".format(
            text, CONSEQUENCE, "(continuing because of --force)" if options.force else
            "(without --dry-run, this stops here unless --force is given)"))
        return
    raise Problem("{}\n{}Nothing was changed. --force switches it on anyway. {}".format(
        text, "What to do:\n" + _listed(steps, "-") + "\n" if steps else "", CONSEQUENCE))
