#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Reads TLS reports as RFC 8460 describes them, knowing nothing of the C code: the oracle of the
tests. `independent.py FOLDER` prints what totals.json holds about the files in it."""
import collections
import datetime
import email
import email.policy
import json
import pathlib
import re
import sys
import zlib

HIGHEST = 2 ** 63 - 1
EXACT = 2 ** 53
GZIP = b"\x1f\x8b"


class Refused(Exception):
    """A file that is no report; the outcome is its argument."""


def inflate(octets):
    """Every member of a gzip; what follows the last one is padding or junk."""
    text = b""
    while octets.startswith(GZIP):
        member = zlib.decompressobj(wbits=31)
        try:
            text += member.decompress(octets)
        except zlib.error:
            raise Refused("unreadable") from None
        if not member.eof:
            raise Refused("unreadable")
        octets = member.unused_data
    return text


def refuse_constant(_):
    raise Refused("unreadable")


def check_text(value, depth=1):
    """I-JSON (RFC 7493): no half surrogate pairs; we also want no NUL and no deep nesting."""
    if isinstance(value, str) and re.search("[\ud800-\udfff\0]", value) or depth > 33:
        raise Refused("unreadable")
    if isinstance(value, dict):
        for name, member in value.items():
            check_text(name)
            check_text(member, depth + 1)
    if isinstance(value, list):
        for member in value:
            check_text(member, depth + 1)


def load(octets):
    """The first JSON value of octets that may be gzip."""
    is_gzip = octets.startswith(GZIP)
    if is_gzip:
        octets = inflate(octets)
    octets = octets.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
    if not octets.startswith(b"{"):
        raise Refused("unreadable" if is_gzip else "foreign")
    try:
        text = octets.decode("utf-8")
        root, _ = json.JSONDecoder(parse_constant=refuse_constant).raw_decode(text)
    except (UnicodeDecodeError, json.JSONDecodeError):
        raise Refused("unreadable") from None
    check_text(root)
    if not isinstance(root.get("policies"), list):
        raise Refused("no-policies")
    return root


def count_of(holder, name):
    value = holder.get(name)
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise Refused("unreadable")
    if isinstance(value, str) and not re.fullmatch("[0-9]+", value, re.ASCII):
        raise Refused("unreadable")
    if int(value) != float(value) and isinstance(value, float):
        raise Refused("unreadable")
    if not 0 <= int(value) <= HIGHEST:
        raise Refused("unreadable")
    return int(value)


def seconds_of(holder, name):
    """Seconds since 1970; 0 if the time is not specified. A time without zone is one in UTC."""
    text = holder.get(name)
    if not text:
        return 0
    time = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    if time.tzinfo is None:
        time = time.replace(tzinfo=datetime.timezone.utc)
    return int(time.timestamp())


def domain_of(policy):
    domain = (policy.get("policy") or {}).get("policy-domain") or ""
    return domain.removesuffix(".").lower()


def objects(values):
    """What is no object has no meaning here."""
    return [value for value in values or [] if isinstance(value, dict)]


def text_of(holder, name):
    value = holder.get(name)
    return value if isinstance(value, str) else ""


def sums_of(root):
    """Per policy domain: sessions according to the summaries, and failure details."""
    sums, of_types = {}, {}
    for policy in objects(root["policies"]):
        summary = policy.get("summary") or {}
        of = sums.setdefault(domain_of(policy), collections.Counter())
        types = of_types.setdefault(domain_of(policy), collections.Counter())
        of["successful"] += count_of(summary, "total-successful-session-count")
        of["failed"] += count_of(summary, "total-failure-session-count")
        for detail in objects(policy.get("failure-details")):
            count = count_of(detail, "failed-session-count")
            of["details"] += 1
            of["failed_in_details"] += count
            types[detail.get("result-type") or ""] += count
    return [{"domain": domain, **{name: min(of[name], HIGHEST) for name in
             ("successful", "failed", "details", "failed_in_details")},
             "types": dict(sorted(of_types[domain].items()))}
            for domain, of in sorted(sums.items())]


def names_nobody(root):
    """Whether no policy is about a domain. Postfix omits the domain if it found no policy."""
    return not any(domain_of(policy) or text_of(policy.get("policy") or {}, "policy-type") ==
                   "no-policy-found" for policy in objects(root["policies"]))


def read(octets):
    """One report, or why it is not a report."""
    try:
        root = load(octets)
        date_range = root.get("date-range") or {}
        return {"outcome": "read",
                "organization": text_of(root, "organization-name"),
                "id": text_of(root, "report-id"),
                "begin": seconds_of(date_range, "start-datetime"),
                "end": seconds_of(date_range, "end-datetime"),
                "names_nobody": names_nobody(root),
                "domains": sums_of(root)}
    except Refused as why:
        return {"outcome": why.args[0]}


def parts_of(message):
    """The octets of every part that may be a report: not the text for people around it."""
    for part in message.walk():
        if part.is_multipart():
            continue
        octets = part.get_payload(decode=True) or b""
        is_report = part.get_content_type().startswith("application/tlsrpt")
        if is_report or octets.startswith(GZIP) or octets.lstrip().startswith(b"{"):
            yield octets


def read_file(path):
    """A list: a mail may hold several reports, or none."""
    octets = path.read_bytes()
    if path.suffix != ".eml":
        return [read(octets)]
    return [read(part) for part in parts_of(email.message_from_bytes(octets))]


def identity_of(report):
    return (report["organization"], report["id"], report["begin"], report["end"],
            *(of["domain"] for of in report["domains"]))


def is_exact(sums):
    """Unverified reports with more sessions than can be added exactly are set apart."""
    return max(sums["successful"], sums["failed"], sums["failed_in_details"]) <= EXACT


def total_of(files):
    """All files together, in their order, each content of an identity once: none is verified."""
    seen = {}
    totals = collections.Counter()
    domains, types = {}, {}
    for reports in files.values():
        for report in reports:
            if report["outcome"] != "read":
                totals["rejected"] += 1
                continue
            identity = identity_of(report)
            if report in seen.setdefault(identity, []):
                totals["duplicates"] += 1
                continue
            seen[identity].append(report)
            domains_of = [of for of in report["domains"] if is_exact(of)]
            if report["domains"] and not domains_of:
                continue
            totals["reports"] += 1
            for of in domains_of:
                sums = domains.setdefault(of["domain"], collections.Counter())
                sums["reports"] += 1
                for name in ("successful", "failed"):
                    sums[name] = min(sums[name] + of[name], HIGHEST)
                    totals[name] = min(totals[name] + of[name], HIGHEST)
                for kind, count in of["types"].items():
                    kinds = types.setdefault(of["domain"], collections.Counter())
                    kinds[kind] = min(kinds[kind] + count, HIGHEST)
    return {**{name: totals[name] for name in ("reports", "duplicates", "conflicts", "rejected",
                                               "successful", "failed")},
            "domains": {domain: dict(sums) for domain, sums in sorted(domains.items())},
            "types": {domain: dict(sorted(kinds.items())) for domain, kinds in
                      sorted(types.items())}}


def main():
    folder = pathlib.Path(sys.argv[1])
    files = {path.name: read_file(path) for path in sorted(folder.iterdir())
             if path.name not in ("totals.json", "independent.py", "README", "bombs.py")
             and path.is_file()}
    stored = {name: [report for report in reports if not report.get("names_nobody")]
              for name, reports in files.items()}
    print(json.dumps({"files": files, "total": total_of(files), "stored": total_of(stored)},
                     indent=1, ensure_ascii=True))


if __name__ == "__main__":
    main()
