//! Pages that a browser shows must not call: what a request says of where it comes from.

use std::net::{Ipv4Addr, Ipv6Addr};

/// True if a Host field (RFC 9110, 7.2) names the loopback by its address or as `localhost`, whatever the
/// port: a page of another name that leads here by a resolver's answer names that.
pub(super) fn is_loopback(host: &[u8]) -> bool {
    let Ok(host) = std::str::from_utf8(host.trim_ascii()) else { return false };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !name.ends_with(':') => name,
        _ => host,
    };
    match name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
        Some(name) => name.parse().is_ok_and(|address: Ipv6Addr| address.to_canonical().is_loopback()),
        None => {
            name.eq_ignore_ascii_case("localhost") || name.parse().is_ok_and(|address: Ipv4Addr| address.is_loopback())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_is_known_by_name_and_address() {
        for host in ["localhost", "LocalHost:9091", "127.0.0.1", " 127.0.0.1:9091", "127.1.2.3:1", "[::1]", "[::1]:9"] {
            assert!(is_loopback(host.as_bytes()), "{host}");
        }
        for host in [
            "",
            "example.org",
            "example.org:9091",
            "localhost.example.org",
            "127.0.0.1.example.org:9091",
            "10.0.0.1",
            "[fd00::1]:9091",
            "::1",
            "localhost:9091:9091",
            "localhost:x",
            "user@localhost",
        ] {
            assert!(!is_loopback(host.as_bytes()), "{host}");
        }
        assert!(!is_loopback(b"\xff"));
    }
}
