//! Commands wherever they stand in a page.

use clap::Parser;
use clap::error::ErrorKind;
use vgw::cli::Arguments;

/// What `vgw` says to a verb without its options.
const NAMED: [ErrorKind; 3] = [
    ErrorKind::MissingRequiredArgument,
    ErrorKind::MissingSubcommand,
    ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand,
];

/// A fenced block.
pub(crate) struct Block {
    /// What it is in: the word behind the fence.
    language: String,
    is_indented: bool,
    pub(crate) text: String,
}

impl Block {
    /// What is typed in it: of a session not what is printed.
    fn typed(&self) -> String {
        let joined = self.text.replace("\\\n", " ");
        let is_typed = |line: &&str| self.language != "console" || line.starts_with("# ");
        joined.lines().filter(is_typed).map(|line| format!("{line}\n")).collect()
    }

    /// A reader would type it, and it is no session.
    pub(crate) fn may_be_typed(&self) -> bool {
        match self.language.as_str() {
            // Only an outermost one is a session.
            "console" => self.is_indented,
            "text" => false,
            "" | "sh" | "bash" | "shell" => true,
            _ => !commands(&self.text).is_empty(),
        }
    }
}

/// The commands of a page that `vgw` cannot read.
pub(crate) fn mistakes(path: &str, text: &str) -> Vec<String> {
    all(text).iter().filter_map(|command| mistake(path, command)).collect()
}

/// The commands of a page: those of fenced blocks, and those in single back-quotes that begin with `vgw `.
pub(crate) fn all(text: &str) -> Vec<String> {
    let typed = blocks(text).into_iter().filter(|block| block.language == "console" || block.may_be_typed());
    let mut all: Vec<String> = typed.flat_map(|block| commands(&block.typed())).collect();
    // Between fences, every second piece is a quotation; it may go on in the next line.
    let prose = text.split("```").step_by(2).collect::<Vec<_>>().join("\n");
    let quoted = prose.split('`').skip(1).step_by(2).map(|quoted| quoted.replace('\n', " "));
    all.extend(quoted.flat_map(|quoted| commands(&quoted)));
    all
}

/// The fenced blocks of a page.
pub(crate) fn blocks(text: &str) -> Vec<Block> {
    let (mut blocks, mut open) = (Vec::new(), None::<Block>);
    for whole in text.lines() {
        let line = whole.trim_start();
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(language)) => {
                let is_indented = line.len() < whole.len();
                open = Some(Block { language: language.to_owned(), is_indented, text: String::new() });
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => block.text.push_str(&format!("{line}\n")),
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

fn mistake(path: &str, command: &str) -> Option<String> {
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
        "A" | "B" => "192.0.2.1",
        other => other,
    });
    match Arguments::try_parse_from(words) {
        // The name of a verb is no command.
        Err(error) if NAMED.contains(&error.kind()) => None,
        Err(error) if error.use_stderr() => {
            Some(format!("{path}: {command}\n  {}", error.to_string().lines().next().unwrap_or_default()))
        }
        _ => None,
    }
}
