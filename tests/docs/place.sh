# The place that a page's sessions happen in: nothing of the machine's own networks, empty run-time folders, a
# copy of /etc that is thrown away, and `systemctl` for the one service that there is.
set -u
mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /mnt && mkdir -p /run/netns /mnt/etc /mnt/etc-work /mnt/lib /mnt/lib-work /mnt/here
mount -t overlay overlay -o lowerdir=/etc,upperdir=/mnt/etc,workdir=/mnt/etc-work /etc
mount -t overlay overlay -o lowerdir=/var/lib,upperdir=/mnt/lib,workdir=/mnt/lib-work /var/lib
rm -rf /etc/vgw /var/lib/vgw; mkdir -p /etc/vgw
cd /mnt/here || exit
ip link set lo up

# Waits until a command succeeds, ten seconds at most.
until_true() {
    for _ in $(seq 200); do "$@" >/dev/null 2>&1 && return; sleep 0.05; done
    echo "still not so: $*"
    return 1
}

sudo() {
    "$@"
}

systemctl() {
    case $* in
        'start vgwd' | 'enable --now vgwd' | 'restart vgwd')
            [ "$1" != restart ] || systemctl stop vgwd
            RUST_BACKTRACE=1 vgwd >>/run/vgwd.log 2>&1 &
            vgwd=$!
            until_true vgw status ;;
        'reload vgwd') kill -HUP "$vgwd" ;;
        'stop vgwd') kill -TERM "$vgwd" && wait "$vgwd" ;;
        'kill -s KILL vgwd') kill -KILL "$vgwd"; wait "$vgwd" 2>/dev/null || true ;;
        *) echo "not in this place: systemctl $*"; return 1 ;;
    esac
}

# A link between this namespace and another, whose MACs are always the same, and on which IPv6 says nothing by
# itself.
wire() {
    ip link add "$1" address "02:00:00:00:01:0${1#eth}" type veth \
        peer name "$3" address "02:00:00:00:02:0${1#eth}" netns "$2" &&
        ip link set "$1" addrgenmode none && ip -n "$2" link set "$3" addrgenmode none &&
        ip link set "$1" up && ip -n "$2" link set "$3" up
}

# A compute node as the pages have it: eth0 to somebody outside, 10.1.1.253, and the daemon. The outside knows
# the way back to 192.168.1.0/24.
node() {
    ip netns add outside && wire eth0 outside eth0 &&
        ip address add 10.1.1.1/24 dev eth0 && ip route add default via 10.1.1.253 &&
        ip -n outside address add 10.1.1.253/24 dev eth0 && ip -n outside route add 192.168.1.0/24 via 10.1.1.1 &&
        systemctl start vgwd
}

# A second way out of the node: eth1 to a router, 20.0.0.1.
second_uplink() {
    ip netns add router-eth1 && wire eth1 router-eth1 lan &&
        ip address add 20.0.0.5/24 dev eth1 && ip -n router-eth1 address add 20.0.0.1/24 dev lan
}

# A guest of the network default-domain:demo:net1:net1, 192.168.1.253 behind tap0; `guest 252 tap1` is another.
guest() {
    local name=guest${1:-} host=${1:-253} port=${2:-tap0}
    # What IPv6 says of itself when an interface comes up would stand in every page.
    ip netns add "$name" && ip netns exec "$name" sysctl -q -w net.ipv6.conf.default.disable_ipv6=1 &&
        vgw port add "$port" --instance default-domain:demo:net1:net1 --address "192.168.1.$host/32" \
            --netns "$name" --name eth0 --guest-address "192.168.1.$host/24" --gateway 192.168.1.1 >/dev/null
}

# The gateway of that network; more words are more options.
gateway() {
    vgw gateway add vgw1 --instance default-domain:demo:net1:net1 --subnet 192.168.1.0/24 "$@" >/dev/null
}

# Once the next capture has begun, behind the page's back: the guest pings the outside, and again as somebody else.
ping_when_captured() {
    local before
    before=$(captures)
    {
        until_true captures_exceed "$before"
        ip netns exec guest ping -c 1 10.1.1.253
        ip netns exec guest ping -c 1 -W 0.2 -I 172.16.0.9 10.1.1.253
    } >/dev/null 2>&1 &
}

captures() {
    grep -c 'packets are captured' /run/vgwd.log
}

captures_exceed() {
    [ "$(captures)" -gt "$1" ]
}
