# Sourced by scripts/package: programs that need no library of the system, for containers.
# shellcheck shell=bash

build_static() {
    local target program
    target=$(uname -m)-unknown-linux-musl
    need_packages binutils
    command -v rustup >/dev/null || fail 'needs rustup, which has the musl target'
    heading "Static programs ($target)"
    rustup target list --installed | grep -qx "$target" || rustup target add "$target"
    cargo build --release --bins --target "$target"
    mkdir -p "$out/static"
    for program in vgwd vgw; do
        strip -o "$out/static/$program" "target/$target/release/$program"
        if readelf --wide --program-headers --dynamic "$out/static/$program" | grep -e INTERP -e NEEDED; then
            fail "$program is not static"
        fi
    done
    ls -l "$out/static"
}

# In a root that has nothing else, a network of its own, and with the rights that docs/install.md asks for.
try_static() {
    local folder
    need_packages iproute2
    need_kernel
    heading 'In an empty root'
    folder=$(mktemp -d)
    # shellcheck disable=SC2064 # this folder
    trap "as_root rm -rf --one-file-system '$folder'" EXIT
    mkdir -p "$folder"/{dev/net,proc}
    cp "$out/static/vgwd" "$out/static/vgw" "$folder/"
    touch "$folder/dev/net/tun"
    as_root unshare --mount --propagation private --net --pid --fork --kill-child \
        "$root/scripts/package.d/in-container" "$folder" || fail 'the static programs do not do in an empty root'
}
