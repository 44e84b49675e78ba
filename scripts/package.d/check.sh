# Sourced by scripts/package: the package in a fresh Debian 12, first in a mere folder, then booted.
# shellcheck shell=bash

# What the fresh system has beside the essential: what vgw asks for, and what the pages' sessions type.
debian_packages=systemd,systemd-sysv,dbus,procps,iproute2,nftables,iputils-ping,man-db

# Lays a fresh Debian 12 into a folder. What debootstrap made is kept for a week.
lay_debian() {
    local folder=$1 kept mirror
    mkdir -p "$root/target/package-check"
    kept=$root/target/package-check/bookworm-$(echo "$debian_packages" | cksum | cut -d' ' -f1).tar
    if [ -z "$(find "$kept" -mtime -7 2>/dev/null)" ]; then
        mirror=$(grep -rhoE 'https?://[^ ]+/debian/?( |$)' /etc/apt/sources.list /etc/apt/sources.list.d 2>/dev/null |
            head -n 1 | tr -d ' ' || true)
        as_root debootstrap --variant=minbase --include="$debian_packages" bookworm "$folder/made" \
            "${mirror:-http://deb.debian.org/debian}" >"$folder/debootstrap.log" || {
            tail -n 20 "$folder/debootstrap.log"
            fail 'debootstrap failed'
        }
        # Nothing of this machine.
        echo node | as_root tee "$folder/made/etc/hostname" >/dev/null
        as_root rm -f "$folder/made/etc/resolv.conf" "$folder/made"/var/cache/apt/archives/*.deb
        as_root tar -C "$folder/made" --one-file-system --xattrs -cf "$kept.new" .
        as_root mv "$kept.new" "$kept"
        as_root rm -rf --one-file-system "$folder/made"
    fi
    mkdir "$folder/root"
    as_root tar -C "$folder/root" --xattrs --xattrs-include='*' -xpf "$kept"
}

# Ends what runs in a system, and takes it away.
tidy() {
    local folder=$1
    if [ -n "${booting-}" ]; then
        as_root kill "$(cat "$folder/boot.pid")" 2>/dev/null || true
        wait "$booting" || true
    fi
    if mountpoint --quiet "$folder/root/proc"; then as_root umount "$folder/root/proc"; fi
    as_root rm -rf --one-file-system "$folder"
}

# Every file of a system but what it keeps of its own affairs.
files() {
    as_root find "$1" -xdev \( -path "$1/proc" -o -path "$1/sys" -o -path "$1/dev" -o -path "$1/tmp" \
        -o -path "$1/var/lib/dpkg" -o -path "$1/var/lib/apt" -o -path "$1/var/cache" -o -path "$1/var/log" \
        -o -path "$1/var/lib/systemd" -o -path "$1/run" -o -name '*.cache' \) -prune \
        -o -printf '%M %u:%g %P\n' | grep -v -e ' etc/\(passwd\|group\|shadow\|gshadow\)-\?$' -e ' etc/.pwd.lock$' | sort
}

# Runs a command in the system that lies in the folder and is not booted.
within() {
    as_root chroot "$folder/root" /usr/bin/env DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

# Runs a command in the system that is booted.
inside() {
    as_root nsenter --target "$first" --mount --pid --net --uts --ipc --cgroup --root --wd \
        env -i HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin \
        sh -c 'cd /root && exec "$@"' sh "$@"
}

# Boots the system that lies in the folder, and waits until it is up.
boot() {
    local left=600
    as_root "$root/scripts/package.d/boot" "$folder/root" "$folder" >"$folder/console" 2>&1 &
    booting=$!
    until first=$(cat "$folder/first.pid" 2>/dev/null) && inside systemctl is-system-running --wait >/dev/null 2>&1; do
        [ $((left -= 1)) -gt 0 ] && kill -0 "$booting" 2>/dev/null || {
            cat "$folder/console"
            fail 'the system does not come up'
        }
        sleep 0.1
    done
}

# Installs, upgrades and purges where no service manager runs, as when images are made.
check_folder() {
    local complaints
    as_root mount -t proc proc "$folder/root/proc"
    files "$folder/root" >"$folder/before"
    heading 'Install'
    within dpkg --install "/root/target/package/$deb"
    within sh -ec 'vgw --version; vgwd --version; id vgw; getent group vgw; stat -c "%U %a %n" /var/lib/vgw /etc/iproute2/rt_tables.d'
    within sh -ec '[ -L /etc/systemd/system/multi-user.target.wants/vgwd.service ]'
    within man --where vgw vgw-gateway-add vgwd vgwd.toml vgw-drops
    complaints=$(within systemd-analyze verify vgwd.service 2>&1) || true
    [ -z "$complaints" ] || fail "$complaints"
    within systemd-analyze security --offline=true --no-pager --threshold=16 vgwd.service | tail -n 1

    heading 'Upgrade'
    within sh -ec 'echo "# mine" >>/etc/vgw/vgwd.toml; touch /var/lib/vgw/kept'
    within dpkg --install "/root/$newer"
    within sh -ec 'grep -qx "# mine" /etc/vgw/vgwd.toml; [ -e /var/lib/vgw/kept ]; dpkg-query -W vgw'

    heading 'Purge'
    within dpkg --purge vgw
    files "$folder/root" >"$folder/after"
    diff "$folder/before" "$folder/after" || fail 'the purge has left something, or taken too much'
    echo 'nothing is left but the user vgw'
    as_root umount "$folder/root/proc"
}

# The same system, booted: systemd is process 1.
check_booted() {
    heading 'A new user'
    boot
    [ "$(inside cat /proc/1/comm)" = systemd ]
    inside bash scripts/package.d/new-user docs/install.md docs/tasks/public-access.md || {
        inside journalctl --no-pager --unit vgwd
        fail 'a new user gets no further'
    }
    heading 'The unit'
    inside bash scripts/package.d/under-systemd "$newer" || {
        inside journalctl --no-pager --unit vgwd
        fail 'the unit does not do what it should'
    }
    inside systemctl poweroff
    wait "$booting"
    booting=
}

check() {
    need_packages debootstrap lintian
    need_kernel
    heading 'lintian'
    as_root lintian --fail-on error,warning --suppress-tags initial-upload-closes-no-bugs "$out"/*.deb

    heading 'A fresh Debian 12'
    folder=$(mktemp -d)
    # shellcheck disable=SC2064 # this folder
    trap "tidy '$folder'" EXIT
    lay_debian "$folder"
    deb=$(basename "$out"/vgw_*-1_*.deb)
    newer=${deb/-1_/-2_}
    cargo deb --quiet --no-build --strip --deb-version "$(echo "$newer" | cut -d_ -f2)" --output "$folder/$newer"
    # Where the pages expect to be read: the package lies where scripts/package puts it.
    as_root mkdir -p "$folder/root/root/target/package" "$folder/root/root/scripts"
    as_root cp "$out/$deb" "$folder/root/root/target/package/"
    as_root cp "$folder/$newer" "$folder/root/root/"
    as_root cp -r docs "$folder/root/root/"
    as_root cp -r scripts/package.d "$folder/root/root/scripts/"
    check_folder
    check_booted
}
