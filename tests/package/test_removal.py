# SPDX-License-Identifier: Apache-2.0
"""Removal, purge, and what keeps an administrator from an Apache that does not start."""

import subprocess

import pytest

import machine as apache
from root import mount

MODULE = "libapache2-mod-mta-sts"
LIST = "/etc/apache2/conf-enabled/own.conf"


def remove(root, *packages, purge=False, check=True):
    return root.run("apt-get", "-y", "purge" if purge else "remove", *packages, check=check)


def traces(root):
    """What carries the name of the module or of the command."""
    found = root.run("find", "/", "-xdev", "(", "-path", "/packages", "-o", "-path", "/earlier",
                     "-o", "-path", "/proc", "-o", "-path", "/usr/share/doc", ")", "-prune", "-o",
                     "(", "-name", "*mta*sts*", ")", "-print").stdout.split()
    own = {apache.SITE, f"/etc/ssl/{apache.HOST}.pem", f"/etc/ssl/{apache.HOST}.key"}
    return [path for path in found if path not in own and "sites-enabled" not in path
            and "/site/enabled_by_admin/" not in path]


def assert_httpd_starts_again(root):
    root.run("apache2ctl", "configtest")
    apache.restart(root)
    assert apache.request(root, "GET", "/")[0] == 200


def test_removal_leaves_a_working_apache_the_reports_and_the_conffiles(machine):
    assert apache.post_report(machine, 1) == 201
    remove(machine, MODULE)
    assert apache.httpd_runs(machine)
    assert not apache.is_loaded(machine)
    assert apache.request(machine, "GET", "/.well-known/mta-sts.txt")[0] == 404
    assert_httpd_starts_again(machine)
    assert apache.stored_reports(machine) == 1
    assert machine.glob("etc/apache2/mods-available/mta_sts.*") == [
        "/etc/apache2/mods-available/mta_sts.conf", "/etc/apache2/mods-available/mta_sts.load"]
    assert machine.glob("etc/apache2/mods-enabled/mta_sts.*") == []


def test_a_reinstallation_continues_with_its_reports(machine):
    assert apache.post_report(machine, 1) == 201
    remove(machine, MODULE)
    machine.run("sh", "-c", "apt-get -y install /packages/*.deb")
    apache.assert_policy_is_served(machine)
    assert apache.post_report(machine, 1) == 200
    apache.wait_for_index(machine, 1)


def test_purge_leaves_nothing_that_the_packages_made(machine):
    assert apache.post_report(machine, 1) == 201
    machine.run("mta-sts-setup", "--help")
    remove(machine, MODULE, "mta-sts", "mta-sts-setup", purge=True)
    assert traces(machine) == []
    assert_httpd_starts_again(machine)


def test_purge_leaves_a_state_directory_that_the_administrator_chose(machine):
    machine.write(LIST, "<IfModule mod_mta_sts.c>\nMTASTSStateDir /srv/reports\n</IfModule>\n")
    apache.restart(machine)
    assert apache.post_report(machine, 1) == 201
    remove(machine, MODULE, purge=True)
    assert len(machine.glob("srv/reports/reports/*/*")) == 1


def test_purge_empties_a_state_directory_that_is_a_file_system_of_its_own(machine):
    apache.stop(machine)
    mount("-t", "tmpfs", "-o", "mode=700", "tmpfs", machine.file(apache.STATE))
    machine.run("chown", "www-data:www-data", apache.STATE)
    apache.start(machine)
    assert apache.post_report(machine, 1) == 201
    remove(machine, MODULE, purge=True)
    assert machine.glob("var/lib/mod_mta_sts/*") == []
    assert machine.run("dpkg-query", "-W", "-f", "${Status}", MODULE).stdout == \
        "unknown ok not-installed"


def test_an_apache_that_is_installed_again_after_both_were_removed_starts(machine):
    remove(machine, "apache2")
    remove(machine, MODULE)
    machine.run("apt-get", "-y", "install", "apache2")
    assert_httpd_starts_again(machine)
    machine.run("sh", "-c", "apt-get -y install /packages/*.deb")
    assert apache.is_loaded(machine)


USES = {
    "a block at server level": (
        "# a comment\n<MTASTSPolicy example.net>\n    MTASTSMx mx.example.net\n</MTASTSPolicy>\n",
        ["2: <MTASTSPolicy example.net>", "3: MTASTSMx mx.example.net"]),
    "a directive in a virtual host": (
        "<VirtualHost *:80>\n\tmtastsmode none\n</VirtualHost>\n", ["2: mtastsmode none"]),
    "a line that goes on": ("MTASTSMx \\\n  mx.example.net\n", ["1: MTASTSMx   mx.example.net"]),
    "a log level": ("LogLevel warn mta_sts:info\n", ["1: LogLevel warn mta_sts:info"]),
    "a lock": ("Mutex file:/run mta-sts-report\n", ["1: Mutex file:/run mta-sts-report"]),
    "outside a guard of something else": (
        "<IfModule mod_ssl.c>\nMTASTSMode none\n</IfModule>\n", ["2: MTASTSMode none"]),
    "after the guard": (
        "<IfModule mta_sts_module>\nMTASTSMode none\n</IfModule>\nMTASTSMaxAge 1w\n",
        ["4: MTASTSMaxAge 1w"]),
}


@pytest.mark.parametrize("use", USES)
def test_removal_is_refused_while_httpd_would_not_start_without_the_module(machine, use):
    text, lines = USES[use]
    machine.write(LIST, text)
    machine.run("apache2ctl", "configtest")
    refused = remove(machine, MODULE, check=False)
    assert refused.returncode != 0
    listed = [line.strip() for line in refused.stdout.splitlines() if "own.conf:" in line]
    assert listed == [f"{LIST}:{line}" for line in lines]
    assert "<IfModule mod_mta_sts.c>" in refused.stdout
    assert machine.run("dpkg-query", "-W", "-f", "${Status}", MODULE).stdout == \
        "install ok installed"
    apache.restart(machine)
    apache.assert_policy_is_served(machine)


def test_the_lines_of_all_files_that_httpd_reads_are_listed_together(machine):
    machine.write("/etc/apache2/policies/more", "MTASTSMx mx.example.net\n")
    machine.write(LIST, "MTASTSMode testing\n"
                        "<IfModule !mod_none.c>\nInclude policies/*\n</IfModule>\n")
    machine.write("/etc/apache2/conf-available/linked.conf", "# mine\nMTASTSMaxAge 1w\n")
    machine.run("a2enconf", "linked")
    machine.append("/etc/apache2/ports.conf", "LogLevel mta_sts:debug\n")
    lines = machine.read("/etc/apache2/ports.conf").count("\n")
    machine.run("apache2ctl", "configtest")
    refused = remove(machine, MODULE, check=False)
    assert refused.returncode != 0
    assert {line.strip() for line in refused.stdout.splitlines() if line.startswith("    /")} == {
        f"{LIST}:1: MTASTSMode testing", "/etc/apache2/policies/more:1: MTASTSMx mx.example.net",
        "/etc/apache2/conf-available/linked.conf:2: MTASTSMaxAge 1w",
        f"/etc/apache2/ports.conf:{lines}: LogLevel mta_sts:debug"}


def test_a_link_to_a_file_elsewhere_is_followed_before_a_removal(machine):
    machine.write("/etc/app/apache.conf", "# of an application\nMTASTSMode testing\n")
    machine.file("/etc/apache2/conf-enabled/app.conf").symlink_to("../../app/apache.conf")
    machine.run("apache2ctl", "configtest")
    refused = remove(machine, MODULE, check=False)
    assert refused.returncode != 0
    assert "/etc/app/apache.conf:2: MTASTSMode testing\n" in refused.stdout


def test_paths_that_lead_out_of_the_configuration_do_not_prevent_removal(machine):
    machine.write("/etc/app/apache.conf", "# of an application\n")
    machine.write(LIST, "Include ../app/apache.conf\n<IfModule mod_mta_sts.c>\n"
                        "MTASTSMaxAge 2w\n</IfModule>\n")
    machine.run("apache2ctl", "configtest")
    remove(machine, MODULE)
    assert_httpd_starts_again(machine)


def test_removal_is_refused_while_another_instance_of_apache_loads_the_module(machine):
    machine.run("env", "PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin", "sh",
                "/usr/share/doc/apache2/examples/setup-instance", "two")
    configtest = "env", "APACHE_CONFDIR=/etc/apache2-two", "apache2ctl", "configtest"
    machine.run(*configtest)
    refused = remove(machine, MODULE, check=False)
    assert refused.returncode != 0
    listed = [line.strip() for line in refused.stdout.splitlines() if line.startswith("    /")]
    assert listed == ["/etc/apache2-two/mods-enabled/mta_sts.load:1: LoadModule mta_sts_module "
                      "/usr/lib/apache2/modules/mod_mta_sts.so"]
    command = "APACHE_CONFDIR=/etc/apache2-two a2dismod -f mta_sts"
    assert command in refused.stdout
    machine.run("env", *command.split())
    remove(machine, MODULE)
    machine.run(*configtest)
    assert_httpd_starts_again(machine)


def test_a_file_that_loads_the_module_only_if_it_is_there_does_not_prevent_removal(machine):
    machine.run("a2dismod", "-f", "mta_sts")
    machine.write(LIST, """\
<IfFile /usr/lib/apache2/modules/mod_mta_sts.so>
    LoadModule mta_sts_module /usr/lib/apache2/modules/mod_mta_sts.so
    MTASTSMode testing
</IfFile>
""")
    machine.run("apache2ctl", "configtest")
    remove(machine, MODULE)
    assert_httpd_starts_again(machine)


def test_files_that_httpd_does_not_read_when_it_starts_do_not_prevent_removal(machine):
    machine.write("/etc/apache2/conf-available/unused.conf", "MTASTSMode testing\n")
    machine.write("/etc/apache2/sites-available/unused.conf", "MTASTSMode testing\n")
    machine.write("/var/www/html/.htaccess", "MTASTSMode testing\n")
    remove(machine, MODULE)
    assert_httpd_starts_again(machine)


def test_purge_is_refused_for_the_same_reason_and_keeps_the_reports(machine):
    assert apache.post_report(machine, 1) == 201
    machine.write(LIST, "MTASTSMode testing\n")
    assert remove(machine, MODULE, purge=True, check=False).returncode != 0
    assert apache.stored_reports(machine) == 1


def test_removal_is_refused_when_the_configuration_is_broken_elsewhere_as_well(machine):
    machine.write(LIST, "MTASTSMode testing\nNoSuchDirective\n")
    refused = remove(machine, MODULE, check=False)
    assert refused.returncode != 0
    assert f"{LIST}:1: MTASTSMode testing" in refused.stdout


def test_removal_is_refused_when_the_broken_configuration_would_include_a_file_elsewhere(machine):
    machine.write("/srv/my sites/one.conf", "MTASTSMode testing\n")
    machine.write("/etc/apache2/more", 'IncludeOptional "/srv/my sites/*.conf"\n')
    machine.write(LIST, "Include /nonexistent\ninclude more\n")
    refused = remove(machine, MODULE, check=False)
    assert refused.returncode != 0
    assert "/srv/my sites/one.conf:1: MTASTSMode testing\n" in refused.stdout


def test_files_included_inside_a_guard_do_not_prevent_removal(machine):
    machine.write("/etc/apache2/policies", "MTASTSMaxAge 2w\n")
    machine.write(LIST, "<IfModule mod_mta_sts.c>\nInclude policies\n</IfModule>\n")
    machine.run("apache2ctl", "configtest")
    remove(machine, MODULE)
    assert_httpd_starts_again(machine)


def test_a_disabled_module_can_be_removed_with_any_configuration(machine):
    machine.write(LIST, "MTASTSMode testing\n")
    machine.run("a2dismod", "-f", "mta_sts")
    remove(machine, MODULE)


# Sends Ctrl-C to all that check-removal started, once httpd reads the configuration without the module.
INTERRUPTING = """\
#!/bin/sh
case "$*" in *" -d "*) test -e "$3/mods-enabled/mta_sts.load" || kill -INT 0 ;; esac
exec /usr/sbin/apachectl "$@"
"""


@pytest.mark.parametrize("interrupted", [False, True])
def test_the_check_before_a_removal_leaves_no_files(machine, interrupted):
    def files():
        return set(machine.glob("tmp/*") + machine.glob("etc/*"))

    machine.write("/root/apachectl", INTERRUPTING if interrupted else
                  "#!/bin/sh\nexec /usr/sbin/apachectl \"$@\"\n")
    machine.run("chmod", "+x", "/root/apachectl")
    before = files()
    done = machine.run("setsid", "-w", "env", "--default-signal=INT",
                       "PATH=/root:/usr/sbin:/usr/bin:/sbin:/bin",
                       "/usr/share/mod_mta_sts/check-removal", check=False)
    assert (done.returncode != 0) == interrupted
    assert files() == before
    apache.assert_policy_is_served(machine)
    assert subprocess.run(["sh", "-n", machine.file("/usr/share/mod_mta_sts/check-removal")],
                          check=False).returncode == 0
