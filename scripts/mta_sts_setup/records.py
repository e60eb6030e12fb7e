# SPDX-License-Identifier: Apache-2.0
"""The DNS records to publish, as determined by `mta-sts dns` from DNS and Apache's
configuration."""

import json

from . import command, tool
from .problem import Problem

TIMEOUT = 90  # seconds; mta-sts dns ends within 60
ADVICE = ("rua-without-mail", "rua-without-endpoint", "alias-dangling")


class Record:
    """One TXT record: its name, its text, whether DNS has it. An example lacks a mail address;
    `request` is what to ask of another party that runs the record's zone, or None."""

    def __init__(self, name, text, is_published=False, is_example=False, request=None):
        self.name = name
        self.text = text
        self.is_published = is_published
        self.is_example = is_example
        self.request = request


def _ask(facts, policy, *options):
    args = ["mta-sts", "dns", "--format", "json", *options, *tool.store(facts.dump),
            facts.domain]
    done = command.run(args, timeout=TIMEOUT, check=False, stderr=False, stdin=policy.text())
    return json.loads(done.output)["domains"][0]


def _document(facts, policy):
    """The output of mta-sts dns; without a network, records are not compared with DNS. In a dry
    run, Apache does not have the policy yet."""
    for options in (("--policy", "-"), ("--from-apache", "--offline"),
                    ("--policy", "-", "--offline")):
        try:
            return _ask(facts, policy, *options)
        except (Problem, ValueError, LookupError):
            continue
    return {"records": [], "examples": [], "delegated": [], "findings": []}


def _find(document, name, otherwise):
    for entry in document["delegated"]:
        if entry["name"] == name:
            return Record(name, entry["value"], entry["state"] == "same", False, entry["request"])
    for kind in "records", "examples":
        for entry in document[kind]:
            if entry["name"] == name and entry["state"] != "superfluous":
                return Record(name, entry["value"], entry["state"] == "same", kind == "examples")
    return otherwise


def _proposed_by_module(facts, name):
    """The TLSRPT record in the module's dump, for machines without the mta-sts command."""
    for entry in facts.dump["policies"]:
        for record in entry.get("records", []):
            if record["name"] == name:
                return Record(name, record["value"], False, record["example"])
    return Record(name, "v=TLSRPTv1; rua=mailto:YOU@" + facts.domain, False, True)


def _add_endpoint(facts, record):
    """For a domain that Apache does not have yet: its site will inherit the report endpoint of the
    main server."""
    paths = [entry["path"] for entry in facts.dump["endpoints"] if not entry["virtual_host"]]
    if paths and not any(entry["domain"] == facts.domain for entry in facts.dump["policies"]):
        record.text = record.text.replace(
            "rua=mailto:", "rua=https://mta-sts.{}{},mailto:".format(facts.domain, paths[0]))


def find(options, facts, policy):
    """(MTA-STS record, TLSRPT record, advice about the latter: texts). A published record is left
    unchanged; --email completes a new one."""
    document = _document(facts, policy)
    name = "_mta-sts." + facts.domain
    sts = _find(document, name, Record(name, "v=STSv1; id={};".format(policy.id())))
    name = "_smtp._tls." + facts.domain
    reports = _find(document, name, None) or _proposed_by_module(facts, name)
    if reports.is_example:
        _add_endpoint(facts, reports)
    if reports.is_example and options.email:
        reports.text = reports.text.replace("mailto:YOU@" + facts.domain,
                                            "mailto:" + options.email)
        reports.is_example = False
    advice = [finding["message"] + (": " + finding["fix"] if finding["fix"] else "")
              for finding in document["findings"] if finding["id"] in ADVICE]
    return sts, reports, advice
