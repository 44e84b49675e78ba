# Sourced by scripts/bench, demo, package, qemu-guest and test: what they need before they begin.
# shellcheck shell=bash

# The repository, whatever folder the script was called from.
# shellcheck disable=SC2034 # used where this is sourced
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

if [ -t 1 ] && [ -z "${NO_COLOR-}" ]; then
    bold=$(printf '\033[1m') plain=$(printf '\033[0m')
else
    bold='' plain=''
fi

# Prints one line about what comes next.
heading() {
    printf '\n%s== %s%s\n' "$bold" "$*" "$plain"
}

# Ends the script with one line about what is wrong.
fail() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# Runs a command as root.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo -E env "PATH=$PATH" "$@"
    else
        fail "needs root for: $*"
    fi
}

# True if what a Debian package is wanted for is there, wherever it came from.
has_package() {
    case $1 in
        gcc) command -v cc >/dev/null ;;
        'g++') command -v c++ >/dev/null ;;
        binutils) command -v readelf >/dev/null ;;
        busybox-static) command -v busybox >/dev/null ;;
        qemu-system-x86) command -v qemu-system-x86_64 >/dev/null ;;
        dnsmasq-base) PATH=$PATH:/usr/sbin:/sbin command -v dnsmasq >/dev/null ;;
        isc-dhcp-client) PATH=$PATH:/usr/sbin:/sbin command -v dhclient >/dev/null ;;
        iproute2) PATH=$PATH:/usr/sbin:/sbin command -v ip >/dev/null ;;
        iputils-ping) command -v ping >/dev/null ;;
        iputils-arping) PATH=$PATH:/usr/sbin:/sbin command -v arping >/dev/null ;;
        net-tools) PATH=$PATH:/usr/sbin:/sbin command -v ifconfig >/dev/null ;;
        procps) PATH=$PATH:/usr/sbin:/sbin command -v sysctl >/dev/null ;;
        nftables) PATH=$PATH:/usr/sbin:/sbin command -v nft >/dev/null ;;
        bird2) [ -x /usr/sbin/bird ] ;;
        groff-base) command -v groff >/dev/null ;;
        frr) [ -x /usr/lib/frr/bgpd ] ;;
        linux-perf) command -v perf >/dev/null ;;
        openvswitch-switch) PATH=$PATH:/usr/sbin:/sbin command -v ovs-vswitchd >/dev/null ;;
        dpdk-dev) command -v dpdk-testpmd >/dev/null ;;
        systemd) command -v systemd-analyze >/dev/null ;;
        python3-matplotlib) /usr/bin/python3 -c 'import matplotlib' 2>/dev/null ;;
        python3-thrift) /usr/bin/python3 -c 'import thrift' 2>/dev/null ;;
        thrift-compiler) command -v thrift >/dev/null ;;
        *) PATH=$PATH:/usr/sbin:/sbin command -v "$1" >/dev/null ;;
    esac
}

# Installs those of the named Debian packages that are missing.
need_packages() {
    local package missing=()
    for package in "$@"; do
        has_package "$package" || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    command -v apt-get >/dev/null || fail "install what these Debian packages have: ${missing[*]}"
    heading "Installing ${missing[*]}"
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
    for package in "${missing[@]}"; do
        has_package "$package" || fail "$package is installed and still not of use"
    done
}

# Installs those of the named Debian packages that are missing and can be had. Their services are not
# started: what they are wanted for is run apart from the host's.
offer_packages() {
    local package missing=()
    for package in "$@"; do
        has_package "$package" || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    heading "Installing ${missing[*]}"
    # shellcheck disable=SC2016 # expanded by the inner shell
    as_root env DEBIAN_FRONTEND=noninteractive sh -c '
        policy=/usr/sbin/policy-rc.d
        if [ ! -e $policy ]; then
            trap "rm $policy" EXIT
            printf "#!/bin/sh\nexit 101\n" >$policy
            chmod +x $policy
        fi
        apt-get update -qq
        for package; do apt-get install -y -qq --no-install-recommends "$package" || true; done
    ' sh "${missing[@]}" || true
}

# Installs those of the named Debian packages that are missing, as offer_packages does, and ends if they
# cannot be had.
need_quiet_packages() {
    local package
    offer_packages "$@"
    for package in "$@"; do
        has_package "$package" || fail "needs what the Debian package $package has"
    done
}

# Everything that the tests use, and a kernel that lets them.
need_for_tests() {
    need_quiet_packages bird2 frr prometheus
    need_packages curl dnsmasq-base ethtool fish gcc g++ groff-base iproute2 iptables iputils-ping iputils-arping \
        isc-dhcp-client jq net-tools nftables procps python3-thrift shellcheck strace systemd \
        tcpdump thrift-compiler tshark zsh
    need_cargo
    need_kernel
}

# Finds cargo, also where rustup puts it without telling the shell.
need_cargo() {
    local home=${CARGO_HOME:-$HOME/.cargo}
    command -v cargo >/dev/null || PATH=$PATH:$home/bin
    command -v cargo >/dev/null || fail "needs Rust 1.95 or later (rustup installs it)"
}

# The kernel must make taps and namespaces; containers often must be told to allow it.
need_kernel() {
    [ -c /dev/net/tun ] || fail "there is no /dev/net/tun: load the module tun, or give the container the device"
    local probe="vgw-probe-$$"
    as_root ip netns add "$probe" || fail "network namespaces cannot be made here: it needs a privileged container or a host"
    as_root ip netns delete "$probe"
}
