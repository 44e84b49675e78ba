//! A command line up to the cursor.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, Command, CommandFactory};

use super::super::args::Arguments;
use super::names::Kind;

/// What a shell is told of a word that fits: the word, a tabulator, and what it means. A line without a
/// word says that file names fit.
const FILES: &str = "\t\n";

/// What fits, a line each. `socket` is the daemon's if the line names no other.
pub(in super::super) fn complete(words: &[OsString], socket: &Path) -> String {
    let words: Vec<String> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let Some((last, before)) = words.split_last() else { return String::new() };
    let mut command = Arguments::command().disable_help_subcommand(true);
    command.build();
    let line = Line::read(&command, before, socket);
    let mut fitting = line.fitting(last);
    fitting.retain(|(word, _)| word.starts_with(last.as_str()));
    fitting.sort();
    fitting.dedup_by(|one, other| one.0 == other.0);
    let files = if line.takes_files(last) { FILES } else { "" };
    fitting.into_iter().fold(files.to_owned(), |text, (word, meaning)| text + &format!("{word}\t{meaning}\n"))
}

/// What has been typed before the word at the cursor.
struct Line<'a> {
    /// The last command's words, without `vgw`.
    path: Vec<&'a str>,
    command: &'a Command,
    /// How many of the command's arguments without an option there are.
    positionals: usize,
    /// The option whose value comes next.
    pending: Option<&'a Arg>,
    /// Options that are there.
    given: BTreeSet<&'a str>,
    /// Behind `--` nothing is an option.
    no_options: bool,
    /// A word was no command where only commands fit: nothing behind it makes sense.
    is_lost: bool,
    socket: PathBuf,
}

impl<'a> Line<'a> {
    fn read(root: &'a Command, words: &[String], socket: &Path) -> Self {
        let mut line = Self {
            path: Vec::new(),
            command: root,
            positionals: 0,
            pending: None,
            given: BTreeSet::new(),
            no_options: false,
            is_lost: false,
            socket: socket.to_owned(),
        };
        words.iter().for_each(|word| line.take(word));
        line
    }

    fn take(&mut self, word: &str) {
        if let Some(option) = self.pending.take() {
            return self.value(option, word);
        }
        if self.no_options || !word.starts_with('-') || word == "-" {
            let below = self.command.get_subcommands().find(|below| below.get_name() == word);
            return match below.filter(|_| !self.no_options) {
                Some(below) => {
                    self.path.push(below.get_name());
                    (self.command, self.positionals) = (below, 0);
                }
                None => {
                    self.is_lost |= self.command.has_subcommands();
                    self.positionals += 1;
                }
            };
        }
        if word == "--" {
            self.no_options = true;
            return;
        }
        let (name, value) = word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
        let Some(option) = self.option(name) else { return };
        self.given.insert(option.get_id().as_str());
        match value {
            Some(value) => self.value(option, value),
            None => self.pending = Some(option).filter(|option| option.get_action().takes_values()),
        }
    }

    /// The option of that name; of letters that stand together, the last.
    fn option(&self, name: &str) -> Option<&'a Arg> {
        match name.strip_prefix("--") {
            Some(long) => self.command.get_arguments().find(|arg| arg.get_long() == Some(long)),
            None => self.command.get_arguments().find(|arg| arg.get_short() == name.chars().last()),
        }
    }

    fn value(&mut self, option: &Arg, value: &str) {
        if option.get_id() == "socket" {
            self.socket = value.into();
        }
    }

    /// The argument that the word is a value of, and what of the word comes before the value.
    fn argument<'w>(&self, word: &'w str) -> (Option<&'a Arg>, &'w str) {
        if self.pending.is_some() {
            return (self.pending, "");
        }
        if word.starts_with("--") && !self.no_options {
            let option = word.split_once('=').and_then(|(name, _)| self.option(name));
            return (option, word.split_inclusive('=').next().unwrap_or_default());
        }
        let last = self
            .command
            .get_positionals()
            .last()
            .filter(|last| last.get_num_args().is_some_and(|n| n.max_values() > 1));
        (self.command.get_positionals().nth(self.positionals).or(last), "")
    }

    fn kind(&self, argument: &Arg) -> Option<Kind> {
        Kind::of(&self.path.join(" "), argument.get_id().as_str())
    }

    fn takes_files(&self, word: &str) -> bool {
        self.argument(word).0.is_some_and(|argument| self.kind(argument) == Some(Kind::File))
    }

    /// Words and their meanings.
    fn fitting(&self, word: &str) -> Vec<(String, String)> {
        if self.is_lost {
            return Vec::new();
        }
        let is_option = word.starts_with('-') && !self.no_options && self.pending.is_none();
        let (argument, before) = self.argument(word);
        let mut fitting = Vec::new();
        if let Some(argument) = argument.filter(|_| !is_option || word.contains('=')) {
            let listed = argument.get_possible_values().into_iter().filter(|value| !value.is_hide_set());
            fitting.extend(listed.map(|value| (format!("{before}{}", value.get_name()), told(value.get_help()))));
            let names = self.kind(argument).map(|kind| kind.names(&self.socket)).unwrap_or_default();
            fitting.extend(names.into_iter().map(|name| (format!("{before}{name}"), String::new())));
        }
        if self.pending.is_none() && !is_option && !self.no_options {
            let below = self.command.get_subcommands().filter(|below| !below.is_hide_set());
            fitting.extend(below.map(|below| (below.get_name().to_owned(), told(below.get_about()))));
        }
        // Options also where nothing else is left to say.
        if is_option || (argument.is_none() && fitting.is_empty() && !self.no_options) {
            let options = self.command.get_arguments().filter(|arg| !arg.is_hide_set() && self.is_open(arg));
            let named = options.filter_map(|arg| Some((format!("--{}", arg.get_long()?), told(arg.get_help()))));
            fitting.extend(named);
        }
        fitting
    }

    /// True for an option that may still be given.
    fn is_open(&self, option: &Arg) -> bool {
        matches!(option.get_action(), ArgAction::Append | ArgAction::Count)
            || !self.given.contains(option.get_id().as_str())
    }
}

/// The first line of a help text, which is all that a list has room for.
fn told(help: Option<&clap::builder::StyledStr>) -> String {
    help.map(ToString::to_string).unwrap_or_default().lines().next().unwrap_or_default().replace('\t', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words that fit at the end of a line, with no daemon there.
    fn fits(line: &str) -> Vec<String> {
        let words: Vec<OsString> = line.split(' ').skip(1).map(OsString::from).collect();
        let told = complete(&words, Path::new("/nonexistent/vgwd.sock"));
        told.lines().map(|line| line.split('\t').next().unwrap().to_owned()).collect()
    }

    #[test]
    fn commands_are_found_at_every_depth() {
        assert_eq!(fits("vgw gate"), ["gateway"]);
        assert_eq!(fits("vgw gateway "), ["add", "delete", "list", "show"]);
        assert_eq!(fits("vgw -j gateway s"), ["show"]);
        assert_eq!(fits("vgw --socket /x audit "), ["connect", "timer"]);
        assert_eq!(fits("vgw comp"), [""; 0], "what only shells type is not offered");
        assert_eq!(fits("vgw nonsense "), [""; 0]);
    }

    #[test]
    fn options_are_those_that_may_still_come() {
        assert_eq!(fits("vgw port add tap0 --dhcp-d"), ["--dhcp-dns", "--dhcp-domain"]);
        let left = fits("vgw gateway add vgw1 --instance a --subnet 10.0.0.0/8 --");
        assert!(left.contains(&"--subnet".to_owned()), "may be repeated: {left:?}");
        assert!(!left.contains(&"--instance".to_owned()), "{left:?}");
        assert_eq!(fits("vgw gateway add vgw1 --inst"), ["--instance"]);
        assert_eq!(fits("vgw gateway add vgw1 ").first().unwrap(), "--dry-run");
    }

    #[test]
    fn values_have_their_lists() {
        assert_eq!(fits("vgw uplink add u --lease "), ["ipv4", "ipv6"]);
        assert_eq!(fits("vgw uplink add u --lease=ipv4"), ["--lease=ipv4"]);
        assert_eq!(fits("vgw uplink release lo --family ipv6"), ["ipv6"]);
        assert_eq!(fits("vgw uplink add u --device l"), ["lo"]);
        assert_eq!(fits("vgw uplink import lo l"), ["lo"], "of a list each");
        assert_eq!(fits("vgw doctor --fix for"), ["forward-blocked", "forwarding-off"]);
        for line in ["vgw import ", "vgw trace --port tap0 --pcap ", "vgw capture -w "] {
            assert_eq!(fits(line), [""], "file names: {line}");
        }
        assert_eq!(fits("vgw --socket "), [""]);
    }

    #[test]
    fn a_daemon_that_is_not_there_has_no_names() {
        assert_eq!(fits("vgw gateway show "), [""; 0]);
        assert_eq!(fits("vgw gateway add vgw1 --instance "), [""; 0]);
        assert_eq!(complete(&[], Path::new("/")), "");
    }
}
