//! The documentation is true: what its pages show being typed is typed, on the real kernel, in namespaces of
//! its own, and prints what stands there. What cannot be typed has an exception with a reason.
//!
//! A session is a fenced block `console`: lines that begin with `# ` are typed, the others are what is
//! printed. In these `…` stands for anything on the line, and on a line of its own for any lines. All
//! sessions of a page happen one after the other in one place (`place.sh`, which has words such as `node` and
//! `guest`). A session in a comment, `<!-- console`, prepares the place or plants a fault. `VGW_BLESS=1` writes
//! what was printed otherwise into the pages; read the difference, and put the `…` back. `VGW_PAGE=tour` runs that page
//! only.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

mod exceptions;
mod page;
mod promises;
mod shell;
mod verbs;
mod words;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;

use page::Page;
use shell::Shell;

/// How many pages are tried at a time.
const AT_ONCE: usize = 2;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// Every page, by its path from the root.
fn pages() -> Vec<String> {
    let mut pages = vec!["README.md".to_owned()];
    for folder in ["docs", "docs/tasks", "docs/decisions"] {
        let entries = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().file_name());
        let names = entries.map(|name| name.into_string().unwrap()).filter(|name| name.ends_with(".md"));
        pages.extend(names.map(|name| format!("{folder}/{name}")));
    }
    pages.sort();
    pages
}

fn text(page: &str) -> String {
    fs::read_to_string(root().join(page)).unwrap()
}

/// Types what a page shows; what is not as it says, if anything.
fn run(path: &str) -> Option<String> {
    let mut page = Page::parse(&text(path));
    if page.commands() == 0 {
        return None;
    }
    let mut shell = Shell::open();
    let mut mistakes = Vec::new();
    page.each(|command, expected| {
        let (code, printed) = shell.type_in(command);
        if code == 0 && page::matches(expected, &printed) {
            return expected.to_vec();
        }
        mistakes.push(format!(
            "# {command}\nexit code {code}, printed:\n{}\nexpected:\n{}",
            printed.join("\n"),
            expected.join("\n")
        ));
        printed
    });
    if std::env::var_os("VGW_BLESS").is_some() {
        fs::write(root().join(path), page.text()).unwrap();
    }
    (!mistakes.is_empty()).then(|| format!("{path}:\n{}\nthe daemon's log:\n{}", mistakes.join("\n\n"), shell.log()))
}

#[test]
fn every_session_is_true() {
    let only = std::env::var("VGW_PAGE").ok();
    let chosen = pages().into_iter().filter(|path| only.as_ref().is_none_or(|only| path.contains(only)));
    let waiting = Mutex::new(chosen.collect::<Vec<_>>());
    let next = || waiting.lock().unwrap().pop();
    let mistakes = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(path) = next() {
                    let mistake = run(&path);
                    mistakes.lock().unwrap().extend(mistake);
                }
            });
        }
    });
    let mistakes = mistakes.into_inner().unwrap();
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n\n"));
}

#[test]
fn tasks_and_tour_have_sessions() {
    for path in pages() {
        if path.starts_with("docs/tasks/") || path == "docs/tour.md" {
            assert!(Page::parse(&text(&path)).commands() > 0, "{path}: there is no session");
        }
    }
}

#[test]
fn every_command_in_the_documentation_can_be_read() {
    let mistakes: Vec<String> = pages().iter().flat_map(|path| words::mistakes(path, &text(path))).collect();
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
}

#[test]
fn what_may_be_typed_is_a_session_or_has_a_reason() {
    let (mut unused, mut mistakes) = (exceptions::BLOCKS.to_vec(), Vec::new());
    for path in pages() {
        for block in words::blocks(&text(&path)) {
            let first = block.text.lines().next().unwrap_or_default();
            let is_excepted = |(page, begin, _): &(&str, &str, &str)| *page == path && first.starts_with(begin);
            if exceptions::BLOCKS.iter().any(is_excepted) {
                unused.retain(|exception| !is_excepted(exception));
            } else if block.may_be_typed() {
                mistakes.push(format!("{path}: this is not run:\n{}", block.text));
            }
        }
    }
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
    assert_eq!(unused, [], "these exceptions are not needed");
}

#[test]
fn every_verb_that_is_named_is_run() {
    let mut run = verbs::Verbs::default();
    for path in pages() {
        Page::parse(&text(&path)).typed().for_each(|typed| run.read(&typed));
    }
    let (mut unused, mut mistakes) = (exceptions::VERBS.to_vec(), Vec::new());
    for path in pages() {
        let mut named = verbs::Verbs::default();
        words::all(&text(&path)).iter().for_each(|command| named.read(command));
        for verb in named.without(&run) {
            let is_excepted = |(excepted, _): &(&str, &str)| *excepted == verb;
            if !exceptions::VERBS.iter().any(is_excepted) {
                mistakes.push(format!("{path}: no session runs '{verb}'"));
            }
            unused.retain(|exception| !is_excepted(exception));
        }
    }
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
    assert_eq!(unused, [], "these exceptions are not needed");
}
