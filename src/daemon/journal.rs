//! The log in systemd's journal, with its fields (systemd.io/JOURNAL_NATIVE_PROTOCOL).

use std::fmt::{self, Write as _};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use crate::addr::printable;

/// Where journald listens.
pub(super) const SOCKET: &str = "/run/systemd/journal/socket";

/// True if standard error leads to the journal: `JOURNAL_STREAM` names its device and inode
/// (systemd.exec(5)). A variable that is only inherited names another file's.
pub(super) fn is_stderr() -> bool {
    let stream = std::env::var("JOURNAL_STREAM").unwrap_or_default();
    rustix::fs::fstat(io::stderr().as_fd()).is_ok_and(|file| names(&stream, file.st_dev, file.st_ino))
}

fn names(stream: &str, device: u64, inode: u64) -> bool {
    stream == format!("{device}:{inode}")
}

/// Writes every event to the journal. Fields get `VGW_` before their names: `VGW_CALLER`,
/// `VGW_INTERFACE`, `VGW_INSTANCE`.
#[derive(Debug)]
pub(super) struct Journal {
    socket: UnixDatagram,
    path: PathBuf,
}

impl Journal {
    /// The journal behind a socket.
    ///
    /// # Errors
    /// Nobody listens there.
    pub(super) fn connect(path: &Path) -> io::Result<Self> {
        let socket = UnixDatagram::unbound()?;
        // Told apart from a journal that is started anew later: each entry is sent to the path.
        socket.send_to(&[], path)?;
        Ok(Self { socket, path: path.to_owned() })
    }
}

impl<S: Subscriber> Layer<S> for Journal {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let meta = event.metadata();
        let mut entry = Entry::default();
        entry.field("PRIORITY", priority(*meta.level()));
        entry.field("SYSLOG_IDENTIFIER", "vgwd");
        entry.field("VGW_TARGET", meta.target());
        event.record(&mut entry);
        let sent = self.socket.send_to(&entry.finish(), &self.path);
        if let Err(error) = sent {
            // Standard error leads to the same journal by another way; it may fail likewise.
            let _ =
                io::Write::write_fmt(&mut io::stderr(), format_args!("vgwd: an entry of the log is lost: {error}\n"));
        }
    }
}

/// syslog(3)'s numbers as journald's own programs use them.
fn priority(level: Level) -> &'static str {
    match level {
        Level::ERROR => "3",
        Level::WARN => "4",
        Level::INFO => "6",
        Level::DEBUG | Level::TRACE => "7",
    }
}

/// An entry: its fields, and a message for people that has them too, as the text form does.
#[derive(Default)]
struct Entry {
    bytes: Vec<u8>,
    message: String,
    shown: String,
}

impl Entry {
    fn field(&mut self, name: &str, value: &str) {
        self.bytes.extend_from_slice(name.as_bytes());
        // Nothing of ours has several lines, which would need another form.
        self.bytes.push(b'=');
        self.bytes.extend_from_slice(value.as_bytes());
        self.bytes.push(b'\n');
    }

    /// What others call something is written out as in the other forms of the log.
    fn record(&mut self, field: &Field, value: &str) {
        let value = &*printable(value, |_| false);
        match field.name() {
            "message" => value.clone_into(&mut self.message),
            name => {
                self.field(&format!("VGW_{}", name.to_ascii_uppercase()), value);
                // Writing to a String cannot fail.
                let _ = write!(self.shown, " {name}={value}");
            }
        }
    }

    fn finish(mut self) -> Vec<u8> {
        let message = std::mem::take(&mut self.message) + &std::mem::take(&mut self.shown);
        self.field("MESSAGE", &message);
        self.bytes
    }
}

impl Visit for Entry {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record(field, &format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    /// What journald would read.
    fn written(log: impl FnOnce()) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let journald = UnixDatagram::bind(&path).unwrap();
        let journal = Journal::connect(&path).unwrap();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(journal), log);
        let mut buffer = [0; 4096];
        assert_eq!(journald.recv(&mut buffer).unwrap(), 0, "the question whether somebody is there");
        let length = journald.recv(&mut buffer).unwrap();
        buffer[..length].to_vec()
    }

    #[test]
    fn fields_are_fields() {
        let entry = written(|| {
            let instance: Option<&str> = None;
            tracing::warn!(caller = %"uid 0", interface = %"vgw1", instance, count = 3, "deleted");
        });
        let text = String::from_utf8(entry).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines,
            [
                "PRIORITY=4",
                "SYSLOG_IDENTIFIER=vgwd",
                "VGW_TARGET=vgw::daemon::journal::tests",
                "VGW_CALLER=uid 0",
                "VGW_INTERFACE=vgw1",
                "VGW_COUNT=3",
                "MESSAGE=deleted caller=uid 0 interface=vgw1 count=3",
            ]
        );
    }

    #[test]
    fn a_line_break_forges_no_field() {
        let entry = written(|| tracing::info!(name = "a\nPRIORITY=0", "b"));
        let text = String::from_utf8(entry).unwrap();
        assert!(text.lines().any(|line| line == r"VGW_NAME=a\nPRIORITY=0"), "{text}");
        assert_eq!(text.lines().filter(|line| line.starts_with("PRIORITY=")).count(), 1, "{text}");
    }

    #[test]
    fn only_the_stream_that_is_named_is_the_journal() {
        assert!(names("9:4711", 9, 4711));
        assert!(!names("9:4711", 9, 4712));
        assert!(!names("", 0, 0));
        assert!(Journal::connect(Path::new("/nonexistent/socket")).is_err());
    }
}
