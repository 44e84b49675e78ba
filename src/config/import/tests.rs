use std::path::PathBuf;

use super::imported::Shape;
use super::*;
use crate::config::ConfigError;
use crate::config::source::Source;

fn source(text: &str) -> Source {
    Source { path: PathBuf::from("agent.conf"), text: text.to_owned() }
}

fn agent_conf(text: &str) -> Result<Imported, ConfigError> {
    Imported::agent_source(&source(text))
}

fn localrc(text: &str) -> Result<Imported, ConfigError> {
    devstack::read(&source(text))
}

fn shapes(imported: &Imported) -> Vec<Shape> {
    imported.gateways.iter().map(|(gateway, _)| Shape::of(gateway)).collect()
}

/// The sample that comes with the agent, among sections that concern the agent only.
const SAMPLE: &str = "\
[DEFAULT]
# log_file=/var/log/contrail/contrail-vrouter-agent.log
a line that the agent may understand
[GATEWAY-0]
# Name of the routing_instance for which the gateway is being configured
routing_instance=default-domain:admin:public:public

# Gateway interface name
interface=vgw
ip_blocks=1.1.1.1/24
[GATEWAY-1]
routing_instance = default-domain:admin:public1:public1
interface = vgw1
; several
ip_blocks = 2.2.1.0/24 2.2.2.0/24 
routes = 10.10.10.1/24 11.11.11.1/24
[VIRTUAL-HOST-INTERFACE]
name=vhost0
";

#[test]
fn the_agents_sample_becomes_toml() {
    let imported = agent_conf(SAMPLE).unwrap();
    assert_eq!(
        imported.to_toml(),
        "\
# agent.conf:4: GATEWAY-0
[[gateway]]
interface = \"vgw\"
routing_instance = \"default-domain:admin:public:public\"
subnets = [\"1.1.1.0/24\"]

# agent.conf:11: GATEWAY-1
[[gateway]]
interface = \"vgw1\"
routing_instance = \"default-domain:admin:public1:public1\"
subnets = [\"2.2.1.0/24\", \"2.2.2.0/24\"]
routes = [\"10.10.10.0/24\", \"11.11.11.0/24\"]
"
    );
    assert_eq!(
        imported.warnings,
        [
            "agent.conf:10: GATEWAY-0.ip_blocks: 1.1.1.1/24 has host bits, 1.1.1.0/24 is meant",
            "agent.conf:16: GATEWAY-1.routes: 10.10.10.1/24 has host bits, 10.10.10.0/24 is meant",
            "agent.conf:16: GATEWAY-1.routes: 11.11.11.1/24 has host bits, 11.11.11.0/24 is meant",
        ]
    );
}

/// Both as `[GATEWAY-0]`: text of a section, and what is told of it.
fn told(section: &str) -> Vec<String> {
    let imported = agent_conf(&format!("[GATEWAY-0]\n{section}\n")).unwrap();
    let gateways = shapes(&imported).into_iter().map(|gateway| {
        format!("{} {} {:?} {:?}", gateway.interface, gateway.routing_instance, gateway.subnets, gateway.routes)
    });
    imported.warnings.iter().cloned().chain(gateways).collect()
}

#[test]
fn what_the_agent_leaves_out_is_left_out_and_told() {
    let gateway = "interface=vgw\nrouting_instance=net\n";
    assert_eq!(
        told(&format!("{gateway}ip_blocks=1.1.1.0/24,2.2.2.0/24 3.3.3.3/32 fd00::/8 4.4/16\nroutes=0.0.0.0/0")),
        [
            "agent.conf:4: GATEWAY-0.ip_blocks: \"1.1.1.0/24,2.2.2.0/24\" has a length that is no number; it is left out",
            "agent.conf:4: GATEWAY-0.ip_blocks: \"3.3.3.3/32\" has a length that is not in 0..=31, \
             which is what the agent takes here; it is left out",
            "agent.conf:4: GATEWAY-0.ip_blocks: \"fd00::/8\" is not IPv4; it is left out",
            "vgw net [\"4.4.0.0/16\"] [\"0.0.0.0/0\"]",
        ]
    );
    assert_eq!(
        told(&format!("{gateway}ip_blocks=1.1.1.0/24\nroutes=8.8.8.8/32\nip_block=2.2.2.0/24")),
        [
            "agent.conf:6: GATEWAY-0.ip_block: means nothing here",
            "agent.conf:5: GATEWAY-0.routes: \"8.8.8.8/32\" has a length that is not in 0..=31, \
             which is what the agent takes here; it is left out",
            "agent.conf:1: GATEWAY-0: no usable route is left in routes: the default route, as by the agent",
            "vgw net [\"1.1.1.0/24\"] []",
        ]
    );
    for (section, absent) in [
        ("interface=vgw\nip_blocks=1.1.1.0/24", "routing_instance is missing"),
        ("routing_instance=net\nip_blocks=1.1.1.0/24", "interface is missing"),
        ("interface=\nrouting_instance=net\nip_blocks=1.1.1.0/24", "interface is missing"),
        ("interface=vgw\nrouting_instance=net", "ip_blocks is missing"),
    ] {
        assert_eq!(told(section), [format!("agent.conf:1: GATEWAY-0: left out, as by the agent: {absent}")]);
    }
    let told = told(&format!("{gateway}ip_blocks=x/"));
    assert_eq!(told[1], "agent.conf:1: GATEWAY-0: left out, as by the agent: no usable subnet is left in ip_blocks");
}

#[test]
fn a_comment_may_follow_a_value() {
    let told =
        told("interface=vgw # the first\nrouting_instance=net\nip_blocks=1.1.1.0/24 # and 2.2.2.0/24\nroutes=#x");
    assert_eq!(told, ["vgw net [\"1.1.1.0/24\"] []"]);
    let error = agent_conf("[GATEWAY-0]\nrouting_instance=net#1\n").unwrap_err().to_string();
    assert!(error.starts_with("agent.conf:2: GATEWAY-0.routing_instance: newer agents take #"), "{error}");
}

#[test]
fn a_section_that_is_left_out_does_not_end_the_file() {
    let imported = agent_conf(&format!("[GATEWAY]\nip_blocks=1.1.1.0/24\n{SAMPLE}")).unwrap();
    assert_eq!(shapes(&imported).len(), 2);
}

#[test]
fn of_two_sections_with_one_interface_the_first_counts() {
    let imported =
        agent_conf(&(SAMPLE.to_owned() + &SAMPLE.replace("GATEWAY-", "GATEWAY-1").replace("public:public", "x")))
            .unwrap();
    assert_eq!(shapes(&imported).len(), 2);
    assert_eq!(shapes(&imported)[0].routing_instance, "default-domain:admin:public:public");
    let last = imported.warnings.last().unwrap();
    assert_eq!(last, "agent.conf:29: GATEWAY-11: left out, as by the agent: vgw1 is defined in agent.conf:11");
}

#[test]
fn a_file_without_gateways_is_told() {
    let imported = agent_conf("[DEFAULT]\nx=y\n").unwrap();
    assert_eq!(imported.warnings, ["agent.conf: there is no section [GATEWAY...]"]);
    assert_eq!(imported.to_toml(), "");
}

#[test]
fn errors_name_file_line_section_and_key() {
    for (text, expected) in [
        ("[GATEWAY-0\n", "agent.conf:1: the section's name is not closed by ]"),
        ("[GATEWAY-0]\ninterface vgw\n", "agent.conf:2: GATEWAY-0: the line is no KEY=VALUE"),
        (
            "[GATEWAY-0]\nroutes=1.0.0.0/8\n\nroutes=2.0.0.0/8\n",
            "agent.conf:4: GATEWAY-0.routes: the key stands in line 2 already",
        ),
        ("[GATEWAY-0]\n[X]\n[GATEWAY-0]\n", "agent.conf:3: GATEWAY-0: the section stands in line 1 already"),
        (
            "[GATEWAY-0]\ninterface=a/b\nrouting_instance=n\nip_blocks=1.0.0.0/8\n",
            "agent.conf:2: GATEWAY-0.interface: the name contains '/', which is not allowed",
        ),
    ] {
        assert_eq!(agent_conf(text).unwrap_err().to_string(), expected);
    }
    let long = format!("[GATEWAY-0]\ninterface=v\nrouting_instance={}\nip_blocks=1.0.0.0/8\n", "n".repeat(256));
    let reason = "GATEWAY-0.routing_instance: the name has 256 bytes, at most 255 are allowed";
    assert_eq!(agent_conf(&long).unwrap_err().to_string(), format!("agent.conf:3: {reason}"));
}

#[test]
fn what_our_daemon_refuses_is_named_at_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.conf");
    let refused = |text: &str| {
        std::fs::write(&path, text).unwrap();
        Imported::agent_conf(&path).unwrap_err().to_string().replace(&path.display().to_string(), "agent.conf")
    };
    assert_eq!(
        refused(&SAMPLE.replace("2.2.1.0/24", "1.1/16")),
        "agent.conf:15: GATEWAY-1.ip_blocks: subnet 1.1.0.0/16 overlaps 1.1.1.0/24, \
         which gateway vgw of routing instance default-domain:admin:public:public announces to the host"
    );
    assert!(refused(&SAMPLE.replace("2.2.1.0/24", "0/0")).starts_with("agent.conf:15: GATEWAY-1.ip_blocks: subnet"));
}

#[test]
fn text_cannot_forge_lines() {
    let imported =
        agent_conf(&SAMPLE.replace("[GATEWAY-0]", "[GATEWAY\u{1b}[2J\u{202e}]").replace("admin:public:", "a\\d\"m:"))
            .unwrap();
    let toml = imported.to_toml();
    assert!(toml.starts_with("# agent.conf:4: GATEWAY\\u{1b}[2J\\u{202e}\n"), "{toml}");
    let read: toml::Table = toml.parse().unwrap();
    assert_eq!(read["gateway"][0]["routing_instance"].as_str(), Some("default-domain:a\\d\"m:public"));
    assert!(imported.warnings[0].starts_with("agent.conf:10: GATEWAY\\u{1b}[2J"), "{}", imported.warnings[0]);
}

/// As in the plugin's own example.
const LOCALRC: &str = "\
[[local|localrc]]
HOST_IP=192.168.1.5
CONTRAIL_VGW_INTERFACE=vgw
#CONTRAIL_VGW_INTERFACE=vgw9
export CONTRAIL_VGW_PUBLIC_SUBNET=\"10.99.99.1/24\"   # floating addresses
CONTRAIL_VGW_PUBLIC_NETWORK='default-domain:admin:public:public'
";

#[test]
fn devstacks_variables_become_toml() {
    let imported = localrc(LOCALRC).unwrap();
    assert_eq!(
        imported.to_toml(),
        "# agent.conf:3: devstack\n[[gateway]]\ninterface = \"vgw\"\n\
         routing_instance = \"default-domain:admin:public:public\"\nsubnets = [\"10.99.99.0/24\"]\n"
    );
    let place = "agent.conf:5: devstack.CONTRAIL_VGW_PUBLIC_SUBNET";
    assert_eq!(imported.warnings, [format!("{place}: 10.99.99.1/24 has host bits, 10.99.99.0/24 is meant")]);
    let last = localrc(&format!("{LOCALRC}CONTRAIL_VGW_INTERFACE=vgw2\n")).unwrap();
    assert_eq!(shapes(&last)[0].interface, "vgw2", "the last assignment counts, as in a shell");
}

#[test]
fn devstack_wants_all_three_variables() {
    let told = |text: &str| {
        let imported = localrc(text).unwrap();
        assert_eq!(shapes(&imported), []);
        imported.warnings
    };
    let one = told(&LOCALRC.replace("CONTRAIL_VGW_PUBLIC_NETWORK", "CONTRAIL_VGW_NETWORK"));
    assert_eq!(
        one,
        [
            "agent.conf:6: devstack.CONTRAIL_VGW_NETWORK: means nothing here",
            "agent.conf: no gateway, as by devstack: CONTRAIL_VGW_PUBLIC_NETWORK is not set",
        ]
    );
    assert_eq!(told(&format!("{LOCALRC}CONTRAIL_VGW_INTERFACE=\n")).len(), 1);
    assert!(told(&LOCALRC.replace("10.99.99.1/24", "10.99.99.1"))[0].contains("has no length"));
}

#[test]
fn what_only_a_shell_can_tell_is_an_error() {
    for value in ["$IF", "\"${IF:-vgw}\"", "`x`", "vgw;true", "\"vgw", "'v'gw", "v\\gw"] {
        let text = LOCALRC.replace("INTERFACE=vgw\n", &format!("INTERFACE={value}\n"));
        let error = localrc(&text).unwrap_err().to_string();
        assert!(error.starts_with("agent.conf:3: devstack.CONTRAIL_VGW_INTERFACE: "), "{value}: {error}");
    }
}
