//! The file of the package.

use super::*;
use crate::gateway::PortKind;
use crate::routing::NextHop;

const PACKAGED: &str = include_str!("../../../../packaging/vgwd.toml");

/// The packaged file shows the defaults, so it must change nothing.
#[test]
fn the_packaged_file_holds_the_defaults() {
    let Config {
        declared,
        audit_timeout,
        thrift_listen,
        rest_listen,
        metrics,
        allow_users,
        allow_remote,
        socket,
        mark,
        keep,
        check,
        workers,
        queue_length,
        io_uring,
        spin,
        agent_conf,
        read: nothing,
        warnings,
        places,
        rt_tables,
        fabric,
    } = Config::default();
    let packaged = read(&[PACKAGED]).unwrap();
    assert_eq!(packaged.declared, declared);
    assert_eq!(packaged.audit_timeout, audit_timeout);
    assert_eq!(packaged.thrift_listen, thrift_listen);
    assert_eq!(packaged.rest_listen, rest_listen);
    assert_eq!(packaged.metrics, metrics);
    assert_eq!((packaged.allow_users, packaged.allow_remote), (allow_users, allow_remote));
    assert_eq!(packaged.socket, socket);
    assert_eq!(packaged.mark, mark);
    assert_eq!((packaged.check, packaged.rt_tables, packaged.keep), (check, rt_tables, keep));
    assert_eq!(packaged.fabric, fabric);
    assert_eq!((packaged.workers, packaged.queue_length), (workers, queue_length));
    assert_eq!(packaged.io_uring, io_uring);
    assert_eq!(packaged.spin, spin);
    assert_eq!(packaged.agent_conf, agent_conf);
    assert_eq!((packaged.read, nothing), (vec!["a.toml".into()], vec![]));
    assert_eq!(packaged.warnings, warnings);
    assert_eq!(packaged.places.len(), places.len());
}

/// Its examples work once the comment signs are taken away.
#[test]
fn the_packaged_examples_are_good() {
    let mut in_example = false;
    let lines = PACKAGED.lines().map(|line| {
        let bare = line.strip_prefix("# ").unwrap_or(line);
        in_example = line.starts_with('#') && (in_example || bare.starts_with("[["));
        if in_example { bare } else { line }
    });
    let config = read(&[&lines.collect::<Vec<_>>().join("\n")]).unwrap();
    let Declared { gateways, ports, uplinks, routes, networks, .. } = &config.declared;
    let counts = [gateways.len(), ports.len(), uplinks.len(), routes.len(), networks.len()];
    assert_eq!(counts, [1, 2, 2, 2, 1]);
    assert_eq!(config.warnings, [""; 0]);
    assert_eq!(networks[0].dhcp.as_ref().map(|dhcp| dhcp.dns.len()), Some(2));
    assert!(networks[0].router_advertisements.is_some());
    assert!(matches!(&ports[0].kind, PortKind::Tap(Some(guest)) if guest.name.as_str() == "eth0"));
    let dhcp = ports[0].dhcp.as_ref().unwrap();
    assert_eq!((dhcp.prefix_length, dhcp.dns.len(), dhcp.lease_time.0), (Some(24), 2, 3600));
    assert_eq!(ports[0].host_name.as_ref().map(ToString::to_string), Some("guest0".to_owned()));
    assert_eq!(dhcp.domain.as_ref().map(ToString::to_string), Some("example.org".to_owned()));
    assert_eq!(ports[0].router_advertisements.as_ref().unwrap().dns.len(), 1);
    assert_eq!(ports[1].kind, PortKind::Attach);
    assert_eq!((&ports[1].dhcp, &ports[1].router_advertisements), (&None, &None));
    assert_eq!(routes[0].next_hop.to_string(), "nexthop via 10.1.2.10 dev tap0 nexthop dev vnet7 weight 3");
    assert_eq!(routes[1].next_hop, NextHop::Discard);
}
