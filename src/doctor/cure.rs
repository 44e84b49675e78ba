//! What helps against a finding: commands as a shell takes them.

use std::fmt;

use crate::addr::shell_word;

/// What helps.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cure {
    /// To be done in this order; empty if it cannot be done by commands here.
    pub steps: Vec<Step>,
    /// It opens nothing, deletes nothing and decides nothing for the administrator: `--fix` does it.
    pub safe: bool,
    /// What to know before, or what to do instead.
    pub remark: Option<String>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Run a program with these words.
    Run(Vec<String>),
    /// Write a file, and the folder that it is in.
    Write {
        /// The file.
        path: String,
        /// Its lines.
        lines: Vec<String>,
    },
}

impl Cure {
    /// Commands, their words apart by blanks, that the administrator has to decide on.
    pub(super) fn commands(commands: impl IntoIterator<Item = String>) -> Self {
        let run = |command: String| Step::Run(command.split(' ').map(str::to_owned).collect());
        Self { steps: commands.into_iter().map(run).collect(), ..Self::default() }
    }

    /// A switch in `/proc/sys` set. Dots that stand in an interface's name are kept apart by slashes.
    pub(super) fn sysctl(name: &[&str], value: impl fmt::Display) -> Self {
        let separator = if name.iter().any(|part| part.contains('.')) { "/" } else { "." };
        let setting = format!("{}={value}", name.join(separator));
        Self { steps: vec![Step::Run(vec!["sysctl".into(), "-w".into(), setting])], ..Self::default() }
    }

    /// Nothing that a command here could do.
    pub(super) fn remark(text: impl Into<String>) -> Self {
        Self { remark: Some(text.into()), ..Self::default() }
    }

    pub(super) fn safe(mut self) -> Self {
        self.safe = true;
        self
    }

    pub(super) fn but(mut self, remark: impl Into<String>) -> Self {
        self.remark = Some(remark.into());
        self
    }
}

impl fmt::Display for Step {
    /// As a shell takes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run(words) => {
                let words: Vec<_> = words.iter().map(|word| shell_word(word)).collect();
                f.write_str(&words.join(" "))
            }
            Self::Write { path, lines } => {
                let folder = path.rsplit_once('/').map_or(".", |(folder, _)| folder);
                let lines: Vec<_> = lines.iter().map(|line| shell_word(line)).collect();
                let (folder, path) = (shell_word(folder), shell_word(path));
                write!(f, "mkdir -p {folder} && printf '%s\\n' {} > {path}", lines.join(" "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_reach_the_program_as_they_are() {
        let step = Step::Run(vec!["echo".into(), "a b".into(), "it's".into(), "vgw1;reboot".into(), String::new()]);
        assert_eq!(step.to_string(), r"echo 'a b' 'it'\''s' 'vgw1;reboot' ''");
        let step = Step::Write { path: "/etc/a/b.conf".into(), lines: vec!["[Network]".into(), "A=no".into()] };
        assert_eq!(step.to_string(), r"mkdir -p /etc/a && printf '%s\n' '[Network]' A=no > /etc/a/b.conf");
    }

    #[test]
    fn an_interface_with_a_dot_is_one_part_of_the_switch() {
        let line = |device: &str| Cure::sysctl(&["net", "ipv4", "conf", device, "rp_filter"], 2).steps[0].to_string();
        assert_eq!(line("eth0"), "sysctl -w net.ipv4.conf.eth0.rp_filter=2");
        assert_eq!(line("eth0.100"), "sysctl -w net/ipv4/conf/eth0.100/rp_filter=2");
    }
}
