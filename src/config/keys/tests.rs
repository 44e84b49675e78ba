use std::collections::BTreeSet;

use super::*;
use crate::config::document::Document;
use crate::config::source::Source;

/// The keys that are accepted in a place, as the reader names them when it meets another.
fn accepted(text: &str) -> BTreeSet<String> {
    let source = Source { path: "vgwd.toml".into(), text: text.to_owned() };
    let mut errors = Vec::new();
    Document::parse(&source, &mut errors);
    let complaint = errors.first().expect("a key that nobody has").to_string();
    let (_, expected) = complaint.split_once("`nonsense`, expected ").expect(&complaint);
    expected.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn every_key_is_in_the_manual_and_none_more() {
    let mut tables: BTreeSet<String> = BTreeSet::new();
    for Section { path, keys, .. } in SECTIONS {
        let text = match *path {
            "gateway" | "port" | "uplink" | "route" | "network" => format!("[[{path}]]\nnonsense = 1\n"),
            "route.via" => "[[route]]\nvia = [{ nonsense = 1 }]\n".to_owned(),
            nested if nested.contains('.') => {
                let outer = nested.split('.').next().unwrap_or_default();
                format!("[[{outer}]]\n[{nested}]\nnonsense = 1\n")
            }
            _ => format!("[{path}]\nnonsense = 1\n"),
        };
        let written: BTreeSet<String> = keys.iter().map(|key| key.name.to_owned()).collect();
        assert_eq!(written.len(), keys.len(), "{path}");
        assert_eq!(written, accepted(&text), "{path}");
        tables.extend(path.split('.').next().map(str::to_owned));
    }
    assert_eq!(tables, accepted("nonsense = 1\n"));
}

#[test]
fn the_manual_says_what_is_read_at_start_only() {
    for section in SECTIONS {
        assert_eq!(section.at_start, section.meaning.contains("Read at start only"), "{}", section.path);
    }
}

#[test]
fn every_key_is_in_the_packaged_example() {
    let example = include_str!("../../../packaging/vgwd.toml");
    let words: BTreeSet<&str> = example.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).collect();
    for Section { path, keys, .. } in SECTIONS {
        for key in *keys {
            assert!(words.contains(key.name), "{path}.{}", key.name);
        }
    }
}
