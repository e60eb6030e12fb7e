# SPDX-License-Identifier: Apache-2.0
# Functions shared by the scripts; sourced by bash. Sets $top, the top directory of the checkout.
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '== %s\n' "$*"; }
complain() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; }
die() { complain "$*"; exit 1; }
wrong_argument() { complain "$*"; exit 2; }

# A command line for the user to run as root: with sudo if they used it themselves, or are not root.
as_root() {
    local sudo=${SUDO_USER:+sudo }
    [ "$(id -u)" = 0 ] || ! command -v sudo > /dev/null || sudo="sudo "
    printf '%s%s' "$sudo" "$*"
}

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
# themselves, so the machine's httpd stays as it was before.
install_modules() (
    enabled=/etc/apache2/mods-enabled
    [ $# -gt 0 ] || exit 0
    saved=$(mktemp -d) || exit 1
    trap '[ ! -d $enabled ] || { find $enabled -mindepth 1 -delete && cp -a "$saved"/. $enabled; }
        rm -rf "$saved"' EXIT
    [ ! -d $enabled ] || cp -a $enabled/. "$saved"
    apt_install "$@"
)

# need_packages PACKAGE...: installs the missing ones from Debian, without starting any service. If
# one is missing, all of them are upgraded as well, with the libraries that they depend on: httpd
# warns at every start if mod_ssl is newer than the OpenSSL that it is loaded with.
need_packages() {
    local missing=() modules=() others=() package
    for package; do
        installed "$package" || missing+=("$package")
        case $package in
        libapache2-mod-*) modules+=("$package") ;;
        *) others+=("$package") ;;
        esac
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    say "installing ${missing[*]}"
    # An interrupted installation must not leave behind the file that keeps services from starting.
    (
        policy=/usr/sbin/policy-rc.d written= log=$(mktemp) || die "cannot write to ${TMPDIR:-/tmp}"
        trap 'rm -f "$log" $written' EXIT
        if [ ! -e $policy ]; then
            written=$policy
            printf '#!/bin/sh\nexit 101\n' > $policy && chmod 755 $policy
        fi
        {
            echo 'postfix postfix/main_mailer_type select No configuration' | debconf-set-selections
            apt-get update -qq && apt_install "${others[@]}" && install_modules "${modules[@]}"
        } > "$log" 2>&1 || { tail -20 "$log"; die "apt-get could not install them"; }
    ) || exit 1
}

build_packages="apache2-bin apache2-dev autoconf automake gcc libapr1-dev libaprutil1-dev
    libaprutil1-dbd-sqlite3 libcurl4-openssl-dev libevent-dev libgmime-3.0-dev libidn2-dev
    libjansson-dev libopendkim-dev libssl-dev libtool libunbound-dev make nettle-dev pkg-config zlib1g-dev"

# plain_path PATH [WHAT]: ends if configure and make cannot handle the path. WHAT: what to move.
plain_path() {
    [[ $1 != *[[:space:]\"\#\$\&\'\`\\]* ]] || die "$1: nothing can be built in a path that contains whitespace" \
        "or one of \"#\$&'\`\\: move ${2-the checkout}"
}

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
    plain_path "$directory"
    [ ! -e "$top/config.status" ] || die "$top itself is configured," \
        "which prevents builds in other directories: run make distclean there first"
    mkdir -p "$directory" && [ -w "$directory" ] && log=$directory/build.log || die "cannot write to $directory"
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
