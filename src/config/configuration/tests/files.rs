//! Several files as one configuration.

use std::fs;

use super::*;
use crate::gateway::Refusal;

#[test]
fn files_add_up_and_the_last_value_counts() {
    let config = read(&[
        &format!("{GATEWAY}[audit]\ntimeout = 5\n[api]\nsocket = '/a'\n[limits]\nports = 7"),
        &format!("{PORT}[audit]\ntimeout = 'off'\n[limits]\ngateways = 9\n[api]\nthrift_listen = 'none'\n[rest]\nlisten = '127.0.0.1:9091'"),
    ])
    .unwrap();
    assert_eq!(config.rest_listen, Some("127.0.0.1:9091".parse().unwrap()));
    let metrics = "[metrics]\nsocket = '/run/m'\nlisten = '[::1]:9469'\ninterfaces = 7";
    let listen = Some("[::1]:9469".parse().unwrap());
    assert_eq!(
        read(&[metrics, "[metrics]\nsocket = 'none'"]).unwrap().metrics,
        Metrics { socket: None, listen, interfaces: 7 }
    );
    assert_eq!(
        error(&["[metrics]\nlisten = '0.0.0.0:9469'"]),
        "a.toml:2: metrics.listen: 0.0.0.0:9469 is not a loopback address"
    );
    assert_eq!(config.metrics, Config::default().metrics);
    assert_eq!(config.declared.gateways.len() + config.declared.ports.len(), 2);
    assert_eq!(config.audit_timeout, None);
    assert_eq!(config.thrift_listen, None);
    assert_eq!(config.socket, PathBuf::from("/a"));
    assert_eq!(config.declared.limits, crate::gateway::Limits { gateways: 9, ports: 7, ..Default::default() });
    let timeout = |value: &str| read(&[&format!("[audit]\ntimeout = {value}")]).map(|config| config.audit_timeout);
    assert_eq!(timeout("0").unwrap(), Some(Duration::ZERO));
    assert_eq!(timeout("'1500ms'").unwrap(), Some(Duration::from_millis(1500)));
    assert_eq!(timeout("'2m'").unwrap(), Some(Duration::from_secs(120)));
    for bad in ["-1", "'+5s'", "''", "'s'", "'5'", "2147484", "'18446744073709551615m'", "1.5"] {
        assert!(timeout(bad).is_err(), "{bad}");
    }
}

#[test]
fn one_name_in_two_files_names_both() {
    let first = format!("# comment\n{GATEWAY}");
    assert_eq!(error(&[&first, GATEWAY]), "b.toml:2: gateway.interface: gateway vgw1 is also defined in a.toml:2");
    let route = "[[route]]\nrouting_instance = 'n'\nprefix = '10.0.0.0/8'\naction = 'discard'\n";
    let same = route.replace("10.0.0.0", "10.1.1.1");
    assert_eq!(error(&[route, &same]), "b.toml:3: route.prefix: route 10.0.0.0/8 of n is also defined in a.toml:1");
}

#[test]
fn drop_ins_follow_the_file_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let main = folder.path().join("vgwd.toml");
    let drop_ins = folder.path().join("vgwd.d");
    let workers = |main: &Path| Config::load(Some(main)).unwrap().workers;
    fs::write(&main, "[dataplane]\nworkers = 2").unwrap();
    assert_eq!(workers(&main), 2);
    fs::create_dir(&drop_ins).unwrap();
    fs::write(drop_ins.join("20.toml"), "[dataplane]\nworkers = 4").unwrap();
    fs::write(drop_ins.join("10.toml"), "[dataplane]\nworkers = 3").unwrap();
    fs::write(drop_ins.join("30.toml.bak"), "no TOML").unwrap();
    fs::write(drop_ins.join(".40.toml"), "no TOML").unwrap();
    assert_eq!(workers(&main), 4);
    assert_eq!(source::read_all(&folder.path().join("vgwd.toml"), true).unwrap().len(), 3);
    fs::remove_file(&main).unwrap();
    assert_eq!(source::read_all(&main, false).unwrap().len(), 2, "an absent default file leaves the drop-ins");
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vgwd.toml");
    let failure = |path: &Path| Config::load(Some(path)).unwrap_err().into_only();
    assert_eq!(
        failure(&path).to_string(),
        format!("cannot read {}: No such file or directory (os error 2)", path.display())
    );
    fs::write(&path, [b' ', 0xff]).unwrap();
    let ConfigError::Read { reason, .. } = failure(&path) else { panic!("another error") };
    assert_eq!(reason.to_string(), "no UTF-8 text at byte 1");
    fs::write(&path, vec![b'\n'; 1 << 20]).unwrap();
    assert!(Config::load(Some(&path)).is_ok(), "the limit itself is allowed");
    fs::write(&path, vec![b'\n'; (1 << 20) + 1]).unwrap();
    assert!(matches!(failure(&path), ConfigError::TooLarge { limit: 1_048_576, .. }));
    let ConfigError::Read { reason, .. } = failure(Path::new("/dev/zero")) else { panic!("another error") };
    assert_eq!(reason.to_string(), "not a regular file");
}

#[test]
fn an_agents_gateways_stand_beside_those_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.conf");
    let with = |agent_conf: &str, text: &str| {
        fs::write(&path, agent_conf).unwrap();
        let config = read(&[&format!("{text}[compat]\nagent_conf = {path:?}\n")]);
        config.map_err(|error| error.to_string().replace(&path.display().to_string(), "agent.conf"))
    };
    let section = "[GATEWAY-0]\ninterface=vgw2\nrouting_instance=old\nip_blocks=10.9.0.1/16\n";
    let config = with(section, GATEWAY).unwrap();
    let names: Vec<_> = config.declared.gateways.iter().map(|gateway| gateway.interface.as_str()).collect();
    assert_eq!(names, ["vgw1", "vgw2"]);
    assert_eq!(config.warnings.len(), 1);
    let misfit =
        Misfit { element: Some(Element::Gateway(1)), refusal: Refusal::ForeignRoute("10.9.0.0/16".parse().unwrap()) };
    let located = config.locate(&misfit).to_string();
    assert!(
        located.ends_with(
            "agent.conf:4: GATEWAY-0.ip_blocks: the host already has a route to 10.9.0.0/16 that is not ours"
        ),
        "{located}"
    );
    assert_eq!(
        with(&section.replace("vgw2", "vgw1"), GATEWAY).unwrap_err(),
        "agent.conf:2: GATEWAY-0.interface: gateway vgw1 is also defined in a.toml:1"
    );
    fs::remove_file(&path).unwrap();
    let absent = read(&[&format!("[compat]\nagent_conf = {path:?}\n")]).unwrap_err().into_only();
    assert!(matches!(absent, ConfigError::Read { .. }), "{absent}");
    assert_eq!(
        error(&["[compat]\nagent_conf = 'x'"]),
        "a.toml:2: compat.agent_conf: \"x\" is neither an absolute path nor \"none\""
    );
}
