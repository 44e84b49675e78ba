//! The documentation is true: every `vgw` command in it can be read by `vgw`, and the sessions of the tour
//! and of the task pages run on the real kernel, in namespaces of their own, and print what stands there.
//!
//! A session is a fenced block `console`: lines that begin with `# ` are typed, the others are what is
//! printed. In these `…` stands for anything on the line, and on a line of its own for any lines. All
//! sessions of a page happen one after the other in one place. `VGW_BLESS=1` writes what was printed into
//! the page; read the difference, and put the `…` back.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

mod page;
mod shell;
mod words;

use std::fs;
use std::path::{Path, PathBuf};

use page::Page;
use shell::Shell;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// The pages of a folder.
fn pages(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let mut pages: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect();
    pages.sort();
    pages
}

fn run(path: &Path) {
    let text = fs::read_to_string(path).unwrap();
    let mut page = Page::parse(&text);
    assert!(page.commands() > 0, "{}: there is no session", path.display());
    let mut shell = Shell::open();
    let mut mistakes = Vec::new();
    page.each(|command, expected| {
        let (code, printed) = shell.type_in(command);
        if code != 0 || !page::matches(expected, &printed) {
            mistakes.push(format!(
                "# {command}\nexit code {code}, printed:\n{}\nexpected:\n{}",
                printed.join("\n"),
                expected.join("\n")
            ));
        }
        printed
    });
    if std::env::var_os("VGW_BLESS").is_some() {
        fs::write(path, page.text()).unwrap();
    } else {
        assert!(
            mistakes.is_empty(),
            "{}:\n{}\nthe daemon's log:\n{}",
            path.display(),
            mistakes.join("\n\n"),
            shell.log()
        );
    }
}

#[test]
fn the_tour_is_true() {
    run(&root().join("docs/tour.md"));
}

#[test]
fn the_task_pages_are_true() {
    pages("docs/tasks").iter().for_each(|path| run(path));
}

#[test]
fn every_command_in_the_documentation_can_be_read() {
    let more = ["docs/tasks", "docs/decisions"].iter().flat_map(|folder| pages(folder));
    let all = pages("docs").into_iter().chain(more).chain([root().join("README.md")]);
    let mistakes: Vec<String> = all.flat_map(|path| words::mistakes(&path)).collect();
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
}
