#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What `mta-sts report --format json DIR` is measured against: the same reading and summing, and
the same members in the output, as short and fast as Python's own modules make it. It knows neither
limits nor deviations, explains nothing, and believes every report.

    python_report.py DIR"""
import gzip
import json
import os
import sys


def fields(detail):
    get = detail.get
    return {"result_type": get("result-type"), "sessions": get("failed-session-count"),
            "sending_ip": get("sending-mta-ip"), "receiving_mx": get("receiving-mx-hostname"),
            "receiving_helo": get("receiving-mx-helo"), "receiving_ip": get("receiving-ip"),
            "reason": get("failure-reason-code"), "information": get("additional-information")}


def main():
    directory = sys.argv[1]
    reports, seen = [], set()
    duplicates = successful = failed = 0
    for name in sorted(os.listdir(directory)):
        path = f"{directory}/{name}"
        with open(path, "rb") as file:
            root = json.loads(gzip.decompress(file.read()))
        days = root["date-range"]
        policies = []
        for entry in root["policies"]:
            policy, summary = entry["policy"], entry["summary"]
            policies.append({
                "type": policy["policy-type"], "domain": policy["policy-domain"],
                "mx": policy.get("mx-host", []), "policy": policy.get("policy-string", []),
                "successful_sessions": summary["total-successful-session-count"],
                "failed_sessions": summary["total-failure-session-count"],
                "failures": [fields(detail) for detail in entry.get("failure-details", [])]})
        identity = (root["organization-name"], root["report-id"], days["start-datetime"],
                    days["end-datetime"], *sorted({policy["domain"] for policy in policies}))
        if identity in seen:
            duplicates += 1
            continue
        seen.add(identity)
        for policy in policies:
            successful += policy["successful_sessions"]
            failed += policy["failed_sessions"]
        reports.append({
            "file": path, "organization": root["organization-name"],
            "contact": root["contact-info"], "report_id": root["report-id"],
            "begin": days["start-datetime"], "end": days["end-datetime"], "verified": False,
            "policies": policies, "findings": []})
    sys.stdout.write(json.dumps({"reports": reports, "rejected": [], "totals": {
        "reports": len(reports), "earlier_reports": 0, "folded_reports": 0,
        "duplicates": duplicates, "successful_sessions": successful,
        "failed_sessions": failed}}))


if __name__ == "__main__":
    main()
