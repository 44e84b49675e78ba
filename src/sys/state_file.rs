//! The files of the state directory: read if that is what they are, replaced as a whole, and kept under another name
//! if they are of no use.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Neither what a link names is opened, which may be anybody's, nor is somebody waited for at the other end of a pipe.
const CAUTION: i32 = libc::O_NOFOLLOW | libc::O_NONBLOCK;

/// Reads a file; `None` if there is none.
///
/// # Errors
/// It cannot be read, or is no regular file.
pub(super) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let is_regular = match path.symlink_metadata() {
        Ok(metadata) => metadata.is_file(),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if !is_regular {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut contents = Vec::new();
    OpenOptions::new().read(true).custom_flags(CAUTION).open(path)?.read_to_end(&mut contents)?;
    Ok(Some(contents))
}

/// Opens a file to hold a lock by, and makes it if it is not there; what is in it stays. Where nothing can be written
/// any more, what is there can be held all the same.
///
/// # Errors
/// It can neither be made nor opened.
pub(super) fn open_to_lock(path: &Path) -> io::Result<File> {
    let cautious = |options: &mut OpenOptions| options.custom_flags(CAUTION).open(path);
    cautious(OpenOptions::new().write(true).create(true).truncate(false))
        .or_else(|error| cautious(OpenOptions::new().read(true)).map_err(|_| error))
}

/// Writes a file whole or not at all, with these rights whatever the process's mask; on the disk when this returns.
/// What is written to the file that comes back goes behind that.
///
/// # Errors
/// The disk. What was there before is still there.
pub(super) fn replace(path: &Path, contents: &[u8], mode: u32) -> io::Result<File> {
    let new = named(path, ".new");
    let written = write_new(&new, contents, mode).and_then(|file| fs::rename(&new, path).map(|()| file));
    let file = written.inspect_err(|_| {
        // Half of it is of no use, and a full disk needs the room.
        let _ = fs::remove_file(&new);
    })?;
    sync_folder(path)?;
    Ok(file)
}

/// Keeps what is of no use out of the way, beside what was put there before; where it is then.
///
/// # Errors
/// It cannot be moved.
pub(super) fn put_aside(path: &Path) -> io::Result<PathBuf> {
    let free = (1..).map(|number: u32| named(path, &format!(".aside-{number}")));
    let aside = free.into_iter().find(|path| path.symlink_metadata().is_err()).unwrap_or_else(|| named(path, ".aside"));
    fs::rename(path, &aside)?;
    sync_folder(path)?;
    Ok(aside)
}

fn write_new(path: &Path, contents: &[u8], mode: u32) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().append(true).create_new(true).mode(mode).open(path)?;
    file.set_permissions(Permissions::from_mode(mode))?;
    file.write_all(contents)?;
    file.sync_all()?;
    Ok(file)
}

/// Has on the disk which files the folder of this one has, and under which names.
///
/// # Errors
/// The disk.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// The name with something behind it.
fn named(path: &Path, more: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(more);
    name.into()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::*;

    /// A folder with a file of somebody else's, and a state file that names it or is none.
    fn spoilt(spoil: fn(&Path, &Path)) -> (tempfile::TempDir, PathBuf, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let (theirs, path) = (folder.path().join("theirs"), folder.path().join("state"));
        fs::write(&theirs, "precious").unwrap();
        spoil(&path, &theirs);
        (folder, path, theirs)
    }

    fn pipe(path: &Path, _: &Path) {
        mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    }

    fn link(path: &Path, theirs: &Path) {
        symlink(theirs, path).unwrap();
    }

    #[test]
    fn what_is_no_regular_file_is_neither_read_nor_waited_for() {
        for spoil in [pipe, link, |path: &Path, _: &Path| fs::create_dir(path).unwrap()] {
            let (folder, path, _) = spoilt(spoil);
            assert_eq!(read(&path).unwrap_err().to_string(), "it is no regular file");
            assert_eq!(put_aside(&path).unwrap(), folder.path().join("state.aside-1"));
            assert!(read(&path).unwrap().is_none());
            fs::write(&path, "garbage").unwrap();
            assert_eq!(put_aside(&path).unwrap(), folder.path().join("state.aside-2"));
        }
    }

    #[test]
    fn what_a_link_names_is_not_written() {
        let (folder, path, theirs) = spoilt(link);
        open_to_lock(&path).unwrap_err();
        symlink(&theirs, folder.path().join("state.new")).unwrap();
        replace(&path, b"ours", 0o640).unwrap();
        assert_eq!(fs::read(&theirs).unwrap(), b"precious");
        assert_eq!(read(&path).unwrap().unwrap(), b"ours");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_lock_is_held_by_what_is_there() {
        let (_folder, path, _) = spoilt(pipe);
        open_to_lock(&path).unwrap();
        let (_folder, _, theirs) = spoilt(link);
        open_to_lock(&theirs).unwrap();
        assert_eq!(fs::read(&theirs).unwrap(), b"precious", "what is in it stays");
    }
}
