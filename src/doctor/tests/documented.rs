use std::collections::BTreeSet;

use super::super::Check;

#[test]
fn the_manual_has_every_check_and_no_other() {
    let manual = include_str!("../../../docs/doctor.md");
    let headings: Vec<&str> = manual.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    let expected: Vec<&str> = Check::ALL.iter().map(|check| check.as_str()).collect();
    assert_eq!(headings, expected, "docs/doctor.md has the checks in the order in which they are told");
}

#[test]
fn names_are_read_back_and_differ() {
    let names: BTreeSet<&str> = Check::ALL.iter().map(|check| check.as_str()).collect();
    assert_eq!(names.len(), Check::ALL.len());
    for check in Check::ALL {
        assert_eq!(check.as_str().parse(), Ok(check));
    }
    assert!("reverse-path".parse::<Check>().is_err());
}
