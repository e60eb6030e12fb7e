# SPDX-License-Identifier: Apache-2.0
"""Nothing else in a virtual host can break the policy; and the policy breaks nothing there."""

import os

import pytest

import policy
from httpd import site
from policy import MX

DENIED = "<Location />\nRequire all denied\n</Location>\n"
OPEN = "<Location />\nRequire all granted\n</Location>\n"
WORDPRESS = """\
<Directory @ROOT@/wordpress>
Require all granted
Options +FollowSymLinks
RewriteEngine On
RewriteRule ^index\\.php$ - [L]
RewriteCond %{REQUEST_FILENAME} !-f
RewriteCond %{REQUEST_FILENAME} !-d
RewriteRule . /index.php [L]
</Directory>
DocumentRoot @ROOT@/wordpress
"""
BASIC = """\
<Location />
AuthType Basic
AuthName members
AuthUserFile @ROOT@/users
Require valid-user
</Location>
"""
CACHED = "CacheEnable disk /\nCacheQuickHandler %s\nCacheIgnoreCacheControl On\nCacheHeader on\n"

# name: what stands in the virtual host, and the status of another path there, which shows that
# what stands there works
HOSTS = {
    "redirect": ("Redirect permanent / https://elsewhere.example/\n", 301),
    "redirect-temp": ("RedirectMatch ^ https://elsewhere.example/\n", 302),
    "redirect-gone": ("Redirect gone /\n", 410),
    "redirect-known": ("Redirect permanent /.well-known/ https://elsewhere.example/\n", 404),
    "redirect-204": ("Redirect 204 /\n", 204),
    "rewrite": ("RewriteEngine on\nRewriteRule ^ https://elsewhere.example/ [R=301]\n", 301),
    "rewrite-last": ("RewriteEngine on\n"
                     "RewriteRule ^ https://elsewhere.example%{REQUEST_URI} [L,R=302,NE]\n", 302),
    "rewrite-forbidden": ("RewriteEngine on\nRewriteRule ^ - [F]\n", 403),
    "rewrite-query": ("RewriteEngine on\nRewriteRule ^ /index.php?q=%{REQUEST_URI} [QSA,L]\n",
                      404),
    "rewrite-proxy": ("RewriteEngine on\nRewriteRule ^ http://127.0.0.1:1/ [P]\n", 503),
    "proxy": ("ProxyPass / http://127.0.0.1:1/\nProxyPassReverse / http://127.0.0.1:1/\n", 503),
    "proxy-match": ('ProxyPassMatch "^/(.*)$" "http://127.0.0.1:1/$1"\n', 503),
    "proxy-location": ("<Location />\nProxyPass http://127.0.0.1:1/\n</Location>\n", 503),
    "proxy-override": ('ProxyPass / http://127.0.0.1:1/ nocanon\n<LocationMatch ".">\n'
                       "ProxyErrorOverride On\n</LocationMatch>\n", 503),
    "basic": (BASIC, 401),
    "denied": (DENIED, 403),
    "denied-ip": ("<Location />\nRequire ip 192.0.2.1\n</Location>\n", 403),
    "denied-old": ("<Location />\nOrder deny,allow\nDeny from all\n</Location>\n", 403),
    "denied-root": ("DocumentRoot @ROOT@/closed\n<Directory @ROOT@/closed>\n"
                    "Require all denied\n</Directory>\n", 403),
    "denied-directories": ("<Directory />\nRequire all denied\nAllowOverride None\n"
                           "</Directory>\n", 403),
    "unreadable-root": ("DocumentRoot @ROOT@/secret\n" + OPEN, 403),
    "missing-root": ("DocumentRoot @ROOT@/nowhere\n" + OPEN, 404),
    "no-root": ("", 404),
    "file-root": ("DocumentRoot @ROOT@/users\n" + OPEN, 404),
    "file-there": ("DocumentRoot @ROOT@/other-policy\n" + OPEN, 404),
    "wordpress": (WORDPRESS, 200),
    "wordpress-htaccess": ("DocumentRoot @ROOT@/wordpress2\n<Directory @ROOT@/wordpress2>\n"
                           "AllowOverride All\nRequire all granted\n</Directory>\n", 200),
    "fallback": ("DocumentRoot @ROOT@/wordpress\nFallbackResource /index.php\n" + OPEN, 200),
    "no-txt": ('<FilesMatch "\\.txt$">\nRequire all denied\n</FilesMatch>\n', 403),
    "no-dot": ('<LocationMatch "/\\.">\nRequire all denied\n</LocationMatch>\n', 404),
    "no-known": ('<Location "/.well-known">\nRequire all denied\n</Location>\n', 404),
    "deflate": (OPEN + "AddOutputFilterByType DEFLATE text/plain text/html\n", 404),
    "deflate-all": (OPEN + "SetOutputFilter DEFLATE\n", 404),
    "deflate-location": ("<Location />\nRequire all granted\nSetOutputFilter DEFLATE\n"
                         "SetEnv force-gzip 1\n</Location>\n", 404),
    "brotli": (OPEN + "SetOutputFilter BROTLI_COMPRESS\n", 404),
    "brotli-type": (OPEN + "AddOutputFilterByType BROTLI_COMPRESS text/plain\n", 404),
    "filter": (OPEN + "FilterProvider squeeze DEFLATE \"%{CONTENT_TYPE} =~ m#^text/#\"\n"
               "FilterChain squeeze\n", 404),
    "include": (OPEN + "SetOutputFilter INCLUDES\nXBitHack Off\n", 404),
    "substitute": ("<Location />\nRequire all granted\nSetOutputFilter SUBSTITUTE\n"
                   "Substitute s/testing/none/\n</Location>\n", 404),
    "sed": ("<Location />\nRequire all granted\nSetOutputFilter Sed\n"
            'OutputSed "s/testing/none/g"\n</Location>\n', 404),
    "ratelimit": ("<Location />\nRequire all granted\nSetOutputFilter RATE_LIMIT\n"
                  "SetEnv rate-limit 4096\n</Location>\n", 404),
    "buffer": (OPEN + "SetOutputFilter BUFFER\n", 404),
    "ext-filter": (OPEN + "SetOutputFilter rot\n", 404),
    "charset": (OPEN + "CharsetSourceEnc ISO-8859-1\nCharsetDefault UTF-16\n", 404),
    "expires": (OPEN + 'ExpiresActive On\nExpiresDefault "access plus 1 year"\n'
                'ExpiresByType text/plain "access plus 1 month"\n', 404),
    "force-type": ("<Location />\nRequire all granted\nForceType text/html\n</Location>\n", 404),
    "add-type": (OPEN + "AddType application/x-secret .txt\nAddEncoding x-gzip .txt\n"
                 "AddLanguage de .txt\nAddCharset utf-8 .txt\nDefaultLanguage fr\n", 404),
    "default-charset": (OPEN + "AddDefaultCharset UTF-8\n", 404),
    "set-handler": ("<Location />\nRequire all granted\nSetHandler server-status\n</Location>\n",
                    200),
    "add-handler": (OPEN + "AddHandler send-as-is .txt\n", 404),
    "action": (OPEN + "Action text/plain /cgi-bin/x\nAction x /cgi-bin/x virtual\n", 404),
    "error-document": (OPEN + "ErrorDocument 404 /.well-known/mta-sts.txt\n"
                       "ErrorDocument 403 default\n", 404),
    "error-document-text": (OPEN + 'ErrorDocument 404 "not here"\n', 404),
    "cache-quick": (OPEN + CACHED % "on", 404),
    "cache-slow": (OPEN + CACHED % "off", 404),
    "alias": (OPEN + "Alias / @ROOT@/other-policy/\n", 404),
    "alias-match": (OPEN + 'AliasMatch "^/.*$" "@ROOT@/users"\n', 200),
    "script-alias": (OPEN + 'ScriptAliasMatch "^/" "@ROOT@/nowhere"\n', 404),
    "speling": (OPEN + "CheckSpelling on\nCheckCaseOnly on\n", 404),
    "options": ("<Directory @ROOT@/htdocs>\nRequire all granted\nOptions None\n</Directory>\n",
                404),
    "allow-methods": ("<Location />\nRequire all granted\nAllowMethods POST OPTIONS\n"
                      "</Location>\n", 405),
    "limit": ("<Location />\n<Limit GET HEAD>\nRequire all denied\n</Limit>\n</Location>\n", 403),
    "limit-except": ("<Location />\n<LimitExcept POST>\nRequire all denied\n</LimitExcept>\n"
                     "</Location>\n", 403),
    "limit-body": (OPEN + "LimitRequestBody 1\nLimitXMLRequestBody 1\n", 404),
    "if": ('<If "true">\nRedirect permanent https://elsewhere.example/\n</If>\n', 301),
    "header": (OPEN + "Header set Content-Security-Policy \"default-src 'none'\"\n", 404),
    "negotiation": (OPEN + "DocumentRoot @ROOT@/other-policy\n<Location />\n"
                    "Options +MultiViews\n</Location>\n", 404),
    "vhost-alias": (OPEN + "VirtualDocumentRoot @ROOT@/%0/htdocs\n", 404),
    "accept-path-info": (OPEN + "AcceptPathInfo Off\nAllowEncodedSlashes NoDecode\n", 404),
    "keep-alive-off": (OPEN + "KeepAlive Off\n", 404),
    "use-canonical-name": (OPEN + "UseCanonicalName On\nUseCanonicalPhysicalPort On\n", 404),
    "dav": ("<Location />\nRequire all granted\nDav On\n</Location>\n", 404),
    "log-debug": (OPEN + '<Location />\nLogMessage "seen"\n</Location>\n', 404),
    "mime-magic": (OPEN + "MimeMagicFile @ROOT@/magic\n", 404),
    "usertrack": (OPEN + "CookieTracking on\nCookieName track\n", 404),
    "session": (OPEN + "Session On\nSessionCookieName session path=/\nSessionEnv On\n", 404),
    "tls-client": ("<Location />\nRequire ssl-verify-client\n</Location>\n", 403),
    "digest": ("<Location />\nAuthType None\nRequire env never\n</Location>\n", 403),
    "modern": (OPEN + 'Header always set Strict-Transport-Security "max-age=63072000"\n', 404),
}
MODULES = """alias rewrite proxy proxy_http auth_basic authn_core authn_file authz_host authz_user
    access_compat dir filter deflate brotli include substitute sed ratelimit buffer ext_filter
    charset_lite expires mime status asis actions cache cache_disk speling allowmethods headers
    negotiation vhost_alias dav dav_fs log_debug mime_magic usertrack session session_cookie
    env setenvif""".split()
SERVER = """\
TypesConfig /etc/mime.types
CacheRoot @ROOT@/cache
DavLockDB @ROOT@/run/dav
ExtFilterDefine rot mode=output cmd="/usr/bin/tr a-m n-z"
"""
NAME = "mta-sts.{}.example"


@pytest.fixture(scope="module")
def server(make_shared):
    server = make_shared(expected=[  # what httpd says of the other paths
        r"AH01797: client denied .*page\.txt", r"AH01630: client denied .*page\.txt",
        r"AH01630: client denied .*/closed/", r"AH01623: client method denied .*page\.txt",
        r"AH00529: .*/secret/", r"AH00957: http: .* 127\.0\.0\.1:1 ", r"AH01114: HTTP: failed"])
    server.configure(
        SERVER + "".join(site(NAME.format(name), MX + body) for name, (body, _) in HOSTS.items()),
        modules=MODULES)
    server.write("users", "")
    server.write("magic", "0 string x text/html\n")
    server.write("wordpress/index.php", "the blog")
    server.write("wordpress2/index.php", "the blog")
    server.write("wordpress2/.htaccess",
                 "RewriteEngine On\nRewriteCond %{REQUEST_FILENAME} !-f\n"
                 "RewriteRule . /index.php [L]\n")
    server.write("other-policy/.well-known/mta-sts.txt", "an older policy, as a file")
    server.write("closed/page", "")
    server.write("secret/page", "").parent.chmod(0o700)
    cache = server.root / "cache"
    cache.mkdir()
    cache.chmod(0o777)
    return server.start()


@pytest.mark.parametrize("name", HOSTS)
def test_the_policy_is_served_regardless_of_other_directives_in_the_virtual_host(server, name):
    host = NAME.format(name)
    other = server.fetch(host, path="/page.txt")
    assert other.status == HOSTS[name][1], f"the virtual host is not what it should be: {other}"
    for headers in ([], ["Accept-Encoding: gzip, br"]):
        policy.check(server.fetch(host, headers=headers))
        policy.check(server.fetch(host, method="HEAD", headers=headers), method="HEAD")
    refused = server.fetch(host, method="POST", body=b"x")
    assert refused.status == 405


CHANGING = {
    "deflate": ("SetOutputFilter DEFLATE\n", ["filter", "deflate"]),
    "brotli": ("SetOutputFilter BROTLI_COMPRESS\n", ["filter", "brotli"]),
    "include": ("Options +Includes\nSetOutputFilter INCLUDES\n", ["include"]),
    "substitute": ('SetOutputFilter SUBSTITUTE\nSubstitute "s/e/E/"\n', ["filter", "substitute"]),
    "expires": ("ExpiresActive On\nExpiresDefault A3600\n", ["expires"]),
}


@pytest.mark.parametrize("name", CHANGING)
def test_a_filter_of_the_whole_server_changes_other_files_but_not_the_policy(start, name):
    body, modules = CHANGING[name]
    server = start(body + "<Directory @ROOT@>\nRequire all granted\n</Directory>\n"
                   + site(policy.HOST, MX), modules=modules)
    server.write("htdocs/page", "here <!--#echo var='SERVER_NAME' --> there\n" * 200)
    accept = ["Accept-Encoding: gzip, br"]
    page = server.fetch(path="/page", headers=accept)
    assert page.status == 200
    assert page.body != (server.root / "htdocs/page").read_bytes() or page.header("Expires")
    policy.check(server.fetch(headers=accept))


def test_headers_of_the_virtual_host_appear(start):
    server = start(
        "Header always set X-Everywhere yes\n"
        + site(policy.HOST, MX + "Header always set X Y\nHeader set Z A\n"
               'Header always set Strict-Transport-Security "max-age=63072000"\n'),
        modules=["headers"])
    for method in ("GET", "HEAD"):
        answer = server.fetch(method=method)
        policy.check(answer, method=method)
        assert answer.header("X") == "Y"
        assert answer.header("Z") == "A"
        assert answer.header("X-Everywhere") == "yes"
        assert answer.header("Strict-Transport-Security") == "max-age=63072000"
    refused = server.fetch(method="POST")
    assert (refused.status, refused.header("X")) == (405, "Y")


@pytest.mark.parametrize("quick", ["on", "off"])
def test_a_cache_keeps_other_files_but_shows_a_new_policy_at_once(make, quick):
    body = ("CacheRoot @ROOT@/cache\nCacheEnable disk /\nCacheHeader on\n"
            f"CacheQuickHandler {quick}\nCacheIgnoreCacheControl On\nCacheDefaultExpire 3600\n"
            "<Directory @ROOT@>\nRequire all granted\n</Directory>\n")
    server = make()
    (server.root / "cache").mkdir()
    (server.root / "cache").chmod(0o777)
    os.utime(server.write("htdocs/page", "kept"), (0, 0))  # long unchanged: may be kept long
    modules = ["cache", "cache_disk"]
    server.configure(body + site(policy.HOST, MX), modules=modules).start()
    seen = [server.fetch(path="/page").header("X-Cache") for _ in range(3)]
    assert seen[2].startswith("HIT"), f"nothing is cached here: {seen}"
    for _ in range(3):
        policy.check(server.fetch())
    server.configure(body + site(policy.HOST, MX + "MTASTSMode enforce\n"), modules=modules)
    server.graceful()
    for _ in range(3):
        policy.check(server.fetch(), policy.text("mx1.example.com", mode="enforce"))
    assert server.fetch(path="/page").header("X-Cache").startswith("HIT")
