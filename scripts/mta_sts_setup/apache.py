# SPDX-License-Identifier: Apache-2.0
"""Apache in Debian's layout: its modules, sites, virtual hosts, and the policies it serves."""

import fnmatch
import glob
import json
import os
import re
import shutil
import tempfile

from . import command
from .policy import Policy
from .problem import Problem, Usage
from .step import Command, read

ETC = "/etc/apache2"
LOAD = ETC + "/mods-available/mta_sts.load"
DUMP_VERSION = 1


def require():
    """Raises a Problem if the program does not support this machine."""
    if not os.path.isdir(ETC + "/mods-available") or not command.installed("a2enmod"):
        raise Problem("found no Apache in Debian's layout ({}/mods-available, a2enmod): "
                      "apt-get install apache2, or set up the policy by hand as the README "
                      "describes".format(ETC))
    if not re.search(r"^LoadModule\s+mta_sts_module\s", read(LOAD), re.M):
        raise Problem("the module is not installed: {} does not load it; run make install or "
                      "install the package".format(LOAD))


def module_path():
    return re.search(r'^LoadModule\s+mta_sts_module\s+"?([^"\s]+)', read(LOAD), re.M).group(1)


def site_file(name):
    return "{}/sites-available/{}.conf".format(ETC, name)


def conf_file(name):
    return "{}/conf-available/{}.conf".format(ETC, name)


def _enabled(kind, name):
    return os.path.exists("{}/{}-enabled/{}".format(ETC, kind, name))


def is_site_enabled(name):
    return _enabled("sites", name + ".conf")


def is_conf_enabled(name):
    return _enabled("conf", name + ".conf")


def is_module_enabled(name):
    return _enabled("mods", name + ".load")


def _enabled_modules():
    return {os.path.basename(path)[:-len(".load")]
            for path in glob.glob(ETC + "/mods-enabled/*.load")}


# --- steps ---


def enable_modules(names):
    """A step. Undoing it also disables the modules that ssl depends on."""
    before = _enabled_modules()

    def undo():
        new = sorted(_enabled_modules() - before)
        return ["a2dismod -q -f " + " ".join(new)] if new else []

    return Command("enable the module{} {}".format("s" if len(names) > 1 else "", ", ".join(names)),
                   ["a2enmod", "-q"] + names, undo)


def _switch(what, program, back, enabled, name):
    before = enabled(name)
    return Command("{} {}".format(what, name), [program, "-q", name],
                   lambda: [] if enabled(name) == before else ["{} -q {}".format(back, name)])


def enable_site(name):
    return _switch("enable the site", "a2ensite", "a2dissite", is_site_enabled, name)


def disable_site(name):
    return _switch("disable the site", "a2dissite", "a2ensite", is_site_enabled, name)


def enable_conf(name):
    return _switch("enable the configuration", "a2enconf", "a2disconf", is_conf_enabled, name)


def disable_conf(name):
    return _switch("disable the configuration", "a2disconf", "a2enconf", is_conf_enabled, name)


def configtest():
    return Command("test the configuration", ["apache2ctl", "configtest"])


def reload():
    return Command("reload Apache", ["apache2ctl", "graceful"])


# --- the configuration as Apache reads it ---


def _load_args():
    """The arguments that make Apache accept the module's directives before it is enabled."""
    if is_module_enabled("mta_sts"):
        return []
    return ["-C", "LoadModule mta_sts_module " + module_path()]


def require_sound():
    """Stops if the configuration is broken before anything is changed."""
    result = command.run(["apache2ctl", "configtest"], check=False)
    if result.status != 0:
        raise Problem("Apache's configuration already has errors, so nothing was changed. "
                      "Output of apache2ctl configtest:\n" + command.indented(result.output))


class Section:
    """A <VirtualHost> in a file. `line` counts from 1."""

    def __init__(self, path, line):
        self.path = os.path.realpath(path)
        self.line = line
        rest = read(self.path).splitlines()[line - 1:]
        ends = [number for number, text in enumerate(rest)
                if re.match(r"\s*</VirtualHost", text, re.I)]
        self.lines = rest[:ends[0] + 1] if ends else rest

    def values(self, directive):
        pattern = re.compile(r"\s*{}\s+(.*?)\s*$".format(directive), re.I)
        lines = "\n".join(self.lines).replace("\\\n", " ").splitlines()
        return [found.group(1).strip('"') for found in map(pattern.match, lines) if found]

    @property
    def name(self):
        """The ServerName without scheme and port, or ""."""
        names = self.values("ServerName")
        return re.sub(r"^\w+://|:\d+$", "", names[-1]).lower() if names else ""

    @property
    def names(self):
        aliases = [word.strip('"').lower() for value in self.values("ServerAlias")
                   for word in value.split()]
        return ([self.name] if self.name else []) + aliases

    @property
    def is_https(self):
        engine = self.values("SSLEngine")
        scheme = [name for name in self.values("ServerName") if name.startswith("https://")]
        if engine:
            return engine[-1].lower() == "on"
        return bool(scheme) or ":443" in self.lines[0]

    @property
    def addresses(self):
        """The addresses of its <VirtualHost>, as written, without ports and wildcards."""
        opening = re.match(r"\s*<VirtualHost\s+(.*?)>", self.lines[0], re.I)
        words = opening.group(1).replace('"', "").split() if opening else []
        bare = [re.sub(r":(\d+|\*)$", "", word) for word in words]
        return [word for word in bare if word.strip("[]") not in ("", "*", "_default_")]

    @property
    def certificate(self):
        """The file of its certificate, or None."""
        files = self.values("SSLCertificateFile")
        return files[-1] if files else None

    def carries(self, host):
        return any(fnmatch.fnmatchcase(host, name) for name in self.names)

    def __str__(self):
        return "{}:{}".format(self.path, self.line)


def sections():
    """Every virtual host that Apache has, in no particular order."""
    output = command.run(["apache2ctl", "-t", "-D", "DUMP_VHOSTS"], stderr=False).output
    places = set(re.findall(r"\((/[^()]+):(\d+)\)\s*$", output, re.M))
    return sorted((Section(path, int(line)) for path, line in places),
                  key=lambda section: (section.path, section.line))


class PolicyDefinition:
    """A policy that the configuration defines for a domain, and where. `section` is its virtual
    host, or None at server level. `is_pattern` is whether the virtual host serves it for every name
    that matches an alias with a wildcard."""

    def __init__(self, policy, path, line, section, is_pattern):
        self.policy = policy
        self.is_pattern = is_pattern
        self.path = os.path.realpath(path)
        self.line = line
        self.section = section
        self.is_block = section is None

    @property
    def is_served(self):
        """Whether senders, which use https, can fetch it."""
        return self.is_block or self.section.is_https

    def __str__(self):
        return "{}:{}".format(self.path, self.line)


def read_dump(output):
    """The document of DUMP_MTA_STS_JSON (doc/dump-json.md) in the output of a configtest."""
    lines = [line for line in output.split("\n") if line.startswith("{")]
    document = json.loads(lines[0]) if lines else {}
    if document.get("version") != DUMP_VERSION:
        raise Problem("the module {} does not print its configuration in the form that this "
                      "program reads: install the module and mta-sts-setup of the same "
                      "version".format(module_path()))
    return document


def dump():
    """The MTA-STS configuration of this Apache."""
    args = ["apache2ctl"] + _load_args() + ["-t", "-D", "DUMP_MTA_STS_JSON"]
    return read_dump(command.run(args, stderr=False).output)


def _policy(entry):
    return Policy(entry["mode"], tuple(entry["mx"]), entry["max_age"])


def _definition(entry, location):
    place, host = location["defined_at"], location["virtual_host"]
    section = Section(host["file"], host["line"]) if host else None
    return PolicyDefinition(_policy(entry), place["file"], place["line"], section,
                            entry["pattern"])


def definitions(document, domain):
    """The policies for a domain in a dump, as PolicyDefinition, in order of precedence."""
    def applies(entry):
        if entry["pattern"]:
            return fnmatch.fnmatchcase("mta-sts." + domain, entry["domain"])
        return entry["domain"] == domain

    return [_definition(entry, location) for entry in document["policies"] if applies(entry)
            for location in entry["locations"]]


# --- validation by the module, in a temporary configuration ---

SCRATCH = """\
ServerRoot "{directory}"
DefaultRuntimeDir "{directory}"
ErrorLog "{directory}/error.log"
ServerName localhost
LogLevel warn
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule mta_sts_module {module}
"""
OPTIONS = (("MTASTSMx", "--mx"), ("MTASTSMaxAge", "--max-age"), ("MTASTSMode", "--mode"),
           ("<MTASTSPolicy>", "DOMAIN"))


def _refusal(output):
    """The module's error message, with the name of the option instead of the directive."""
    lines = [line for line in output.splitlines() if not re.match(r"AH\d+: Syntax error|"
                                                                  r"AH00526", line)]
    text = "\n".join(lines)
    for directive, option in OPTIONS:
        text = text.replace(directive + ":", option + ":")
    is_option = any(directive + ":" in output for directive, _ in OPTIONS)
    return Usage(text) if is_option else Problem(text)


def _advice(output):
    """The warnings of the module, without time and location."""
    return [re.sub(r"^.*\[mta_sts:warn\] (\[[^\]]*\] )?(\S+:\d+: )?", "", line)
            for line in output.splitlines() if "[mta_sts:warn]" in line]


def judge(domain, policy):
    """Has the module validate a policy before anything is changed.

    Returns the domain and the policy in canonical form (A-labels, lower case, seconds) and the
    module's warnings; raises Usage with the module's own message if it rejects an option.
    """
    directory = tempfile.mkdtemp(prefix="mta-sts-setup-")
    try:
        module = module_path()
        path = os.path.join(directory, "httpd.conf")
        text = SCRATCH.format(directory=directory, module=module, modules=os.path.dirname(module))
        with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(text + policy.block(domain))
        result = command.run(["apache2", "-t", "-D", "DUMP_MTA_STS_JSON", "-f", path], check=False)
    finally:
        shutil.rmtree(directory)
    if result.status != 0:
        raise _refusal(result.output)
    (entry,) = read_dump(result.output)["policies"]
    return entry["domain"], _policy(entry), _advice(result.output)
