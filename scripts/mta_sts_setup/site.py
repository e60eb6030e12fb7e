# SPDX-License-Identifier: Apache-2.0
"""The files that the program writes for Apache.

The policy is defined in a <MTASTSPolicy> block outside the virtual hosts, in both variants:
- a site of its own: block and http virtual host in sites-available/mta-sts.DOMAIN.conf;
- --site NAME: a ServerAlias in that site, and the block in conf-available/mta-sts.DOMAIN.conf.
certbot copies a virtual host once, into NAME-le-ssl.conf; what is changed in the original later
never reaches https. The block is not copied: it applies to http and https alike, so a change is
made in one place, and an existing site only gets a name.
"""

from datetime import datetime, timezone

MARK = "written by mta-sts-setup"
HEAD = """\
# The MTA-STS policy of {domain}, {mark}: run it again to change it, or
# change it here. Then reload Apache, and publish the new id that
# `apachectl -t -D DUMP_MTA_STS` shows. The policy is defined outside any virtual host,
# because certbot copies a virtual host once: later changes would not reach the copy.
<IfModule mod_mta_sts.c>
{block}</IfModule>
"""
HTTP = """
<VirtualHost {where}>
    ServerName {host}
</VirtualHost>
"""
HTTPS = """
<IfModule ssl_module>
    <VirtualHost {where}>
        ServerName {host}
        SSLEngine on
    </VirtualHost>
</IfModule>
"""
MD = """
<IfModule md_module>
    <MDomainSet {host}>
        MDCertificateAgreement accepted
{more}    </MDomainSet>
</IfModule>
"""
EARLIER = "# mta-sts-setup: senders may hold an earlier policy until "
REMOVAL = "# mta-sts-setup: being removed, serve mode none until "
FORMAT = "%Y-%m-%dT%H:%M:%SZ"


def date_text(when):
    return when.strftime(FORMAT)


def date(text):
    """The date in the format of date_text(), or None."""
    try:
        return datetime.strptime(text, FORMAT).replace(tzinfo=timezone.utc)
    except ValueError:
        return None


def noted(comments, start):
    """The date in a comment of the block, or None."""
    dates = [date(line[len(start):].strip()) for line in comments if line.startswith(start)]
    return next((found for found in dates if found), None)


def rounded_up(when):
    """The time rounded up to ten minutes."""
    seconds = int(when.timestamp())
    return datetime.fromtimestamp(seconds - seconds % -600, timezone.utc)


def last(*dates):
    """The latest of the dates that are not None, or None."""
    return max((date for date in dates if date), default=None)


def block_text(domain, policy, comments, indent):
    """The block, with its comments."""
    lines = policy.block(domain, indent).splitlines(True)
    notes = ["{}    {}\n".format(indent, comment) for comment in comments]
    return "".join(lines[:1] + notes + lines[1:])


def policy_text(domain, policy, comments):
    """A file that contains only the policy."""
    return HEAD.format(domain=domain, mark=MARK,
                       block=block_text(domain, policy, comments, "    "))


def _where(addresses, port):
    """A virtual host with the exact address of a request takes precedence over those with *."""
    return " ".join("{}:{}".format(address, port) for address in ["*"] + addresses)


def http_text(host, addresses):
    """A site from which certbot creates the https one. addresses: those of other virtual hosts, at
    which requests for this one arrive as well."""
    return HTTP.format(host=host, where=_where(addresses, 80))


def md_text(host, addresses, email, server):
    """A site whose certificate mod_md obtains."""
    more = ["        MDContactEmail {}\n".format(email)] if email else []
    more += ["        MDCertificateAuthority {}\n".format(server)] if server else []
    return (MD.format(host=host, more="".join(more)) + http_text(host, addresses)
            + HTTPS.format(host=host, where=_where(addresses, 443)))
