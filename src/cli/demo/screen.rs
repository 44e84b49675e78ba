//! What the audience sees: numbered steps, the commands, and what each one showed.

use std::io::Write;

use super::super::render::{Style, Tone};
use super::super::report::{DemoFinding, DemoStep};
use super::error::Result;

/// The column that commands are wrapped at.
const WIDTH: usize = 110;
/// Where the text of a step begins.
const INDENT: &str = "    ";

/// The way out, and what was shown.
pub(super) struct Screen<'a> {
    /// Nowhere if only the end is told, to a program.
    out: Option<&'a mut dyn Write>,
    style: Style,
    steps: Vec<DemoStep>,
}

impl<'a> Screen<'a> {
    pub(super) fn new(out: Option<&'a mut dyn Write>, style: Style) -> Self {
        Self { out, style, steps: Vec::new() }
    }

    /// Every step that was shown.
    pub(super) fn into_steps(self) -> Vec<DemoStep> {
        self.steps
    }

    /// Adds to what the present step has shown.
    fn note(&mut self, note: impl FnOnce(&mut DemoStep)) {
        if let Some(step) = self.steps.last_mut() {
            note(step);
        }
    }

    /// The next step and why it is taken.
    ///
    /// # Errors
    /// As every method here: nobody reads any more.
    pub(super) fn step(&mut self, title: &str, why: &str) -> Result<()> {
        self.steps.push(DemoStep { title: title.to_owned(), why: why.to_owned(), ..DemoStep::default() });
        let number = self.style.paint(Tone::Faint, format_args!("{:>2}", self.steps.len()));
        self.line(format_args!("\n{number}  {}", self.style.paint(Tone::Strong, title)))?;
        for line in why.lines() {
            self.line(format_args!("{INDENT}{}", self.style.paint(Tone::Faint, line)))?;
        }
        Ok(())
    }

    /// A command, as one would type it; wrapped before its options.
    pub(super) fn command(&mut self, command: &str) -> Result<()> {
        self.note(|step| step.commands.push(command.to_owned()));
        let lines = wrap(command, WIDTH - INDENT.len() - 8);
        for (index, line) in lines.iter().enumerate() {
            let lead = if index == 0 { "$ " } else { "      " };
            let tail = if index + 1 < lines.len() { " \\" } else { "" };
            let text = self.style.paint(Tone::Command, format_args!("{line}{tail}"));
            self.line(format_args!("{INDENT}{lead}{text}"))?;
        }
        Ok(())
    }

    /// Something that held, and what was measured.
    pub(super) fn good(&mut self, what: &str, measured: &str) -> Result<()> {
        self.note(|step| step.held.push(DemoFinding { what: what.to_owned(), measured: measured.to_owned() }));
        let mark = self.style.paint(Tone::Good, "✓");
        if measured.is_empty() {
            return self.line(format_args!("{INDENT}{mark} {what}"));
        }
        self.line(format_args!("{INDENT}{mark} {what:<28} {measured}"))
    }

    /// More about what held.
    pub(super) fn detail(&mut self, text: &str) -> Result<()> {
        self.line(format_args!("{INDENT}  {}", self.style.paint(Tone::Faint, text)))
    }

    /// That the step did not hold, and what may tell why.
    pub(super) fn failed(&mut self, what: &str, clues: &str) -> Result<()> {
        self.line(format_args!("{INDENT}{} {what}", self.style.paint(Tone::Bad, "✗")))?;
        self.output(clues)
    }

    /// What a program printed.
    pub(super) fn output(&mut self, text: &str) -> Result<()> {
        for line in text.lines().map(str::trim_end).filter(|line| !line.is_empty()) {
            self.note(|step| step.output.push(line.to_owned()));
            self.line(format_args!("{INDENT}  {line}"))?;
        }
        Ok(())
    }

    /// Text as it comes.
    pub(super) fn text(&mut self, text: &str) -> Result<()> {
        self.line(format_args!("{text}"))
    }

    fn line(&mut self, text: std::fmt::Arguments<'_>) -> Result<()> {
        let Some(out) = &mut self.out else { return Ok(()) };
        writeln!(out, "{text}")?;
        // Each line is shown when it is true, also in a pipe.
        Ok(out.flush()?)
    }
}

/// A command in lines no longer than the width where that is possible, broken before options.
fn wrap(command: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut options = command.split(" --");
    let mut line = options.next().unwrap_or_default().to_owned();
    for option in options {
        if line.len() + option.len() + 3 > width {
            lines.push(std::mem::take(&mut line));
        } else {
            line.push(' ');
        }
        line.push_str("--");
        line.push_str(option);
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_break_before_options() {
        assert_eq!(wrap("vgw status", 5), ["vgw status"]);
        assert_eq!(wrap("vgw x --a 1 --bb 2 --c", 12), ["vgw x --a 1", "--bb 2 --c"]);
    }

    #[test]
    fn a_step_looks_like_this() {
        let mut out = Vec::new();
        let mut screen = Screen::new(Some(&mut out), Style::PLAIN);
        screen.step("Ports", "Why.\nAnd how.").unwrap();
        screen.command("vgw port list").unwrap();
        screen.good("tap0", "5 of 5").unwrap();
        screen.good("all of it", "").unwrap();
        screen.detail("more").unwrap();
        screen.output("a \n\nb\n").unwrap();
        screen.step("Next", "").unwrap();
        let [first, _] = screen.into_steps().try_into().unwrap();
        assert_eq!((first.title.as_str(), first.why.as_str()), ("Ports", "Why.\nAnd how."));
        assert_eq!(first.commands, ["vgw port list"]);
        let held: Vec<_> = first.held.iter().map(|found| (found.what.as_str(), found.measured.as_str())).collect();
        assert_eq!(held, [("tap0", "5 of 5"), ("all of it", "")]);
        assert_eq!(first.output, ["a", "b"]);
        let expected = "
 1  Ports
    Why.
    And how.
    $ vgw port list
    ✓ tap0                         5 of 5
    ✓ all of it
      more
      a
      b

 2  Next
";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
