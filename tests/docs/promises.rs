//! Each promise has a test that is there.

use std::fs;

use super::{root, text};

/// A test as the page names it, `FILE::FUNCTION`: below `src` or `tests`, and below `tests/netns` if no other place
/// is named.
struct Proof<'a> {
    file: &'a str,
    function: &'a str,
}

impl<'a> Proof<'a> {
    fn read(name: &'a str) -> Option<Self> {
        let (file, function) = name.split_once("::")?;
        Some(Self { file, function })
    }

    /// True if the file has a test of that name.
    fn is_there(&self) -> bool {
        let places = ["tests/netns/", "tests/", ""].map(|place| root().join(format!("{place}{}.rs", self.file)));
        let Some(content) = places.iter().find_map(|path| fs::read_to_string(path).ok()) else { return false };
        let declared = format!("fn {}()", self.function);
        let before = content.find(&declared).map(|at| &content[..at]);
        // The attribute stands before it, with others perhaps, and no other function in between.
        before.is_some_and(|before| before.rsplit("\n\n").next().is_some_and(|own| own.contains("#[test]")))
    }
}

/// What is wrong with a page's lines.
fn faults(page: &str) -> Vec<String> {
    let rows = page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| ---"));
    let promises = rows.filter(|row| !row.starts_with("| vgw promises"));
    let mut faults = Vec::new();
    for row in promises {
        let names: Vec<&str> = row.split('`').skip(1).step_by(2).collect();
        if names.is_empty() {
            faults.push(format!("no test: {row}"));
        }
        let missing = names.into_iter().filter(|name| !Proof::read(name).is_some_and(|proof| proof.is_there()));
        faults.extend(missing.map(|name| format!("not there: {name}")));
    }
    faults
}

#[test]
fn each_promise_is_shown_by_a_test() {
    assert_eq!(faults(&text("docs/promises.md")), [""; 0]);
}

#[test]
fn a_promise_without_a_test_is_found() {
    let page = "| vgw promises | shown by |\n| --- | --- |\n| much | |\n| more | `isolation::no_such_test` |\n\
                | and | `lab::eventually` |\n";
    assert_eq!(
        faults(page),
        ["no test: | much | |", "not there: isolation::no_such_test", "not there: lab::eventually"]
    );
}
