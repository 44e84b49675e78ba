//! What becomes of each error that the kernel may answer, as docs/operations.md says it.

use vgw::host::KernelError;

use crate::site::Site;

/// Numbers of include/uapi/asm-generic/errno-base.h and errno.h.
const ERRORS: [(&str, i32); 19] = [
    ("EPERM", 1),
    ("ENOENT", 2),
    ("ESRCH", 3),
    ("EINTR", 4),
    ("EAGAIN", 11),
    ("ENOMEM", 12),
    ("EBUSY", 16),
    ("EEXIST", 17),
    ("ENODEV", 19),
    ("EINVAL", 22),
    ("ENFILE", 23),
    ("EMFILE", 24),
    ("ENOSPC", 28),
    ("EOPNOTSUPP", 95),
    ("EADDRNOTAVAIL", 99),
    ("ENETDOWN", 100),
    ("ENETUNREACH", 101),
    ("ENOBUFS", 105),
    ("ETIMEDOUT", 110),
];

/// The manual's table: errors and their kind.
fn table() -> Vec<(i32, String)> {
    let manual = include_str!("../../docs/operations.md");
    let section = manual.split_once("## When the kernel refuses").unwrap().1.split_once("\n## ").unwrap().0;
    let rows = section.lines().filter(|line| line.starts_with("| `E"));
    let read = rows.flat_map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let names = cells[1].split(", ").map(|name| name.trim_matches('`'));
        let number = |name: &str| ERRORS.iter().find(|(other, _)| *other == name).expect(name).1;
        names.map(|name| (number(name), cells[2].to_owned())).collect::<Vec<_>>()
    });
    read.collect()
}

/// A request that meets the error, and then a repair that does.
fn play(errno: i32, kind: &str) {
    let mut site = Site::new();
    let mut ask = |request: &str| site.ask(request).join("\n");
    ask("add vgw1 instance red subnet 10.1.0.0/24");
    ask("looks");
    ask(&format!("kernel refuses dev vgw2 with {errno}"));
    let answer = ask("add vgw2 instance blue subnet 10.2.0.0/24");
    assert!(answer.contains("= refused: ") && answer.contains(&format!("(os error {errno})")), "{answer}");
    assert!(answer.contains("link delete vgw2") && !answer.contains("vgw1"), "{answer}");
    assert_eq!(ask("gateways"), "= vgw1");
    let looks = ask("looks");

    ask("kernel recovers");
    ask("add vgw2 instance blue subnet 10.2.0.0/24");
    ask(&format!("kernel refuses route add 10.2.0.0/24 with {errno}"));
    ask("somebody removes 10.2.0.0/24");
    ask("somebody removes 10.1.0.0/24");
    assert_eq!(ask("tick 1"), "route add 10.1.0.0/24 dev vgw1", "the other one is repaired");
    let problem = ask("problems");
    assert!(problem.starts_with("= route add 10.2.0.0/24 dev vgw2: ") && problem.contains("HOST-REFUSED"), "{problem}");
    assert_eq!(problem.lines().count(), 1, "{problem}");
    assert_eq!(ask("tick 100"), "", "it is still refused");
    ask("kernel recovers");
    let done = ask("tick 40");
    match kind {
        "passing" => assert_eq!(done, "route add 10.2.0.0/24 dev vgw2"),
        "others'" | "lasting" => {
            assert_eq!(done, "", "nobody has told of anything");
            assert_eq!(ask("problems"), problem);
            ask("somebody removes 10.1.0.0/24");
            let repaired = ask("tick 1");
            assert!(repaired.contains("route add 10.2.0.0/24 dev vgw2"), "{repaired}");
        }
        other => panic!("there is no kind {other}"),
    }
    assert_eq!(ask("problems"), "");
    // One look more, before the request is refused.
    assert_eq!(looks, if kind == "others'" { LOOKS_TWICE } else { LOOKS }, "{kind}");
}

/// How often the kernel is observed for a request that it refuses.
const LOOKS: &str = "= 2";
const LOOKS_TWICE: &str = "= 5";

#[test]
fn every_error_is_dealt_with_as_the_manual_says() {
    let table = table();
    assert_eq!(table.len(), ERRORS.len());
    for (errno, kind) in table {
        let error = KernelError { operation: String::new(), reason: String::new(), errno };
        assert_eq!((error.is_surprise(), error.is_passing()), (kind == "others'", kind == "passing"), "{errno}");
        play(errno, &kind);
    }
}
