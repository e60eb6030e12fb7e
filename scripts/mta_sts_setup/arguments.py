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

# What could end a directive or start another one never reaches the configuration.
UNSAFE = re.compile(r"""[\x00-\x20\x7f"'`<>$%#&;|(){}\[\]\\!~^,?]""")


def _parser():
    parser = argparse.ArgumentParser(
        prog="mta-sts-setup", description=DESCRIPTION, epilog=EPILOG, allow_abbrev=False)
    add = parser.add_argument
    add("domain", metavar="DOMAIN", help="the domain in the mail addresses: example.com")
    add("--mx", metavar="HOST", action="append",
        help="an MX host, or *.DOMAIN; can be repeated (default: the domain's MX records, "
             "after a question)")
    add("--mode", choices=MODES, help="default: testing")
    add("--max-age", metavar="TIME",
        help="how long senders keep the policy: seconds, or 12h, 30d, 4w (default: 604800, a week)")
    add("--email", metavar="ADDRESS",
        help="for the CA, and where reports go to in the records that are printed")
    add("--staging", action="store_true",
        help="use Let's Encrypt's staging CA, for a rehearsal: senders do not trust it")
    add("--server", metavar="URL", help="the directory of another ACME CA")
    add("--mod-md", action="store_true", help="mod_md gets the certificate, not certbot")
    add("--site", metavar="NAME",
        help="add mta-sts.DOMAIN to this site (sites-available/NAME.conf) instead of a new one")
    add("--force", action="store_true",
        help="go on if the name does not resolve to this machine (NAT, CDN); with --remove: "
             "do not wait until senders have forgotten the policy")
    add("--dry-run", action="store_true", help="show every file and command, change nothing")
    add("--yes", action="store_true", help="answer every question with yes")
    add("--remove", action="store_true",
        help="take MTA-STS back: serve mode none first; run again when that is due, remove the "
             "site")
    add("--previous-max-age", metavar="SECONDS", type=int,
        help="with --remove: the largest max_age ever served, if it was more than the present one")
    return parser


def _check(parser, options):
    if options.staging and options.server:
        parser.error("--staging and --server are two different CAs: keep one of them")
    if options.remove and (options.mx or options.mode or options.max_age or options.site):
        parser.error("--remove takes no --mx, --mode, --max-age or --site")
    if options.previous_max_age is not None:
        if not options.remove:
            parser.error("--previous-max-age goes with --remove")
        if not 1 <= options.previous_max_age <= 31557600:
            parser.error("--previous-max-age is 1 to 31557600 seconds")
    words = [("DOMAIN", options.domain), ("--max-age", options.max_age),
             ("--email", options.email)] + [("--mx", host) for host in options.mx or []]
    for name, word in words:
        if word is not None and (not word or UNSAFE.search(word) or word.startswith("-")):
            parser.error("{}: {!r} has characters that do not belong there".format(name, word))
    if options.server and not re.fullmatch(r"https?://[\w.:/\[\]~-]+", options.server):
        parser.error("--server: {!r} is not an https URL".format(options.server))
    if options.site and not re.fullmatch(r"[\w.][\w.-]*", options.site):
        parser.error("--site: {!r} is not the name of a site".format(options.site))


def parse(words):
    """The options; ends the program with status 2 if they are wrong."""
    parser = _parser()
    options = parser.parse_args(words)
    _check(parser, options)
    if options.site and options.site.endswith(".conf"):
        options.site = options.site[:-len(".conf")]
    return options
