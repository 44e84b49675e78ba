//! Any text as the configuration file and its drop-ins, parted by zero bytes: an error says where and is fit to be
//! shown; what is accepted is the same when it is read again, makes a plan, and differs from itself in nothing.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vgw::config::{Config, Source};
use vgw::gateway::{Plan, Registry};
use vgw::host::{Observed, Surroundings};
use vgw_fuzz::assert_printable;

fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else { return };
    if text.contains("agent_conf") || text.contains('\\') && text.contains("agent") {
        // It would read a file. Its key can be written in escapes too.
        return;
    }
    let path = |number| format!("/etc/vgw/{number}.toml").into();
    let mut sources: Vec<Source> =
        text.split('\0').zip(0..).map(|(text, number)| Source { path: path(number), text: text.to_owned() }).collect();
    let config = match Config::of_sources(&sources) {
        Ok(config) => config,
        Err(error) => {
            let shown = error.to_string();
            assert_printable(&shown);
            assert!(shown.starts_with("/etc/vgw/"), "{shown}");
            return;
        }
    };
    config.warnings.iter().for_each(|warning| assert_printable(warning));
    let _ = config.check_exposure();
    assert!(config.workers > 0);
    assert_eq!(config.declared.differences(&config.declared), []);

    let mut registry = Registry::new(config.declared.limits, config.mark);
    registry.reload(&config.declared, &Observed::default()).expect("it was checked");
    assert_eq!(registry.declared().differences(&config.declared), []);
    drop(Plan::new(registry, Surroundings::default()));

    sources.push(Source { path: path(sources.len()), text: String::new() });
    let mut again = Config::of_sources(&sources).expect("nothing was added");
    again.read.pop();
    assert_eq!(format!("{again:?}"), format!("{config:?}"));
});
