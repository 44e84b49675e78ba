//! Finding and reading the files.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, open};

use super::ConfigError;

/// The largest file that is read, bytes.
const LIMIT: u64 = 1 << 20;

/// A file's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Where it was read, for errors.
    pub path: PathBuf,
    /// What is in it.
    pub text: String,
}

/// Reads the main file, if it is there or `must_exist`, and the drop-ins of the folder beside it:
/// `vgwd.d/*.toml` for `vgwd.toml`, by name. Hidden files are passed over.
pub(super) fn read_all(main: &Path, must_exist: bool) -> Result<Vec<Source>, ConfigError> {
    let mut sources = Vec::new();
    match read(main) {
        Ok(source) => sources.push(source),
        Err(ConfigError::Read { reason, .. }) if reason.kind() == io::ErrorKind::NotFound && !must_exist => {}
        Err(error) => return Err(error),
    }
    for path in drop_ins(&drop_in_folder(main))? {
        sources.push(read(&path)?);
    }
    Ok(sources)
}

/// The folder of a file's drop-ins, which need not be there.
pub(super) fn drop_in_folder(main: &Path) -> PathBuf {
    main.with_extension("d")
}

fn drop_ins(folder: &Path) -> Result<Vec<PathBuf>, ConfigError> {
    let failed = |reason| ConfigError::Read { path: folder.to_owned(), reason };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(reason) if reason.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(reason) => return Err(failed(reason)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        let is_hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if path.extension() == Some(OsStr::new("toml")) && !is_hidden {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// Reads one file.
pub(super) fn read(path: &Path) -> Result<Source, ConfigError> {
    let failed = |reason| ConfigError::Read { path: path.to_owned(), reason };
    // A pipe without a writer, or a file of the kernel's that has nothing to say yet, would be waited for for ever.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(open(path, flags, Mode::empty()).map_err(|errno| failed(errno.into()))?);
    if !file.metadata().map_err(failed)?.is_file() {
        return Err(failed(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")));
    }
    let mut bytes = Vec::new();
    // One byte more than allowed tells a file that grew meanwhile.
    file.take(LIMIT + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LIMIT {
        return Err(ConfigError::TooLarge { path: path.to_owned(), limit: LIMIT });
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let error = error.utf8_error();
        failed(io::Error::new(io::ErrorKind::InvalidData, format!("no UTF-8 text at byte {}", error.valid_up_to())))
    })?;
    Ok(Source { path: path.to_owned(), text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, Mode::RWXU, 0).unwrap();
        let told = read(&pipe).unwrap_err().to_string();
        assert!(told.contains("not a regular file"), "{told}");
        let own = folder.path().join("own.toml");
        fs::write(&own, "workers = 1").unwrap();
        assert_eq!(read(&own).unwrap().text, "workers = 1");
    }
}
