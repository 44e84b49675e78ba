use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;
use crate::gateway::{Auditee, Key};

/// A change that can be told from others.
fn forget(name: &str) -> Record {
    Record::Forget(Key::Gateway(name.parse().unwrap()))
}

/// A change of which something is left.
fn audit(version: u32) -> Record {
    let text = format!(
        "{{\"format\":\"vgw.dynamic/1\",\"build\":\"\",\"boot\":\"\"}}\n[{{\"audit\":{{\"of\":\"gateways\",\
         \"version\":{version},\"timeout\":null,\"configured\":null,\"running\":[]}}}}]\n"
    );
    let audits = Journal::read(text.as_bytes()).unwrap().saved.audits;
    Record::Audit(Auditee::Gateways, audits[&Auditee::Gateways].clone())
}

fn opened(folder: &Path) -> Dynamic {
    Dynamic::in_folder(folder, "boot".to_owned())
}

fn version(found: &Recollection) -> Option<u32> {
    found.saved.audits.get(&Auditee::Gateways).map(crate::gateway::Audit::version)
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn nothing() -> Vec<Record> {
    Vec::new()
}

#[test]
fn what_is_written_is_read_by_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = opened(folder.path());
    assert_eq!(version(&first.read()), None);
    first.write(&[], &|| vec![audit(1)]).unwrap();
    first.write(&[audit(2), forget("vgw1")], &|| panic!("this costs what has changed")).unwrap();
    let found = opened(folder.path()).read();
    assert!(found.is_same_boot);
    assert_eq!(version(&found), Some(2));
    let found = Dynamic::in_folder(folder.path(), "another".to_owned()).read();
    assert!(!found.is_same_boot);
    assert_eq!(version(&found), Some(2));
    assert_eq!(names(folder.path()), [NAME]);
    assert_eq!(fs::metadata(folder.path().join(NAME)).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_torn_line_is_left_out_and_goes_with_the_next_writing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(NAME);
    let mut dynamic = opened(folder.path());
    dynamic.write(&[], &|| vec![audit(1)]).unwrap();
    let good = fs::read(&path).unwrap();
    let torn = Journal::line(&[audit(2)]);
    fs::write(&path, [&good[..], &torn[..torn.len() / 2]].concat()).unwrap();
    let mut next = opened(folder.path());
    assert_eq!(version(&next.read()), Some(1));
    assert!(next.put_aside().is_none());
    next.write(&[], &|| vec![audit(1)]).unwrap();
    assert_eq!(fs::read(&path).unwrap(), good);
}

#[test]
fn what_cannot_be_read_is_kept_under_another_name() {
    type Spoil = fn(&Path);
    let table: [(&str, Spoil, &str); 8] = [
        ("empty", |path| fs::write(path, "").unwrap(), "none of vgwd's"),
        ("garbage", |path| fs::write(path, [0xff; 5000]).unwrap(), "none of vgwd's"),
        ("another's", |path| fs::write(path, "{\"boot\":\"x\"}\n").unwrap(), "none of vgwd's"),
        (
            "a newer vgwd's",
            |path| fs::write(path, "{\"format\":\"vgw.dynamic/2\",\"build\":\"9\",\"boot\":\"b\"}\n???\n").unwrap(),
            "version 2 of the format, and this vgwd knows 1",
        ),
        (
            "a bad line",
            |path| fs::write(path, [Journal::header("boot"), b"[{}]\n[]\n".to_vec()].concat()).unwrap(),
            "line 2: ",
        ),
        ("a link", |path| symlink("/etc/passwd", path).unwrap(), "no regular file"),
        ("a folder", |path| fs::create_dir(path).unwrap(), "no regular file"),
        (
            "anybody's",
            |path| {
                fs::write(path, Journal::header("boot")).unwrap();
                fs::set_permissions(path, fs::Permissions::from_mode(0o666)).unwrap();
            },
            "others than vgwd may write it",
        ),
    ];
    for (what, spoil, why) in table {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(NAME);
        spoil(&path);
        let mut dynamic = opened(folder.path());
        let found = dynamic.read();
        assert!(found.saved.things.is_empty() && version(&found).is_none(), "{what}");
        let aside = dynamic.put_aside().unwrap();
        assert!(aside.reason.contains(why), "{what}: {aside}");
        assert_eq!(aside.file, folder.path().join("dynamic.jsonl.aside-1").display().to_string());
        dynamic.write(&[], &|| vec![audit(1)]).unwrap();
        assert_eq!(names(folder.path()), [NAME, "dynamic.jsonl.aside-1"], "{what}");
        assert_eq!(version(&opened(folder.path()).read()), Some(1), "{what}");

        // The next one does not take its place, and is no problem any more when it is removed.
        spoil_again(&path);
        let mut dynamic = opened(folder.path());
        dynamic.read();
        assert!(dynamic.put_aside().unwrap().file.ends_with(".aside-2"));
        fs::remove_file(folder.path().join("dynamic.jsonl.aside-2")).unwrap();
        assert!(dynamic.put_aside().is_none());
    }
}

fn spoil_again(path: &Path) {
    fs::write(path, "spoilt").unwrap();
}

#[test]
fn a_long_journal_is_written_anew() {
    let folder = tempfile::tempdir().unwrap();
    let mut dynamic = opened(folder.path());
    dynamic.write(&[], &|| vec![audit(1)]).unwrap();
    let change: Vec<Record> = (0..1000).map(|number| forget(&format!("vgw{number}"))).collect();
    let length = || fs::metadata(folder.path().join(NAME)).unwrap().len();
    let mut greatest = 0;
    for _ in 0..200 {
        dynamic.write(&change, &|| vec![audit(7)]).unwrap();
        greatest = greatest.max(length());
    }
    assert!((GROWTH..2 * GROWTH).contains(&greatest), "{greatest}");
    assert!(length() < GROWTH);
    assert_eq!(version(&opened(folder.path()).read()), Some(7));
}

#[test]
fn a_journal_that_somebody_removed_is_written_anew() {
    let folder = tempfile::tempdir().unwrap();
    let mut dynamic = opened(folder.path());
    dynamic.write(&[], &nothing).unwrap();
    fs::remove_file(folder.path().join(NAME)).unwrap();
    dynamic.write(&[forget("vgw1")], &|| vec![audit(5)]).unwrap();
    assert_eq!(version(&opened(folder.path()).read()), Some(5));
    // The folder is not there: nothing can be written, until it is.
    fs::remove_dir_all(folder.path()).unwrap();
    assert!(dynamic.write(&[audit(6)], &|| vec![audit(6)]).is_err());
    fs::create_dir(folder.path()).unwrap();
    dynamic.write(&[], &|| vec![audit(6)]).unwrap();
    assert_eq!(version(&opened(folder.path()).read()), Some(6));
}

#[test]
fn a_journal_that_is_not_where_it_was_is_written_to_no_further() {
    let folder = tempfile::tempdir().unwrap();
    let (path, moved) = (folder.path().join(NAME), folder.path().join("moved"));
    let mut dynamic = opened(folder.path());
    dynamic.write(&[], &|| vec![audit(1)]).unwrap();
    let before = fs::read(&path).unwrap();
    fs::rename(&path, &moved).unwrap();
    dynamic.write(&[audit(2)], &|| vec![audit(2)]).unwrap();
    assert_eq!(version(&opened(folder.path()).read()), Some(2));
    // Or another is in its place, for example one that was restored.
    fs::copy(&moved, folder.path().join("copy")).unwrap();
    fs::rename(folder.path().join("copy"), &path).unwrap();
    dynamic.write(&[audit(3)], &|| vec![audit(3)]).unwrap();
    assert_eq!(version(&opened(folder.path()).read()), Some(3));
    assert_eq!(fs::read(&moved).unwrap(), before);
}
