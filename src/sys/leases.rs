//! Reading the files in which DHCP clients' hooks leave their leases.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use crate::engine::{BadLease, FoundLeases};
use crate::gateway::{Attachment, LeaseName};

/// The largest file that can be a lease, bytes.
const LIMIT: u64 = 4096;

/// Reads all leases of a folder; none if it is not there. What cannot be read is told by file and
/// field, and does not keep the rest from being read. Hidden files are not there yet.
pub(super) fn read(folder: &Path) -> FoundLeases {
    let mut found = FoundLeases::default();
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return found,
        Err(error) => {
            found.problems.push(BadLease { file: folder.display().to_string(), reason: error.to_string() });
            return found;
        }
    };
    let names = entries.filter_map(|entry| Some(entry.ok()?.file_name()));
    let mut names: Vec<_> = names.filter(|name| !name.as_encoded_bytes().starts_with(b".")).collect();
    names.sort();
    for name in names {
        let path = folder.join(&name);
        match read_one(&path, &name.to_string_lossy()) {
            Ok(Some((name, lease))) => _ = found.leases.insert(name, lease),
            Ok(None) => {}
            Err(reason) => {
                let file = path.to_string_lossy().escape_debug().to_string();
                found.problems.push(BadLease { file, reason });
            }
        }
    }
    found
}

/// The lease in a file; `None` if the file has gone meanwhile.
fn read_one(path: &Path, name: &str) -> Result<Option<(LeaseName, Attachment)>, String> {
    let name: LeaseName = name.parse().map_err(text)?;
    match content(path) {
        Ok(content) => {
            let lease: Attachment = content.parse().map_err(text)?;
            lease.check(name.family).map_err(text)?;
            Ok(Some((name, lease)))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

fn content(path: &Path) -> io::Result<String> {
    let invalid = |reason| io::Error::new(ErrorKind::InvalidData, reason);
    // Asked before opening, which would wait for ever on a pipe without a writer.
    if !fs::symlink_metadata(path)?.is_file() {
        return Err(invalid("not a regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(LIMIT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LIMIT {
        return Err(invalid("too large for a lease"));
    }
    String::from_utf8(bytes).map_err(|_| invalid("no UTF-8 text"))
}

fn text(error: impl ToString) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_does_not_hide_the_rest() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("leases");
        assert!(read(&path).problems.is_empty(), "no hook has run yet");
        fs::create_dir(&path).unwrap();
        let good = "address=20.0.0.5/24\nvia=20.0.0.1\n";
        for (name, content) in [
            ("eth1.ipv4", good),
            ("eth1.100.ipv6", "address=fd00::5/128\nvia=fe80::1\n"),
            ("eth2.ipv4", "address=20.0.0.5/24\nvia=20.0"),
            ("eth3.ipv6", good),
            ("eth4", good),
            (".eth5.ipv4.7", "addr"),
            ("eth6.ipv4", &good.repeat(200)),
        ] {
            fs::write(path.join(name), content).unwrap();
        }
        fs::create_dir(path.join("eth7.ipv4")).unwrap();
        let found = read(&path);
        assert_eq!(found.leases.keys().map(ToString::to_string).collect::<Vec<_>>(), ["eth1.ipv4", "eth1.100.ipv6"]);
        let place = |name: &str| path.join(name).display().to_string();
        assert_eq!(
            found.problems.iter().map(ToString::to_string).collect::<Vec<_>>(),
            [
                format!("{}: end of file: the last line has no end", place("eth2.ipv4")),
                format!("{}: address: 20.0.0.5 is no ipv6 address", place("eth3.ipv6")),
                format!("{}: name: is not DEVICE.FAMILY", place("eth4")),
                format!("{}: too large for a lease", place("eth6.ipv4")),
                format!("{}: not a regular file", place("eth7.ipv4")),
            ]
        );
    }
}
