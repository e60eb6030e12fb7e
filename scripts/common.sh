# SPDX-License-Identifier: Apache-2.0
# Functions shared by the scripts; sourced by bash. Sets $top, the top directory of the checkout.
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '== %s\n' "$*"; }
die() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# A command line for the user to run as root, with sudo if they used sudo themselves.
as_root() { printf '%s%s' "${SUDO_USER:+sudo }" "$*"; }

need_root() {
    local sudo=
    [ "$(id -u)" != 0 ] || return 0
    ! command -v sudo > /dev/null || sudo=": sudo $0"
    die "must be run as root$sudo"
}

installed() {
    dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed'
}

# apt_install PACKAGE...
apt_install() {
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
}

# Installing a module of httpd also enables it, and mod_php replaces the MPM. The tests load modules
# themselves, so the configuration of the machine's httpd is restored.
install_modules() {
    local enabled=/etc/apache2/mods-enabled saved status
    [ $# -gt 0 ] || return 0
    saved=$(mktemp -d) || return 1
    [ ! -d $enabled ] || cp -a $enabled/. "$saved"
    apt_install "$@"
    status=$?
    [ ! -d $enabled ] || { find $enabled -mindepth 1 -delete && cp -a "$saved"/. $enabled; }
    rm -rf "$saved"
    return $status
}

# need_packages PACKAGE...: installs the missing ones from Debian, without starting any service. If
# one is missing, all of them are upgraded as well, with the libraries that they depend on: httpd
# warns at every start if mod_ssl is newer than the OpenSSL that it is loaded with.
need_packages() {
    local missing=() modules=() others=() package policy_written= log status
    for package; do
        installed "$package" || missing+=("$package")
        case $package in
        libapache2-mod-*) modules+=("$package") ;;
        *) others+=("$package") ;;
        esac
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    say "installing ${missing[*]}"
    log=$(mktemp)
    if [ ! -e /usr/sbin/policy-rc.d ]; then
        printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d
        chmod +x /usr/sbin/policy-rc.d
        policy_written=yes
    fi
    echo 'postfix postfix/main_mailer_type select No configuration' | debconf-set-selections
    { apt-get update -qq && apt_install "${others[@]}" && install_modules "${modules[@]}"; } \
        > "$log" 2>&1
    status=$?
    [ -z "$policy_written" ] || rm -f /usr/sbin/policy-rc.d
    [ $status = 0 ] || { tail -20 "$log"; rm -f "$log"; die "apt-get could not install them"; }
    rm -f "$log"
}

build_packages="apache2-bin apache2-dev autoconf automake gcc libapr1-dev libaprutil1-dev
    libaprutil1-dbd-sqlite3 libcurl4-openssl-dev libevent-dev libgmime-3.0-dev libidn2-dev
    libjansson-dev libopendkim-dev libssl-dev libtool libunbound-dev make nettle-dev pkg-config zlib1g-dev"

# The files that autoreconf writes into the checkout.
generated="Makefile.in aclocal.m4 autom4te.cache build-aux config.h.in configure m4"

# give_to_owner FILE...: files that root created in the checkout of another user become that user's.
give_to_owner() {
    [ "$(stat -c %u "$top")" = "$(id -u)" ] || chown -Rh --reference="$top" "$@"
}

# If configure chooses bash, libtool and make take a third more time in the shell than with dash.
export CONFIG_SHELL=/bin/sh

make_target() { nice -n "${build_niceness:-0}" make -j"$(nproc)" "$@"; }

# make_each TARGET...: one after the other
make_each() {
    local target
    for target; do make_target "$target" || return; done
}

# build DIRECTORY [CONFIGURE-ARGUMENT...]: an up-to-date VPATH build in that directory. build_first is
# the targets that are compiled as configured, where the rest is built for the compiler's warnings only.
build() {
    local directory=$1 log
    shift
    [ ! -e "$top/config.status" ] || die "$top itself is configured," \
        "which prevents builds in other directories: run make distclean there first"
    mkdir -p "$directory" && log=$directory/build.log || die "cannot write to $directory"
    {
        cd "$top" || exit 1
        # All builds share the generated configure; it is generated again only when its input is newer.
        if [ ! configure -nt configure.ac ] || [ ! Makefile.in -nt Makefile.am ]; then
            autoreconf -fi
        fi &&
        cd "$directory" &&
        { [ config.status -nt "$top/configure" ] || "$top/configure" "$@"; } &&
        make_each ${build_first-} && make_target ${build_first:+CFLAGS=-O0} all
    } > "$log" 2>&1 || { tail -40 "$log"; die "the build in $directory failed; see $log"; }
    # shellcheck disable=SC2086
    (cd "$top" && give_to_owner $generated "$directory")
    cd "$top" || exit 1
}
