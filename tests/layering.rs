//! The strata of `src/`: which room may use which. An upward `use` fails here with the sentence
//! that the reviewer would write.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Room and the rooms it may use, itself aside. The three edges to protect: `forward` never sees
/// `host` (the packet path cannot wait for netlink), `host` never sees `gateway`, `engine` never
/// sees `sys`.
const TABLE: &[(&str, &[&str])] = &[
    ("addr", &[]),
    ("clock", &[]),
    ("packet", &["addr"]),
    ("table", &["addr"]),
    ("routing", &["addr", "table"]),
    ("capture", &["addr", "packet"]),
    ("forward", &["addr", "clock", "packet", "routing", "capture"]),
    ("host", &["addr", "clock"]),
    ("fabric", &["addr", "clock"]),
    ("gateway", &["addr", "clock", "routing", "host"]),
    ("doctor", &["addr", "packet", "host"]),
    ("config", &["addr", "gateway", "host", "routing", "fabric"]),
    ("engine", &["addr", "clock", "packet", "routing", "forward", "host", "gateway", "fabric", "capture"]),
    ("sys", &["addr", "clock", "packet", "host", "gateway", "engine", "fabric", "doctor"]),
    ("api", &["addr", "clock", "routing", "forward", "host", "gateway", "config", "engine", "fabric"]),
    ("cli", &["addr", "clock", "config", "host", "gateway", "engine", "api", "fabric", "capture", "doctor"]),
    ("daemon", &["addr", "api", "clock", "config", "engine", "host", "sys", "fabric"]),
];

/// Rooms that must stay free of clocks, descriptors, threads and `unsafe`.
const CORE: &[&str] =
    &["addr", "clock", "packet", "table", "routing", "capture", "forward", "host", "fabric", "gateway", "doctor"];

/// What only the shell may name.
const EFFECTS: &[&str] =
    &["std::fs", "std::thread", "std::os::fd", "std::process", "UdpSocket", "TcpStream", "unsafe "];

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            files.extend(rust_files(&entry));
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            files.push(entry);
        }
    }
    files
}

/// Code without its comments, so that documentation may name any room.
fn code(text: &str) -> String {
    text.lines().map(|line| line.split("//").next().unwrap_or("")).collect::<Vec<_>>().join("\n")
}

/// The rooms that a text names: `crate::room` and the members of `crate::{room, ...}`.
fn rooms_named(code: &str) -> BTreeSet<String> {
    let mut rooms = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut word = String::new();
            let mut first = true;
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => {
                        rooms.insert(std::mem::take(&mut word));
                        first = true;
                    }
                    ':' if depth == 0 => first = false,
                    c if depth == 0 && first && !c.is_whitespace() => word.push(c),
                    _ => {}
                }
            }
            rooms.insert(word);
        } else {
            rooms.insert(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    rooms.remove("");
    rooms
}

#[test]
fn rooms_use_only_rooms_above_them() {
    let table: BTreeMap<&str, &[&str]> = TABLE.iter().copied().collect();
    let mut wrong = Vec::new();
    for (room, allowed) in &table {
        for file in rust_files(&source().join(room)) {
            for used in rooms_named(&code(&fs::read_to_string(&file).unwrap())) {
                if table.contains_key(used.as_str()) && used != *room && !allowed.contains(&used.as_str()) {
                    wrong.push(format!("{}: {room} must not use {used}", file.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_room_is_in_the_table() {
    let known: BTreeSet<&str> = TABLE.iter().map(|(room, _)| *room).collect();
    for entry in fs::read_dir(source()).unwrap().map(|entry| entry.unwrap().path()) {
        let name = entry.file_name().unwrap().to_string_lossy().into_owned();
        if entry.is_dir() && name != "bin" {
            assert!(known.contains(name.as_str()), "room {name} is missing in the table of tests/layering.rs");
        }
    }
}

#[test]
fn the_core_has_no_effects() {
    let mut wrong = Vec::new();
    for room in CORE {
        for file in rust_files(&source().join(room)) {
            let text = fs::read_to_string(&file).unwrap();
            for effect in EFFECTS.iter().filter(|effect| code(&text).contains(**effect)) {
                wrong.push(format!("{}: the core must not use {effect}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn groups_and_paths_are_both_read() {
    let named = rooms_named("use crate::{addr::{Prefix, Mac}, control}; fn f() { crate::host::g() }");
    assert_eq!(named.into_iter().collect::<Vec<_>>(), ["addr", "control", "host"]);
}
