# SPDX-License-Identifier: Apache-2.0
# What the scripts share; sourced by bash. Sets $top, the directory of the checkout.
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '== %s\n' "$*"; }
die() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

need_root() {
    [ "$(id -u)" = 0 ] || die "run it as root: sudo $0"
}

# need_packages PACKAGE...: installs what is missing from Debian, without starting any service. If
# something is, what is there already is brought to the same day, OpenSSL above all: httpd warns at
# every start where mod_ssl is newer than the library that it is loaded with.
need_packages() {
    local missing=() package kept=
    for package; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
            missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    say "installing ${missing[*]}"
    if [ ! -e /usr/sbin/policy-rc.d ]; then
        printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d
        chmod +x /usr/sbin/policy-rc.d
        kept=no
    fi
    echo 'postfix postfix/main_mailer_type select No configuration' | debconf-set-selections
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends libssl3 "$@"; } \
        > /tmp/mta-sts-apt.$$ 2>&1
    local status=$?
    [ -z "$kept" ] || rm -f /usr/sbin/policy-rc.d
    [ $status = 0 ] || { tail -20 /tmp/mta-sts-apt.$$; die "apt-get could not install them"; }
    rm -f /tmp/mta-sts-apt.$$
}

build_packages="apache2-bin apache2-dev autoconf automake gcc libapr1-dev libaprutil1-dev
    libaprutil1-dbd-sqlite3 libcurl4-openssl-dev libevent-dev libgmime-3.0-dev libidn2-dev
    libjansson-dev libssl-dev libtool libunbound-dev make nettle-dev pkg-config zlib1g-dev"

# give_to_owner FILE...: what root makes in somebody's checkout is theirs, so that they can go on.
give_to_owner() {
    [ "$(stat -c %u "$top")" = "$(id -u)" ] || chown -Rh --reference="$top" "$@"
}

# build DIRECTORY [CONFIGURE-ARGUMENT...]: an up-to-date VPATH build in that directory.
build() {
    local directory=$1 log
    shift
    [ ! -e "$top/config.status" ] ||
        die "$top itself is configured, so no other directory can be: run make distclean there first"
    mkdir -p "$directory" && log=$directory/build.log || die "cannot write to $directory"
    {
        cd "$top" || exit 1
        # Several builds share the generated configure; it is made anew only when its input is.
        if [ ! configure -nt configure.ac ] || [ ! Makefile.in -nt Makefile.am ]; then
            mkdir -p m4 && autoreconf -fi
        fi &&
        cd "$directory" &&
        { [ config.status -nt "$top/configure" ] || "$top/configure" "$@"; } &&
        make -j"$(nproc)" all
    } > "$log" 2>&1 || { tail -40 "$log"; die "the build in $directory failed; see $log"; }
    give_to_owner "$top"/{Makefile.in,aclocal.m4,autom4te.cache,build-aux,config.h.in,configure,m4} \
        "$directory"
    cd "$top" || exit 1
}
