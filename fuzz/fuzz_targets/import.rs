//! Any bytes as the agent's file of OpenContrail or as devstack's: what is read of it, written as our own file, is
//! a configuration with these gateways.

#![no_main]

use std::fs::File;
use std::io::Write;
use std::os::fd::AsRawFd;

use libfuzzer_sys::fuzz_target;
use rustix::fs::{MemfdFlags, memfd_create};
use vgw::config::{Config, Imported, Source};
use vgw_fuzz::assert_printable;

fuzz_target!(|input: &[u8]| {
    let Some((kind, text)) = input.split_first() else { return };
    let mut file = File::from(memfd_create("foreign", MemfdFlags::CLOEXEC).expect("memory"));
    file.write_all(text).expect("memory");
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    let read = if kind & 1 == 0 { Imported::agent_conf } else { Imported::devstack };
    let imported = match read(path.as_ref()) {
        Ok(imported) => imported,
        Err(error) => {
            assert_printable(&error.to_string());
            assert!(error.to_string().contains(&path), "{error}");
            return;
        }
    };
    imported.warnings.iter().for_each(|warning| assert_printable(warning));
    let shown = serde_json::to_value(&imported).expect("it is data");
    let gateways = shown["gateways"].as_array().expect("a list");

    let text = imported.to_toml();
    let source = Source { path: "vgwd.toml".into(), text };
    let config = Config::of_sources(std::slice::from_ref(&source)).unwrap_or_else(|e| panic!("{e}: {}", source.text));
    assert_eq!(config.declared.gateways.len(), gateways.len(), "{}", source.text);
    for gateway in gateways {
        let name = gateway["interface"].as_str().expect("a name");
        let spec = config.declared.gateways.iter().find(|spec| spec.interface.as_str() == name).expect("it is there");
        assert_eq!(gateway["routing_instance"], spec.instance.to_string());
        let texts = |prefixes: &std::collections::BTreeSet<vgw::addr::Prefix>| -> Vec<String> {
            prefixes.iter().map(ToString::to_string).collect()
        };
        assert_eq!(gateway["subnets"], serde_json::json!(texts(&spec.subnets)));
        assert_eq!(gateway["routes"], serde_json::json!(texts(&spec.routes)));
    }
});
