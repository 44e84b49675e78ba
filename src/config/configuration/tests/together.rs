//! Several mistakes at once.

use super::*;

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let first = format!(
        "[audit]\ntimeuot = 1\n[api]\nsocket = 5\n{GATEWAY}weight = 0\nmasquerade = 1\n\
         routes = ['10.0.0.0/33', '10.1.0.0/16', '10.0.0.0/34']\n\
         [[gateway]]\ninterface = 'a/b'\n\
         [[port]]\nname = 'tap1'\n\
         {PORT}guest_name = 'eth0'\n"
    );
    let second = format!("workers = \n{GATEWAY}");
    let third = format!(
        "{GATEWAY}{GATEWAY}[[gateway]]\ninterface = 'vgw2'\nrouting_instance = 'b'\nsubnets = ['10.0.0.0/25', '0.0.0.0/0']\n"
    );
    assert_eq!(
        errors(&[&first, &second, &third]),
        [
            "a.toml:2: audit.timeuot: unknown field `timeuot`, expected `timeout`",
            "a.toml:4: api.socket: invalid type: integer `5`, expected path string",
            "a.toml:9: gateway.weight: a weight is a number from 1 to 256",
            "a.toml:10: gateway.masquerade: invalid type: integer `1`, expected a boolean",
            "a.toml:11: gateway.routes: prefix length 33 is not in 0..=32",
            "a.toml:11: gateway.routes: prefix length 34 is not in 0..=32",
            "a.toml:13: gateway.interface: the name contains '/', which is not allowed",
            "a.toml:14: port: missing field `routing_instance`",
            "a.toml:20: port.guest_name: netns is missing: the port is not placed in a namespace",
            "b.toml:1: string values must be quoted, expected literal string",
            "c.toml:2: gateway.interface: gateway vgw1 is also defined in a.toml:5",
            "c.toml:6: gateway.interface: gateway vgw1 is also defined in a.toml:5",
            "c.toml:12: gateway.subnets: subnet 0.0.0.0/0 would take all of the host's traffic",
        ]
    );
}

#[test]
fn what_only_follows_from_a_mistake_is_not_told() {
    let gateway = format!("{GATEWAY}uplink = 'wan'\n");
    let uplink = UPLINK.replace("'eth1'", "'eth/1'");
    assert_eq!(
        errors(&[&format!("{uplink}{gateway}")]),
        ["a.toml:3: uplink.device: the name contains '/', which is not allowed"]
    );
    let two = GATEWAY.replace("vgw1", "vgw2");
    let three = GATEWAY.replace("vgw1", "vgw3");
    let limited = format!("[limits]\ngateways = 1\n{GATEWAY}{two}{three}");
    assert_eq!(errors(&[&limited]), ["a.toml:8: gateway.interface: the limit of 1 gateways is reached"]);
}

#[test]
fn a_key_that_is_there_is_not_told_to_be_missing() {
    let first = "[[gateway]]\ninterface = 'vgw1'\nsubnets = ['10.0.0.0/24']\n";
    let second = GATEWAY.replace("vgw1", "c/d");
    let expected = [
        "a.toml:1: gateway: missing field `routing_instance`",
        "a.toml:5: gateway.interface: the name contains '/', which is not allowed",
    ];
    // Whichever is the last of the list to be taken out.
    assert_eq!(errors(&[&format!("{first}{second}")]), expected);
    assert_eq!(
        errors(&[&second, first]),
        [
            "a.toml:2: gateway.interface: the name contains '/', which is not allowed",
            "b.toml:1: gateway: missing field `routing_instance`",
        ]
    );
}

#[test]
fn there_is_an_end_to_what_is_told() {
    let text = "[[gateway]]\ninterface = 'a/b'\n".repeat(2 * ConfigErrors::MOST);
    assert_eq!(errors(&[&text]).len(), ConfigErrors::MOST / 2);
}
