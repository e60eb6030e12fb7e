# SPDX-License-Identifier: Apache-2.0
# The tests in a root directory of another Debian suite; sourced by scripts/test after common.sh.
#
# build-SUITE/root is that root, debootstrapped and bare at first, and reused by later runs.
# build-SUITE/packages caches the packages, also for a root that is made again. A copy of the
# checkout, with its own builds, is in $suite_checkout of the root.
suite_packages="debian-archive-keyring debootstrap iproute2"
suite_checkout=/srv/mod_mta_sts
mirror=http://deb.debian.org/debian

own_suite() { (. /etc/os-release && printf '%s' "${VERSION_CODENAME-}"); }

# The Debian release to test in addition to that of the machine.
other_suite() {
    if [ "$(own_suite)" = trixie ]; then echo bookworm; else echo trixie; fi
}

# Status of prepare_suite where this machine, not the checkout, is why the suite cannot be tested.
no_root=3

# mirror_has SUITE
mirror_has() {
    /usr/bin/python3 -c 'import sys, urllib.request
urllib.request.urlopen(sys.argv[1], timeout=30).read()' "$mirror/dists/$1/InRelease" 2> /dev/null
}

# can_make_root SUITE: whether the root exists, or Debian's mirror can be reached.
can_make_root() { [ -e "$top/build-$1/root/complete" ] || mirror_has "$1"; }

# make_root SUITE
make_root() {
    local build=$top/build-$1 root=$top/build-$1/root
    [ ! -e "$root/complete" ] || return 0
    say "debootstrap $1"
    rm -rf --one-file-system "$root"
    mkdir -p "$root" "$build/packages" || die "cannot write to $build"
    debootstrap --variant=minbase --cache-dir="$build/packages" "$1" "$root" "$mirror" \
        > "$build/debootstrap.log" 2>&1 || { tail -20 "$build/debootstrap.log"; return 1; }
    case "$1" in
    sid|unstable|testing)
        # These indexes expire after a week, also those of a mirror that is not updated as often.
        echo 'Acquire::Check-Valid-Until "false";' > "$root/etc/apt/apt.conf.d/valid-until" ;;
    *) cat >> "$root/etc/apt/sources.list" <<END ;;
deb $mirror $1-updates main
deb $mirror-security $1-security main
END
    esac
    printf '127.0.0.1 localhost\n::1 localhost\n' > "$root/etc/hosts"
    # A root that was damaged by a power failure is created again.
    echo force-unsafe-io > "$root/etc/dpkg/dpkg.cfg.d/unsafe-io"
    touch "$root/complete"
}

# in_root SUITE NAMESPACES COMMAND...: runs a command inside, as process 1 and with an empty
# environment. NAMESPACES are options of unshare besides those for mounts and processes. The root is
# that of the mount namespace, too: nsenter, which some tests use, enters it there.
in_root() {
    local build=$top/build-$1 namespaces=$2 variables=(HOME=/root LANG=C.UTF-8
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin) name
    shift 2
    for name in TERM MTA_STS_LONG http_proxy https_proxy no_proxy; do
        [ -z "${!name-}" ] || variables+=("$name=${!name}")
    done
    # shellcheck disable=SC2086
    unshare --mount --propagation private --pid --fork --kill-child $namespaces \
        bash -c 'set -e
            build=$1 root=$1/root
            shift
            mount --bind "$root" "$root"
            mount --bind "$build/packages" "$root/var/cache/apt/archives"
            mount -t proc proc "$root/proc"
            mount -t sysfs -o ro sysfs "$root/sys"
            mount --rbind /dev "$root/dev"
            mount -t tmpfs tmpfs "$root/dev/shm"
            mount -t tmpfs -o mode=755 tmpfs "$root/run"
            mkdir -m 1777 "$root/run/lock"
            ! [ "$(readlink /proc/self/ns/net)" != "$(readlink "/proc/$PPID/ns/net")" ] ||
                ip link set lo up
            cd "$root"
            pivot_root . mnt
            umount -l /mnt
            exec chroot . env -i "$@"' \
        bash "$build" "${variables[@]}" "$@"
}

# copy_checkout SUITE: what is not generated. Files keep their times, so that builds inside are
# incremental; those that the checkout no longer has are removed.
copy_checkout() {
    local to=$top/build-$1/root$suite_checkout list=$top/build-$1/files
    mkdir -p "$to"
    (
        cd "$top" || exit 1
        # shellcheck disable=SC2086
        find . \( -path './build-*' -o -path ./build -o -path './m4/l*.m4' -o -name .git \
            -o -name node_modules -o -name __pycache__ \
            $(printf -- ' -o -path ./%s' ${generated/ m4/}) \) -prune \
            -o -type f -printf '%P\n' -o -type l -printf '%P\n'
    ) | LC_ALL=C sort > "$list.new"
    [ ! -e "$list" ] || (cd "$to" && LC_ALL=C comm -23 "$list" "$list.new" | xargs -d '\n' rm -f)
    mv "$list.new" "$list"
    tar -C "$top" -c --verbatim-files-from -T "$list" -f - | tar -C "$to" -x --no-same-owner -f -
}

# copy_modules SUITE PART...: what the browser tests need from npm's registry, which is the same on each
# release.
copy_modules() {
    local to=$top/build-$1/root$suite_checkout/tests/browser
    [[ " ${*:2} " == *" browser "* ]] || return 0
    install_browser && rm -rf "$to/node_modules" && cp -r "$top/tests/browser/node_modules" "$to"
}

# prepare_suite SUITE PART...: makes the root and installs what the parts need. An earlier run may have
# been interrupted while it installed something. If it fails with $no_root, the last line says why this
# machine cannot have the root or its packages; any other failure is one of the checkout.
prepare_suite() {
    local suite=$1
    shift
    make_root "$suite" || return $no_root
    in_root "$suite" "" dpkg --configure -a || return $no_root
    copy_checkout "$suite" && copy_modules "$suite" "$@" &&
        cp -L /etc/resolv.conf "$top/build-$suite/root/etc/resolv.conf" || return 1
    in_root "$suite" "" "$suite_checkout/scripts/test" --install "$@" && return
    ! mirror_has "$suite" || return 1
    echo "$mirror cannot be reached"
    return $no_root
}

# test_suite SUITE PART...: runs the parts in the prepared root, without a network but for loopback.
test_suite() {
    local suite=$1
    shift
    in_root "$suite" "--net --ipc --uts" "$suite_checkout/scripts/test" "$@"
}
