# SPDX-License-Identifier: Apache-2.0
"""The arguments of the command."""

import argparse
import re

MODES = ("none", "testing", "enforce")

DESCRIPTION = """\
Publishes the MTA-STS policy of DOMAIN with this machine's Apache: enables the module, creates the
site of mta-sts.DOMAIN, gets its certificate, fetches the policy as a sender would, and prints the
DNS records. Run again, it changes what differs; omitted options keep their current values."""

EPILOG = """\
exit status: 0 done, or nothing to do; 1 something failed, or is not due yet; 2 wrong usage"""

# Characters that could end a directive or begin another one must not get into the configuration.
UNSAFE = re.compile(r"""[\x00-\x20\x7f"'`<>$%#&;|(){}\[\]\\!~^,?]""")


def _parser():
    parser = argparse.ArgumentParser(
        prog="mta-sts-setup", description=DESCRIPTION, epilog=EPILOG, allow_abbrev=False)
    add = parser.add_argument
    add("domain", metavar="DOMAIN", help="the domain in the mail addresses: example.com")
    add("--mx", metavar="HOST", action="append",
        help="an MX host, or *.DOMAIN; can be repeated (default: the domain's MX records, "
             "after confirmation)")
    add("--mode", choices=MODES, help="for a new policy, default: testing")
    add("--max-age", metavar="TIME",
        help="how long senders cache the policy: seconds, or 12h, 30d, 4w (for a new policy, "
             "default: 604800, one week)")
    add("--email", metavar="ADDRESS",
        help="contact address for the CA; reports go there too, if no TLSRPT record is published")
    add("--staging", action="store_true",
        help="use Let's Encrypt's staging CA for a test run: senders do not trust it")
    add("--server", metavar="URL", help="directory URL of another ACME CA")
    add("--mod-md", action="store_true", help="get the certificate with mod_md instead of certbot")
    add("--site", metavar="NAME",
        help="add mta-sts.DOMAIN to this site (sites-available/NAME.conf) instead of a new one")
    add("--force", action="store_true",
        help="continue even if the name does not resolve to this machine (NAT, CDN); with --mode "
             "enforce: without evidence that it is safe; with --remove: without waiting until "
             "cached policies have expired")
    add("--days", metavar="N", type=int,
        help="with --mode enforce: require reports for N days, as in mta-sts ready")
    add("--senders", metavar="N", type=int,
        help="with --mode enforce: require reports from N senders, as in mta-sts ready")
    add("--database", metavar="DATABASE",
        help="with --mode enforce: the MTASTSDatabase of the module if it is PostgreSQL, as in "
             "mta-sts ready: \"pgsql CONNINFO\"")
    add("--dry-run", action="store_true", help="show every file and command, change nothing")
    add("--yes", action="store_true", help="answer yes to every question")
    add("--remove", action="store_true",
        help="withdraw MTA-STS: the first run serves mode none; a second run, once cached policies "
             "have expired, removes the site")
    add("--previous-max-age", metavar="SECONDS", type=int,
        help="with --remove: the largest max_age ever served, if larger than the current one")
    return parser


def _check(parser, options):
    if options.staging and options.server:
        parser.error("--staging and --server name two different CAs: use one of them")
    if options.remove and (options.mx or options.mode or options.max_age or options.site):
        parser.error("--remove cannot be combined with --mx, --mode, --max-age or --site")
    if options.previous_max_age is not None:
        if not options.remove:
            parser.error("--previous-max-age needs --remove")
        if not 1 <= options.previous_max_age <= 31557600:
            parser.error("--previous-max-age must be 1 to 31557600 seconds")
    for name in "days", "senders":
        value = getattr(options, name)
        if value is not None and (options.mode != "enforce" or not 1 <= value <= 1000):
            parser.error("--{} needs --mode enforce, and a number from 1 to 1000".format(name))
    if options.database is not None and (options.mode != "enforce" or
                                         not options.database.startswith("pgsql ")):
        parser.error("--database needs --mode enforce, and \"pgsql CONNINFO\"")
    # argparse converts the value in --mx=-- to an empty list, which is rejected like any other
    # invalid value.
    options.mx = [host.rstrip(".") if host and host.strip(".") else host for host in options.mx or []]
    options.domain = options.domain.rstrip(".") or options.domain
    values = [("DOMAIN", options.domain), ("--max-age", options.max_age),
              ("--email", options.email)] + [("--mx", host) for host in options.mx or []]
    for name, value in values:
        if value is not None and (not value or UNSAFE.search(value) or value.startswith("-")):
            parser.error("{}: {!r} is empty, begins with \"-\", or contains a space, a quotation "
                         "mark or a shell character: write it without".format(name, value))
    if options.server and not re.fullmatch(r"https://[\w.:/\[\]~-]+", options.server):
        parser.error("--server: {!r} is not an https URL like https://ca.example/directory".format(options.server))
    if options.site and not re.fullmatch(r"[\w.][\w.-]*", options.site):
        parser.error("--site: {!r} is not the name of a site".format(options.site))


def parse(args):
    """The options; ends the program with status 2 if they are wrong."""
    parser = _parser()
    options = parser.parse_args(args)
    _check(parser, options)
    if options.site and options.site.endswith(".conf"):
        options.site = options.site[:-len(".conf")]
    return options
