# SPDX-License-Identifier: Apache-2.0
"""mod_php and an application whose front controller answers every other path of the site."""

import pathlib

import pytest

import policy
from httpd import proxied
from policy import HOST, MX
from report import ENDPOINT, Spool, make as make_report, packed, post

LIBRARY, = pathlib.Path("/usr/lib/apache2/modules").glob("libphp*.so")
PHP = f"""\
LoadModule php_module {LIBRARY}
<FilesMatch "\\.php$">
    SetHandler application/x-httpd-php
</FilesMatch>
"""
FALLBACK = "FallbackResource /index.php\n"
# As WordPress and others write it into .htaccess.
REWRITE = """\
<Directory "@ROOT@/htdocs">
    RewriteEngine On
    RewriteBase /
    RewriteRule ^index\\.php$ - [L]
    RewriteCond %{REQUEST_FILENAME} !-f
    RewriteCond %{REQUEST_FILENAME} !-d
    RewriteRule . /index.php [L]
</Directory>
"""
CONTROLLER = "<?php echo 'controller: ', $_SERVER['REQUEST_METHOD'], ' ', $_SERVER['REQUEST_URI'];"


@pytest.mark.parametrize("site", [FALLBACK, REWRITE], ids=["FallbackResource", "mod_rewrite"])
def test_a_front_controller_in_php_gets_neither_policies_nor_reports(make_with, site):
    server = make_with(mpm="prefork")
    server.write("htdocs/index.php", CONTROLLER)
    server.configure(PHP + proxied(HOST, MX + ENDPOINT + site), modules=["dir", "rewrite"])
    server.start()
    assert server.fetch(path="/any/page").body == b"controller: GET /any/page"
    assert post(server, b"a=1", "application/x-www-form-urlencoded",
                path="/form").body == b"controller: POST /form"
    policy.check(server.fetch())
    assert post(server, packed(make_report(1))).status == 201
    assert Spool(server).has(make_report(1), packed(make_report(1)))
    policy.check(server.fetch())
