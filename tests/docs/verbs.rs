//! The verbs of `vgw` in a text.

use std::collections::BTreeSet;

use clap::CommandFactory;
use vgw::cli::Arguments;

/// Verbs such as `vgw gateway add`.
#[derive(Default)]
pub(crate) struct Verbs(BTreeSet<String>);

impl Verbs {
    /// Takes the verbs of a text, wherever in it `vgw` is called.
    pub(crate) fn read(&mut self, text: &str) {
        let words: Vec<&str> = text.split(|c: char| c.is_whitespace() || "()`;'\"".contains(c)).collect();
        let calls = words.iter().enumerate().filter(|(_, word)| **word == "vgw").map(|(at, _)| &words[at + 1..]);
        self.0.extend(calls.filter_map(verb));
    }

    /// Those that others have not.
    pub(crate) fn without<'v>(&'v self, others: &'v Self) -> impl Iterator<Item = &'v str> {
        self.0.difference(&others.0).map(String::as_str)
    }
}

/// The verb that words begin with; none if it is incomplete, or `vgw` is not followed by one.
fn verb(words: &[&str]) -> Option<String> {
    let mut command = Arguments::command();
    let mut verb = "vgw".to_owned();
    for word in words {
        let Some(inner) = command.find_subcommand(word) else { break };
        command = inner.clone();
        verb = format!("{verb} {}", command.get_name());
    }
    (verb != "vgw" && !command.is_subcommand_required_set()).then_some(verb)
}
