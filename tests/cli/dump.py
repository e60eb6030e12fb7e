# SPDX-License-Identifier: Apache-2.0
"""The output of `apachectl -t -D DUMP_MTA_STS_JSON` (doc/dump-json.md), for the apachectl of a
test."""
import json

SITE = "/etc/apache2/sites-enabled/mta-sts.conf"


def location(line, file=SITE):
    return {"file": file, "line": line}


def place(defined_at, mode_at=None, served=True):
    """One location of a policy."""
    return {"precedence": 1, "defined_at": defined_at, "mode_at": mode_at, "virtual_host": None,
            "served": served}


def policy(domain, *places, mode="testing", mx=("mx1.example.com",), published=True):
    text = "".join(f"{line}\r\n" for line in (
        "version: STSv1", f"mode: {mode}", *(f"mx: {host}" for host in mx), "max_age: 604800"))
    return {"domain": domain, "policy_host": f"mta-sts.{domain}", "pattern": False,
            "id": "0123456789abcdef0123", "mode": mode, "max_age": 604800, "mx": list(mx),
            "text": text, "served": published, "published": published, "locations": list(places)}


def document(*policies, version=1):
    return json.dumps({"version": version, "policies": list(policies)})
