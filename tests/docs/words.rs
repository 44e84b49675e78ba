//! Commands wherever they stand in a page.

use std::fs;
use std::path::Path;

use clap::Parser;
use vgw::cli::Arguments;

/// The commands of a page that `vgw` cannot read: those of fenced blocks and those in single back-quotes
/// that begin with `vgw ` and a verb.
pub(crate) fn mistakes(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    let in_blocks = blocks(&text).into_iter().flat_map(|block| commands(&block));
    in_blocks.filter_map(|command| mistake(path, &command)).collect()
}

/// The fenced blocks in which something may be typed.
fn blocks(text: &str) -> Vec<String> {
    let (mut blocks, mut block) = (Vec::new(), None::<String>);
    for line in text.lines() {
        let line = line.trim_start();
        match (&mut block, line.strip_prefix("```")) {
            (None, Some("" | "sh" | "console" | "bash")) => block = Some(String::new()),
            (None, Some(_)) => block = Some("\0".to_owned()),
            (Some(_), Some(_)) => blocks.extend(block.take().filter(|block| !block.starts_with('\0'))),
            (Some(block), None) => block.push_str(&format!("{line}\n")),
            (None, None) => {}
        }
    }
    blocks
}

/// What is typed in a block, one command each.
fn commands(block: &str) -> Vec<String> {
    let joined = block.replace("\\\n", " ");
    let lines = joined.lines().map(|line| {
        let line = line.trim_start_matches(['#', '$', ' ']).trim_start_matches("sudo ");
        // A comment, a pipe or another command behind it is not for vgw.
        let end = [" #", " |", " >", " &", ";"].iter().filter_map(|end| line.find(end)).min();
        line[..end.unwrap_or(line.len())].trim().to_owned()
    });
    lines.filter(|line| line.starts_with("vgw ")).collect()
}

fn mistake(path: &Path, command: &str) -> Option<String> {
    // Usage lines and names for something are no commands.
    if command.contains(['[', '<', '…', '─']) || command.contains("...") {
        return None;
    }
    let words = command.split_whitespace().map(|word| word.trim_matches(['\'', '"']));
    // A place holder in capitals stands for a value that may be checked.
    let words = words.map(|word| match word {
        "FQN" => "default-domain:demo:net1:net1",
        "ADDRESS" => "192.0.2.1",
        "PREFIX" | "SUBNET" => "192.0.2.0/24",
        "NAME" | "TAP" => "tap0",
        "UUID" => "9f2c1d34-0a1b-4c5d-8e6f-0123456789ab",
        other => other,
    });
    match Arguments::try_parse_from(words) {
        Err(error) if error.use_stderr() => {
            Some(format!("{}: {command}\n  {}", path.display(), error.to_string().lines().next().unwrap_or_default()))
        }
        _ => None,
    }
}
