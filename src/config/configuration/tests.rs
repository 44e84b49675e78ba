mod files;
mod mistakes;
mod packaged;
mod together;

use super::*;

const GATEWAY: &str = "[[gateway]]\ninterface = 'vgw1'\nrouting_instance = 'net'\nsubnets = ['10.0.0.0/24']\n";
const PORT: &str = "[[port]]\nname = 'tap0'\nrouting_instance = 'net'\naddresses = ['10.0.0.9/32']\n";
const UPLINK: &str = "[[uplink]]\nname = 'wan'\ndevice = 'eth1'\naddress = '20.0.0.5/24'\nvia = '20.0.0.1'\n";
const NETWORK: &str = "[[network]]\nid = '20202020-2020-2020-2020-202020202020'\nrouting_instance = 'net'\n";

/// Reads texts as the files `a.toml`, `b.toml`, ...
fn read(texts: &[&str]) -> Result<Config, ConfigErrors> {
    let sources = texts
        .iter()
        .zip('a'..)
        .map(|(text, name)| Source { path: format!("{name}.toml").into(), text: (*text).to_owned() });
    Config::of_sources(&sources.collect::<Vec<_>>())
}

fn error(texts: &[&str]) -> String {
    read(texts).unwrap_err().to_string()
}

fn errors(texts: &[&str]) -> Vec<String> {
    read(texts).unwrap_err().iter().map(ToString::to_string).collect()
}

#[test]
fn a_spin_is_in_microseconds() {
    let spin = |value: &str| read(&[&format!("[dataplane]\nspin = '{value}'")]).unwrap().spin;
    assert_eq!(["20us", "1000us", "0us", "off"].map(spin), [20, 1000, 0, 0].map(Duration::from_micros));
    for nonsense in ["1001us", "20", "-1us", "us", ""] {
        assert!(read(&[&format!("[dataplane]\nspin = '{nonsense}'")]).is_err(), "{nonsense:?}");
    }
}

#[test]
fn the_fabric_has_a_device_and_a_usual_interface() {
    let fabric = |text: &str| read(&[text]).unwrap().fabric.map(|fabric| (fabric.device, fabric.interface));
    let name = |text: &str| text.parse().unwrap();
    assert_eq!(fabric("[fabric]\ndevice = 'eth0'\n"), Some((name("eth0"), name("vhost0"))));
    let other = "[fabric]\ndevice = 'eth0'\ninterface = 'br-ext'\n";
    assert_eq!(fabric(other), Some((name("eth0"), name("br-ext"))));
    assert!(error(&["[fabric]\ninterface = 'vhost0'\n"]).contains("device"));
    assert!(error(&["[fabric]\ndevice = 'a/b'\n"]).contains("not allowed"));
}
