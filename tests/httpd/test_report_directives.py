# SPDX-License-Identifier: Apache-2.0
"""The directives about reports: what configtest takes, and what it refuses."""

import pytest

from httpd import proxied
from policy import HOST, MX
from test_bad_configuration import CONTEXTS, refused

SIZE = "digits and, for the powers of 1024, K, M, G or T"
PATH = "URL path that begins with /"
CHARACTERS = "without query and without % escapes"
NOT_ASKED = "because clients remove //"
HOST_RULE = "host name"

# directive: (offending text as the message shows it, what the message says is allowed)
REFUSED = {
    "MTASTSReportPath": ("MTASTSReportPath", "one argument"),
    'MTASTSReportPath ""': ("MTASTSReportPath", "one argument"),
    "MTASTSReportPath /a /b": ("MTASTSReportPath", "one argument"),
    "MTASTSReportPath tlsrpt": ('"tlsrpt"', PATH),
    "MTASTSReportPath on": ('"on"', PATH),
    "MTASTSReportPath https://mta-sts.example.com/tlsrpt": ('"https://mta-sts', "path alone"),
    "MTASTSReportPath /": ('"/"', "the home page of every site"),
    "MTASTSReportPath */tlsrpt": (r'"\*/tlsrpt"', PATH),
    'MTASTSReportPath " /tlsrpt"': ('" /tlsrpt"', PATH),
    'MTASTSReportPath "/tls rpt"': ('"/tls rpt"', CHARACTERS),
    "MTASTSReportPath /tlsrpt?a=b": (r'"/tlsrpt\?a=b"', CHARACTERS),
    "MTASTSReportPath /tlsrpt#a": ('"/tlsrpt#a"', CHARACTERS),
    "MTASTSReportPath /tls%20rpt": ('"/tls%20rpt"', CHARACTERS),
    "MTASTSReportPath /tlsrpt\x01": (r'"/tlsrpt\\+x01"', CHARACTERS),
    "MTASTSReportPath /tlsrpt\x1b[1m": (r"/tlsrpt\\+x1b", CHARACTERS),
    "MTASTSReportPath /bücher": ("/b", CHARACTERS),
    "MTASTSReportPath //tlsrpt": ('"//tlsrpt"', NOT_ASKED),
    "MTASTSReportPath /a//b": ('"/a//b"', NOT_ASKED),
    "MTASTSReportPath /a/./b": (r'"/a/\./b"', NOT_ASKED),
    "MTASTSReportPath /a/../b": (r'"/a/\.\./b"', NOT_ASKED),
    "MTASTSReportPath /..": (r'"/\.\."', NOT_ASKED),
    "MTASTSReportPath /a/.": (r'"/a/\."', NOT_ASKED),
    "MTASTSReportPath /.well-known/mta-sts.txt": ("mta-sts.txt", "another like /tlsrpt"),
    "MTASTSReportPath /.well-known/acme-challenge/a": ("acme-challenge", "another like /tlsrpt"),

    "MTASTSReportMaxSize": ("MTASTSReportMaxSize", "two arguments"),
    "MTASTSReportMaxSize 1M": ("MTASTSReportMaxSize", "two arguments"),
    "MTASTSReportMaxSize 1M 2M 3M": ("MTASTSReportMaxSize", "two arguments"),
    "MTASTSReportMaxSize 1023 1M": ('"1023"', "1K to 64M bytes.*" + SIZE),
    "MTASTSReportMaxSize 65M 100M": ('"65M"', SIZE),
    "MTASTSReportMaxSize 1M 513M": ('"513M"', SIZE),
    "MTASTSReportMaxSize 1m 10m": ('"1m"', SIZE),
    "MTASTSReportMaxSize -1 1M": ('"-1"', SIZE),
    "MTASTSReportMaxSize 1M 1e9": ('"1e9"', SIZE),
    "MTASTSReportMaxSize 18446744073709551617 1M": ('"18446744073709551617"', SIZE),
    "MTASTSReportMaxSize 10M 1M": ('"10M 1M"', "size as sent first"),
    "MTASTSReportQuota 1G": ("MTASTSReportQuota", "two arguments"),
    "MTASTSReportQuota 0 1M": ('"0"', SIZE),
    "MTASTSReportQuota unlimited 1M": ('"unlimited"', SIZE),
    "MTASTSReportQuota 1G 1GB": ('"1GB"', SIZE),
    "MTASTSReportQuota 1025G 1G": ('"1025G"', SIZE),
    "MTASTSReportLimit": ("MTASTSReportLimit", "one argument"),
    "MTASTSReportLimit 0": ('"0"', "1 to 1000000"),
    "MTASTSReportLimit -1": ('"-1"', "1 to 1000000"),
    "MTASTSReportLimit 60/m": ('"60/m"', "1 to 1000000"),
    "MTASTSReportLimit 1000001": ('"1000001"', "1 to 1000000"),
    "MTASTSReportKeep 0": ('"0"', "1 to 36500"),
    "MTASTSReportKeep 400d": ('"400d"', "1 to 36500"),
    "MTASTSReportKeep 36501": ('"36501"', "1 to 36500"),
    "MTASTSCertificateDays 0": ('"0"', "1 to 3650"),
    "MTASTSFetchLog on": ('"on"', "off, network and address"),
    "MTASTSFetchLogKeep 0": ('"0"', "1 to 3650"),
    "MTASTSReportKeep forever": ('"forever"', "1 to 36500"),

    "MTASTSReportDomain": ("MTASTSReportDomain", "for example MTASTSReportDomain"),
    'MTASTSReportDomain ""': ("MTASTSReportDomain", HOST_RULE + "|empty"),
    'MTASTSReportDomain a.example "" b.example': ("MTASTSReportDomain", HOST_RULE + "|empty"),
    "MTASTSReportDomain good.example bad_one": ('"bad_one"', HOST_RULE),
    "MTASTSReportDomain *.example.com": (r'"\*.example.com"', HOST_RULE),
    "MTASTSReportDomain mta-sts.example.com": ('"mta-sts.example.com"', "policy domain"),
    "MTASTSReportDomain user@example.com": ('"user@example.com"', "host name alone"),

    "MTASTSDatabase": ("MTASTSDatabase", "1-2 arguments"),
    "MTASTSDatabase mysql x": ('"mysql"', "sqlite3 .*pgsql"),
    "MTASTSDatabase SQLite3": ('"SQLite3"', "sqlite3 .*pgsql"),
    "MTASTSDatabase sqlite3 reports.db": ('"reports.db"', "begins with /"),
    "MTASTSDatabase sqlite3 ./reports.db": (r'"\./reports.db"', "begins with /"),
    "MTASTSDatabase sqlite3 /": ('"/"', "root of the file system"),
    "MTASTSDatabase pgsql": ("pgsql", "host=db.example.com"),
    "MTASTSDatabase pgsql host=a dbname=b": ("MTASTSDatabase", "1-2 arguments"),
    "MTASTSDatabase pgsql postgresql://a/b": ("MTASTSDatabase", "KEY=VALUE.*host=db.example.com"),
    "MTASTSDatabase pgsql \"password='a\"": ("MTASTSDatabase", "quotation mark in it is not closed"),

    "MTASTSStateDir": ("MTASTSStateDir", "one argument"),
    'MTASTSStateDir ""': ("MTASTSStateDir", "one argument"),
    "MTASTSStateDir state": ('"state"', "begins with /"),
    "MTASTSStateDir ../state": (r'"\.\./state"', "begins with /"),
    "MTASTSStateDir ~/state": ('"~/state"', "begins with /"),
    "MTASTSStateDir /": ('"/"', "root of the file system"),
    "MTASTSStateDir ///": ('"///"', "root of the file system"),
    "MTASTSStateDir /var/lib/\x01": (r"/var/lib/\\+x01", "control character"),
}


@pytest.mark.parametrize("directive", REFUSED, ids=lambda text: ascii(text)[1:60])
def test_a_malformed_value_is_refused(make, directive):
    refused(make, f">>>{directive}\n" + proxied(HOST, MX), *REFUSED[directive])


def test_a_path_is_refused_in_a_virtual_host_as_well(make):
    refused(make, proxied(HOST, ">>>MTASTSReportPath tlsrpt"), '"tlsrpt"', PATH)


DIRECTIVES = {
    "MTASTSReportPath": "MTASTSReportPath /tlsrpt",
    "MTASTSReportMaxSize": "MTASTSReportMaxSize 1048576 10485760",
    "MTASTSReportQuota": "MTASTSReportQuota 1G 64M",
    "MTASTSReportLimit": "MTASTSReportLimit 60",
    "MTASTSReportKeep": "MTASTSReportKeep 400",
    "MTASTSFetchLog": "MTASTSFetchLog address",
    "MTASTSFetchLogKeep": "MTASTSFetchLogKeep 90",
    "MTASTSCertificateDays": "MTASTSCertificateDays 20",
    "MTASTSReportDomain": "MTASTSReportDomain example.net xn--bcher-kva.example bücher.example",
    "MTASTSDatabase": "MTASTSDatabase sqlite3 /srv/mta-sts/reports.db",
    "MTASTSStateDir": "MTASTSStateDir /srv/mta-sts/",
}
GLOBAL = [name for name in DIRECTIVES if name != "MTASTSReportPath"]
OTHERS = {
    "MTASTSReportPath": "/other", "MTASTSReportMaxSize": "2M 10M", "MTASTSReportQuota": "2G 64M",
    "MTASTSReportLimit": "61", "MTASTSReportKeep": "401",
    "MTASTSFetchLog": "off", "MTASTSFetchLogKeep": "91",
    "MTASTSCertificateDays": "21",
    "MTASTSDatabase": "sqlite3 /srv/other.db", "MTASTSStateDir": "/srv/other",
}


def accepted(make, conf):
    status, output = make().configure(conf).run("-t")
    assert status == 0, output
    assert output.splitlines()[-1] == "Syntax OK"


@pytest.mark.parametrize("line", [
    "MTASTSReportPath off", "MTASTSReportPath Off", "MTASTSReportPath /a/b/",
    "MTASTSReportPath /.well-known/tlsrpt", "MTASTSReportPath /a..b/.c",
    "MTASTSReportMaxSize 1K 1K", "MTASTSReportMaxSize 64M 512M", "MTASTSReportQuota 1M 1024G",
    "MTASTSReportLimit 1000000", "MTASTSReportKeep 36500",
    "MTASTSFetchLog off", "MTASTSFetchLog Network", "MTASTSFetchLogKeep 3650", "MTASTSDatabase sqlite3",
    'MTASTSDatabase pgsql "host=/run/postgresql dbname=mta_sts"'])
def test_the_ends_of_each_range_are_accepted(make, line):
    accepted(make, line + "\n" + proxied(HOST, MX))


def test_the_same_value_twice_is_accepted(make):
    lines = [line for line in DIRECTIVES.values() for _ in range(2)]
    accepted(make, "\n".join([*lines, proxied(HOST, MX)]))


def test_a_path_is_allowed_in_virtual_hosts_too(make):
    accepted(make, "MTASTSReportPath /tlsrpt\n"
             + proxied(HOST, MX + "MTASTSReportPath /reports\n")
             + proxied("tlsrpt.example.com", "MTASTSReportPath /\n")
             + proxied("www.example.com", "MTASTSReportPath off\n"))


@pytest.mark.parametrize("directive", GLOBAL)
def test_server_wide_directives_are_refused_in_a_virtual_host(make, directive):
    refused(make, proxied(HOST, ">>>" + DIRECTIVES[directive]), directive, "VirtualHost")


@pytest.mark.parametrize("context, directive", [
    *((context, "MTASTSReportPath") for context in CONTEXTS),
    *((context, directive) for directive in GLOBAL for context in ("Location", "Limit"))])
def test_they_are_refused_in_directory_sections(make, context, directive):
    section = f"{CONTEXTS[context]}\n>>>{DIRECTIVES[directive]}\n</{context}>\n"
    section += "</Directory>\n" if context.startswith("Limit") else ""
    refused(make, section + proxied(HOST, MX), directive, "not allowed|cannot occur",
            modules=["proxy"])


@pytest.mark.parametrize("directive", DIRECTIVES)
def test_they_are_refused_in_a_policy_block(make, directive):
    refused(make, f"<MTASTSPolicy example.com>\n{MX}>>>{DIRECTIVES[directive]}\n</MTASTSPolicy>\n"
            + proxied("www.example.com"), directive, "MTASTSMode, MTASTSMx and MTASTSMaxAge")


@pytest.mark.parametrize("directive", OTHERS)
def test_two_values_in_one_scope_are_refused(make, directive):
    first = DIRECTIVES[directive]
    refused(make, f"{first}\n>>>{directive} {OTHERS[directive]}\n" + proxied(HOST, MX),
            directive, "remove one", at=first)


def test_a_password_in_the_connection_string_is_not_shown(make):
    server = make().configure('MTASTSDatabase pgsql "host=a password=secret1"\n'
                              'MTASTSDatabase pgsql "host=a password=secret2"\n'
                              + proxied(HOST, MX))
    status, output = server.run("-t")
    assert status != 0
    assert "remove one" in output
    assert "secret" not in output
