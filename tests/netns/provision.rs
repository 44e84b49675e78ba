//! What Tungsten Fabric's own `provision_vgw_interface.py` does, step by step, with vgwd and `scripts/vif` in the
//! agent's and the vRouter's place. The script itself is not ours to keep here: these are its command lines and
//! its requests, as its REST form has them since 2016.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

use crate::lab::PATIENCE;
use crate::namespace::Namespace;
use crate::site::{Guest, NET1, OUTSIDE, Site};
use crate::traffic::{assert_ping, assert_tcp, failing_ping};

const REST: &str = "[rest]\nlisten = \"127.0.0.1:9091\"\n";

/// Runs `vif` on the compute node as the script does: whether it ends well, and what it says.
fn vif(site: &Site, words: &str) -> (bool, String) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/vif");
    let (vgw, socket) = (env!("CARGO_BIN_EXE_vgw"), site.folder().join("vgwd.sock"));
    site.compute.run(&format!("env VGW={vgw} VGW_SOCKET={} {} {words}", socket.display(), script.display()))
}

/// The index that the script finds: of a line that ends with the interface's name.
fn index_of(site: &Site, name: &str) -> Option<String> {
    let (well, listed) = vif(site, "--list");
    assert!(well, "{listed}");
    let line = listed.lines().find(|line| line.ends_with(&format!("OS: {name}")))?;
    Some(line.split(' ').next()?.split('/').nth(1)?.to_owned())
}

/// A request as Python's `requests` sends the script's; the answer's first line and its body.
fn request(place: &Namespace, method: &str, body: &str) -> (String, String) {
    let head = format!(
        "{method} /gateway HTTP/1.1\r\nHost: localhost:9091\r\nUser-Agent: python-requests/2.28.1\r\n\
         Accept-Encoding: gzip, deflate\r\nAccept: */*\r\nConnection: close\r\ncontent-type: application/json\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    let mut stream = place.enter(|| TcpStream::connect("localhost:9091")).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all((head + body).as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.lines().next().unwrap().to_owned(), body.to_owned())
}

/// `--oper create --interface vgw1 --subnets 192.168.1.0/24 --routes 0.0.0.0/0 --vrf NET1`.
fn create(site: &Site) {
    site.compute.sysctl("net.ipv4.ip_forward", "1");
    let (well, said) = vif(site, "--create vgw1 --mac 00:00:5e:00:01:00");
    assert!(well, "{said}");
    // The interface comes with the gateway: these two fail, and the script goes on.
    assert!(!site.compute.run("ifconfig vgw1 up").0);
    assert!(!site.compute.run("route add -net 192.168.1.0/24 dev vgw1").0);
    let body = format!(
        "[{{\"interface\":\"vgw1\", \"routing-instance\":\"{NET1}\", \"subnets\":[{{\"ip-address\":\"192.168.1.0\", \
         \"prefix-len\":24}}], \"routes\":[{{\"ip-address\":\"0.0.0.0\", \"prefix-len\":0}}]}}]"
    );
    let answer = request(&site.compute, "POST", &body);
    assert_eq!(answer, ("HTTP/1.1 200 OK".to_owned(), "{}".to_owned()));
}

/// `--oper delete --interface vgw1 --subnets 192.168.1.0/24`.
fn delete(site: &Site) {
    let answer = request(&site.compute, "DELETE", "[{\"interface\":\"vgw1\"}]");
    assert_eq!(answer, ("HTTP/1.1 200 OK".to_owned(), "{}".to_owned()));
    // All of it has gone with the gateway: these fail, and the script goes on.
    assert!(!site.compute.run("route del -net 192.168.1.0/24 dev vgw1").0);
    assert!(!site.compute.run("ifconfig vgw1 down").0);
    assert_eq!(index_of(site, "vgw1"), None);
    assert!(!site.compute.run("ip link del vgw1").0);
}

#[test]
fn the_later_agents_script_creates_and_deletes() {
    let (site, guest) = (Site::new(), Guest::new(10));
    let daemon = site.start(&format!("{REST}{}", guest.port("tap0", NET1, "")));
    guest.settle();
    site.compute.sysctl("net.ipv4.ip_forward", "1");
    let before = site.snapshot();
    for _ in 0..2 {
        create(&site);
        assert_ping(&guest.namespace, OUTSIDE[0]);
        assert_tcp(&site.outside, &guest.namespace, "192.168.1.10", 1 << 20);
        assert!(index_of(&site, "vgw1").is_some());
        delete(&site);
        failing_ping(&guest.namespace, OUTSIDE[0], "");
        site.assert_unchanged(&before, "after the script has deleted the gateway");
    }
    daemon.assert_accounted();
}

#[test]
fn vif_shows_and_deletes_what_is_vgwds_and_nothing_else() {
    let (site, guest) = (Site::new(), Guest::new(10));
    let daemon = site.start(&format!("{REST}{}", guest.port("tap0", NET1, "")));
    guest.settle();
    create(&site);
    assert_ping(&guest.namespace, OUTSIDE[0]);
    let index = index_of(&site, "vgw1").unwrap();
    let (well, shown) = vif(&site, &format!("--get {index}"));
    assert!(well, "{shown}");
    assert!(shown.contains(&format!("vif0/{index}")) && shown.contains("OS: vgw1\n"), "{shown}");
    assert!(shown.contains("Type:Gateway HWaddr:00:00:5e:00:01:00") && shown.contains(NET1), "{shown}");
    assert!(shown.lines().any(|line| line.contains("RX packets:") && !line.contains("packets:0 ")), "{shown}");

    let refused = |words: &str, reason: &str| {
        let (well, said) = vif(&site, words);
        assert!(!well && said.contains(reason), "{words}: {said}");
    };
    refused("--create eth1", "an interface eth1 exists that is not vgwd's");
    refused("--create a/b", "is no interface's name");
    refused("--create vgw2 --mac 00:00:5e", "is no MAC address");
    let shown = site.compute.ip("-o link show dev eth1");
    let foreign = shown.split(':').next().unwrap();
    refused(&format!("--delete {foreign}"), &format!("no interface {foreign} of vgwd"));
    let (well, said) = vif(&site, &format!("--delete {index}"));
    assert!(well, "{said}");
    assert_eq!(daemon.gateways(), [""; 0]);
    assert_eq!(index_of(&site, "vgw1"), None);
    daemon.stop();
    refused("--list", "no daemon answers at");
    refused("--create vgw1 --mac 00:00:5e:00:01:00", "no daemon answers at");
}

#[test]
fn an_agents_file_is_read_and_read_again() {
    let (site, guest) = (Site::new(), Guest::new(10));
    let path = site.folder().join("contrail-vrouter-agent.conf");
    let section = format!("[GATEWAY-0]\ninterface=vgw1\nrouting_instance={NET1}\nip_blocks=192.168.1.1/24\n");
    std::fs::write(&path, &section).unwrap();
    let config = format!("[compat]\nagent_conf = {path:?}\n{}", guest.port("tap0", NET1, ""));
    let daemon = site.start(&config);
    guest.settle();
    assert_ping(&guest.namespace, OUTSIDE[0]);
    assert!(daemon.log().contains("GATEWAY-0.ip_blocks: 192.168.1.1/24 has host bits"), "{}", daemon.log());

    std::fs::write(&path, section.replace("vgw1", "vgw/1")).unwrap();
    daemon.signal(rustix::process::Signal::HUP);
    daemon.wait_for_log("the configuration stays as it was");
    assert!(daemon.log().contains(":2: GATEWAY-0.interface: the name contains '/'"), "{}", daemon.log());
    assert_eq!(daemon.gateways(), ["vgw1"]);
    std::fs::write(&path, section.replace("vgw1", "vgw2")).unwrap();
    daemon.signal(rustix::process::Signal::HUP);
    daemon.wait_for_log("configuration read again and applied");
    assert_eq!(daemon.gateways(), ["vgw2"]);
    assert_ping(&guest.namespace, OUTSIDE[0]);
}
