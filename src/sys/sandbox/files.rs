//! Files (landlock(7)): where the daemon reads, writes and runs programs from now on.

use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetCreatedAttr,
    RulesetError, RulesetStatus, Scope, path_beneath_rules,
};

use crate::engine::Extent;

/// The newest rules we know; an older kernel keeps to those that it has.
const NEWEST: ABI = ABI::V6;

/// Programs and what they need to run: `nft` is one. Folders of `PATH` come on top.
const PROGRAMS: &[&str] = &["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/nix/store", "/gnu/store"];

/// What programs and libraries look up, and where the host tells of its network.
const LOOKED_UP: &[&str] = &[
    "/etc/ld.so.cache",
    "/etc/ld.so.preload",
    "/etc/localtime",
    "/etc/nsswitch.conf",
    "/etc/protocols",
    "/etc/services",
    "/etc/iproute2",
    "/dev/urandom",
    "/run/netns",
    "/proc",
    "/sys/class/net",
    "/sys/devices",
];

/// Devices, and the switches of interfaces.
const SWITCHES: &[&str] = &["/dev/net/tun", "/dev/null", "/proc/sys/net"];

/// The daemon's own folders.
#[derive(Debug, Default)]
pub struct Folders {
    /// Read only: the configuration.
    pub read: Vec<PathBuf>,
    /// Files come and go there: the state, sockets, leases, names of tables.
    pub written: Vec<PathBuf>,
}

/// Confines the present thread, and all that it starts. What the kernel does not know is left out.
///
/// # Errors
/// What the kernel says.
pub(super) fn confine(folders: &Folders) -> Result<Extent, RulesetError> {
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let kept = AccessFs::WriteFile
        | AccessFs::Truncate
        | AccessFs::MakeReg
        | AccessFs::MakeDir
        | AccessFs::MakeSock
        | AccessFs::RemoveFile
        | AccessFs::RemoveDir
        | AccessFs::Refer;
    let run: BitFlags<AccessFs> = read | AccessFs::Execute;
    let switch = read | AccessFs::WriteFile | AccessFs::Truncate | AccessFs::IoctlDev;
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::split_paths(&path).filter(|folder| folder.is_absolute());
    let status = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(NEWEST))?
        .handle_access(AccessNet::from_all(NEWEST))?
        .scope(Scope::Signal)?
        .create()?
        .add_rules(path_beneath_rules(PROGRAMS, run))?
        .add_rules(path_beneath_rules(path, run))?
        .add_rules(path_beneath_rules(LOOKED_UP, read))?
        .add_rules(path_beneath_rules(SWITCHES, switch))?
        .add_rules(path_beneath_rules(folders.read.iter().map(PathBuf::as_path).map(present), read))?
        .add_rules(path_beneath_rules(folders.written.iter().map(PathBuf::as_path).map(present), read | kept))?
        .restrict_self()?;
    Ok(extent(&status.ruleset))
}

/// How much of the ruleset the kernel keeps to.
pub(super) fn extent(status: &RulesetStatus) -> Extent {
    match status {
        RulesetStatus::FullyEnforced => Extent::All,
        RulesetStatus::PartiallyEnforced => Extent::Part("this kernel knows only some of its rules".to_owned()),
        RulesetStatus::NotEnforced => Extent::None("this kernel has no landlock, or it is switched off".to_owned()),
    }
}

/// The folder that a relative name without one stands for.
fn present(folder: &Path) -> &Path {
    if folder == Path::new("") { Path::new(".") } else { folder }
}
