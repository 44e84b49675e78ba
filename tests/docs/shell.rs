//! A shell in namespaces of its own: network, mounts, processes. Everything in there ends with it.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

/// How long a command may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is printed when a command is over; its exit code follows.
const END: &str = "::end-of-command::";

/// The place, and words for what pages have in common.
const PLACE: &str = include_str!("place.sh");

pub(crate) struct Shell {
    child: Child,
    input: ChildStdin,
    output: Receiver<String>,
}

impl Shell {
    /// Opens one. Needs root.
    pub(crate) fn open() -> Self {
        let binaries = Path::new(env!("CARGO_BIN_EXE_vgw")).parent().unwrap();
        let path = format!("{}:{}", binaries.display(), "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        let options = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
        let mut child = Command::new("unshare")
            .args(options)
            .args(["bash", "--norc", "--noprofile"])
            .current_dir("/")
            .env_clear()
            .envs([("PATH", path.as_str()), ("LC_ALL", "C.UTF-8"), ("HOME", "/mnt/here"), ("TERM", "dumb")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = child.stdin.take().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (sender, output) = channel();
        let pass_on = move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line));
        thread::Builder::new().name("shell".to_owned()).spawn(pass_on).unwrap();
        let mut shell = Self { child, input, output };
        let (code, printed) = shell.type_in(PLACE.trim());
        assert_eq!((code, printed), (0, Vec::new()), "the place");
        shell
    }

    /// Types a command and waits for its end: its exit code, and the lines that it printed.
    pub(crate) fn type_in(&mut self, command: &str) -> (i32, Vec<String>) {
        // A line of its own ends also what does not end its last line.
        write!(self.input, "{{ {command}\n}} 2>&1 </dev/null; echo \"\n{END}$?\"\n").unwrap();
        let mut printed: Vec<String> = Vec::new();
        loop {
            let line = self.output.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|error| panic!("{command}: {error}; so far:\n{}", printed.join("\n")));
            if let Some(code) = line.strip_prefix(END) {
                if printed.last().is_some_and(String::is_empty) {
                    printed.pop();
                }
                return (code.parse().unwrap(), printed);
            }
            printed.push(line);
        }
    }

    /// What the daemon has said.
    pub(crate) fn log(&mut self) -> String {
        self.type_in("cat /run/vgwd.log").1.join("\n")
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        // The shell is the first process of its namespace: with it all others end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
