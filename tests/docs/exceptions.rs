//! What the pages show and no session runs, with the reason.

/// Fenced blocks: the page, how the block begins, why it is not typed.
pub(crate) const BLOCKS: &[(&str, &str, &str)] = &[
    ("README.md", "./scripts/demo", "these two are what continuous integration runs"),
    ("README.md", "vgwd &", "an overview; each verb has its session in the pages that it points to"),
    ("README.md", "vgw trace", "an overview; each verb has its session in the pages that it points to"),
    ("docs/benchmarks.md", "./scripts/bench --quick", "takes up to half an hour; its figures are in the page"),
    ("docs/install.md", "scripts/package ", "builds and installs a package: 'scripts/package --check' does"),
    (
        "docs/install.md",
        "FROM scratch",
        "a container's recipe: 'scripts/package --static' tries the programs in an empty root",
    ),
    ("docs/install.md", "cargo build", "builds with optimisation and installs for the whole machine"),
    ("docs/uplinks.md", "# /etc/dhcp/dhclient-enter-hooks.d", "a file for dhclient; tests/netns/hooks.rs runs it"),
];

/// Verbs of `vgw` that pages name.
pub(crate) const VERBS: &[(&str, &str)] =
    &[("vgw demo", "has its own namespaces, and is what scripts/demo runs; tests/netns has it too")];
