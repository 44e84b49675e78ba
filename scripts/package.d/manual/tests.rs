use std::io::Write;
use std::process::{Command, Stdio};

use clap::CommandFactory;
use vgw::config::SECTIONS;
use vgw::forward::DropReason;

use super::pages;

/// A page as a terminal without attributes shows it, and what the typesetter complains of.
fn shown(page: &str) -> (String, String) {
    let mut command = Command::new("groff");
    command.args(["-man", "-Tutf8", "-P-cbou", "-ww", "-rLL=100n"]);
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut groff = command.spawn().expect("groff is installed");
    groff.stdin.take().unwrap().write_all(page.as_bytes()).unwrap();
    let output = groff.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr))
}

#[test]
fn the_typesetter_has_no_complaint() {
    for (name, page) in pages::all() {
        let (text, complaints) = shown(&page);
        assert_eq!(complaints, "", "{name}");
        for heading in ["NAME", "SEE ALSO"] {
            assert!(text.contains(heading), "{name} has no {heading}: {text}");
        }
    }
}

#[test]
fn every_command_has_a_page_with_its_example() {
    fn walk(command: &clap::Command, name: &str, pages: &std::collections::BTreeMap<String, String>) {
        let (text, _) = shown(&pages[&format!("{name}.1")]);
        for option in command.get_arguments().filter_map(clap::Arg::get_long).filter(|_| !command.is_hide_set()) {
            assert!(text.contains(&format!("--{option}")), "{name}: {option}: {text}");
        }
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        for line in help.lines().skip_while(|line| !line.starts_with("Example")).skip(1) {
            assert!(text.contains(line.trim()), "{name}: {line}: {text}");
        }
        for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
            walk(below, &format!("{name}-{}", below.get_name()), pages);
        }
    }
    let pages = pages::all();
    walk(&vgw::cli::args::Arguments::command(), "vgw", &pages);
}

#[test]
fn every_key_and_every_reason_is_told() {
    let pages = pages::all();
    let (keys, _) = shown(&pages["vgwd.toml.5"]);
    for section in SECTIONS {
        assert!(keys.contains(section.header), "{}", section.header);
        assert!(section.keys.iter().all(|key| keys.contains(key.name)), "{}", section.header);
    }
    let (reasons, _) = shown(&pages["vgw-drops.7"]);
    assert!(DropReason::ALL.iter().all(|reason| reasons.contains(reason.name())));
}
