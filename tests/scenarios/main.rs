//! Stories of the whole engine on a kernel in memory and a clock that stands still: what is asked
//! (`> ...`), what the kernel is told (as `ip` commands) and what is answered (`= ...`).
//!
//! The stories are text files that need no Rust to be read. `VGW_BLESS=1` writes what happened in
//! place of what was expected; read the difference before you commit it.

#![allow(clippy::unwrap_used)]

mod disk;
mod errors;
mod platform;
mod site;
mod words;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use site::Site;

/// Plays the `> ` lines of a story and writes it anew, comments kept.
fn play(story: &str) -> String {
    let mut site = Site::new();
    let mut told = String::new();
    for line in story.lines() {
        if let Some(request) = line.strip_prefix("> ") {
            writeln!(told, "{line}").unwrap();
            for outcome in site.ask(request) {
                writeln!(told, "{outcome}").unwrap();
            }
        } else if line.starts_with('#') || line.is_empty() {
            writeln!(told, "{line}").unwrap();
        }
    }
    told
}

fn stories() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios/stories");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn stories_go_as_they_are_told() {
    let bless = std::env::var_os("VGW_BLESS").is_some();
    let mut wrong = Vec::new();
    for file in stories() {
        let expected = fs::read_to_string(&file).unwrap();
        let told = play(&expected);
        if bless {
            fs::write(&file, told).unwrap();
        } else if told != expected {
            wrong.push(format!("--- {}\nexpected:\n{expected}\nhappened:\n{told}", file.display()));
        }
    }
    assert!(!stories().is_empty());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
