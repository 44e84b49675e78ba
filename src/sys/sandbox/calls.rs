//! System calls (seccomp(2)), for each thread by its role.
//!
//! A call that is not allowed fails with `EPERM`. Threads that read what others send have a list of what they may
//! call. The conductor, whose programs bring libraries of their own, and the main thread have a list of what they
//! may not.

use std::collections::BTreeMap;

use libc::c_long;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    apply_filter,
};

use crate::engine::Role;

/// What every thread of the standard library and its allocator does, waiting, reading and writing what is open,
/// and logging.
const EVERYBODY: &[c_long] = &[
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_close,
    libc::SYS_sendto,
    libc::SYS_sendmsg,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_getsockopt,
    libc::SYS_shutdown,
    libc::SYS_ppoll,
    libc::SYS_epoll_pwait,
    libc::SYS_epoll_ctl,
    libc::SYS_futex,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_gettimeofday,
    libc::SYS_getrandom,
    libc::SYS_brk,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_membarrier,
    libc::SYS_rt_sigreturn,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigaction,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    libc::SYS_rseq,
    libc::SYS_set_robust_list,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

/// The same by their older names, which other architectures never had.
#[cfg(target_arch = "x86_64")]
const OLD_NAMES: &[c_long] = &[libc::SYS_poll, libc::SYS_epoll_wait];
#[cfg(not(target_arch = "x86_64"))]
const OLD_NAMES: &[c_long] = &[];

/// What moves packets many at a time.
const WORKER: &[c_long] = &[libc::SYS_io_uring_enter, libc::SYS_recvmmsg, libc::SYS_sendmmsg];

/// What may be done to a descriptor. Others have the kernel send signals to any process (`F_SETOWN`, `F_SETSIG`),
/// which landlock forbids from Linux 6.12 on only.
const DESCRIPTOR: &[i32] = &[libc::F_GETFD, libc::F_SETFD, libc::F_GETFL, libc::F_SETFL, libc::F_DUPFD_CLOEXEC];

/// What tells the service manager.
const WATCHER: &[c_long] = &[libc::SYS_getsockname];

/// What accepts connections, asks whose they are, and reads the process's own figures (the files are landlock's
/// business).
const API: &[c_long] = &[
    libc::SYS_accept4,
    libc::SYS_bind,
    libc::SYS_connect,
    libc::SYS_getsockname,
    libc::SYS_getpeername,
    libc::SYS_setsockopt,
    libc::SYS_openat,
    libc::SYS_getdents64,
    libc::SYS_lseek,
    libc::SYS_fstat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_unlinkat,
    libc::SYS_clone3,
    libc::SYS_set_tid_address,
    libc::SYS_sysinfo,
    libc::SYS_geteuid,
];

/// The same for files, which musl still uses.
#[cfg(target_arch = "x86_64")]
const OLD_API: &[c_long] = &[libc::SYS_open, libc::SYS_stat, libc::SYS_lstat, libc::SYS_unlink];
#[cfg(not(target_arch = "x86_64"))]
const OLD_API: &[c_long] = &[];

/// What nobody has a reason to do: others' memory, file systems, programs in the kernel, the kernel itself,
/// clocks, keys, new namespaces, other users.
const NOBODY: &[c_long] = &[
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_kcmp,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_open_by_handle_at,
    libc::SYS_quotactl,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_reboot,
    libc::SYS_syslog,
    libc::SYS_acct,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    libc::SYS_unshare,
    libc::SYS_setuid,
    libc::SYS_setgid,
    libc::SYS_setreuid,
    libc::SYS_setregid,
    libc::SYS_setresuid,
    libc::SYS_setresgid,
    libc::SYS_setgroups,
    libc::SYS_personality,
    libc::SYS_vhangup,
];

/// Ports of the machine; only here.
#[cfg(target_arch = "x86_64")]
const NOBODY_HERE: &[c_long] = &[libc::SYS_ioperm, libc::SYS_iopl, libc::SYS_modify_ldt];
#[cfg(not(target_arch = "x86_64"))]
const NOBODY_HERE: &[c_long] = &[];

/// `CLONE_NEW*` (clone(2)).
const NEW_NAMESPACES: u64 = 0x7e02_0080;

/// Restricts the present thread and those it starts.
pub(super) fn restrict(role: Role) -> Result<(), seccompiler::Error> {
    for program in programs(role)? {
        apply_filter(&program)?;
    }
    Ok(())
}

/// Calls, and for each on what conditions the rule holds; none is always.
type Rules = BTreeMap<c_long, Vec<SeccompRule>>;

fn programs(role: Role) -> Result<Vec<BpfProgram>, seccompiler::Error> {
    let refused = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let allowed = |rules| compile(rules, refused.clone(), SeccompAction::Allow);
    let forbidden = |rules| compile(rules, SeccompAction::Allow, refused.clone());
    match role {
        Role::Worker => Ok(vec![allowed(reading(WORKER)?)?]),
        Role::Watcher => {
            let mut rules = reading(WATCHER)?;
            rules.insert(libc::SYS_socket, vec![rule(&[is(0, libc::AF_UNIX)?])?]);
            Ok(vec![allowed(rules)?])
        }
        // The longer list comes last: it allows no further one.
        Role::Api => Ok(vec![without_clone3()?, allowed(api()?)?]),
        Role::Conductor => {
            let mut rules = forbidding(&[])?;
            // A namespace of the network, and no other.
            rules.insert(libc::SYS_setns, vec![rule(&[condition(1, SeccompCmpOp::Ne, libc::CLONE_NEWNET)?])?]);
            Ok(vec![without_clone3()?, forbidden(rules)?])
        }
        Role::Main => {
            let rules = forbidding(&[libc::SYS_execve, libc::SYS_execveat, libc::SYS_setns])?;
            Ok(vec![without_clone3()?, forbidden(rules)?])
        }
    }
}

/// What a thread may call that reads what others send: no memory becomes a program.
fn reading(more: &[c_long]) -> Result<Rules, seccompiler::Error> {
    let calls = [EVERYBODY, OLD_NAMES, more].concat();
    let mut rules: Rules = calls.into_iter().map(|call| (call, Vec::new())).collect();
    let plain = rule(&[clear(2, libc::PROT_EXEC)?])?;
    rules.insert(libc::SYS_mmap, vec![plain.clone()]);
    rules.insert(libc::SYS_mprotect, vec![plain]);
    let descriptor = DESCRIPTOR.iter().map(|&command| rule(&[is(1, command)?]));
    rules.insert(libc::SYS_fcntl, descriptor.collect::<Result<_, _>>()?);
    // To this process itself: how it aborts.
    let itself = i32::try_from(std::process::id()).unwrap_or(0);
    rules.insert(libc::SYS_tgkill, vec![rule(&[is(0, itself)?])?]);
    Ok(rules)
}

fn api() -> Result<Rules, seccompiler::Error> {
    let mut rules = reading(&[API, OLD_API].concat())?;
    let datagram = |family| rule(&[is(0, family)?, condition(1, SeccompCmpOp::MaskedEq(0xf), libc::SOCK_DGRAM)?]);
    // Whose connection it is, and whether an address is the host's own. Nothing that configures the host.
    let owners = rule(&[is(0, libc::AF_NETLINK)?, is(2, libc::NETLINK_SOCK_DIAG)?])?;
    let sockets = vec![owners, datagram(libc::AF_INET)?, datagram(libc::AF_INET6)?];
    rules.insert(libc::SYS_socket, sockets);
    let non_blocking = i32::try_from(libc::FIONBIO).unwrap_or(0);
    rules.insert(libc::SYS_ioctl, vec![rule(&[is(1, non_blocking)?])?]);
    rules.insert(libc::SYS_prctl, vec![rule(&[is(0, libc::PR_SET_NAME)?])?]);
    rules.insert(libc::SYS_clone, vec![rule(&[masked(0, NEW_NAMESPACES, 0)?])?]);
    Ok(rules)
}

/// What nobody may call, and these.
fn forbidding(more: &[c_long]) -> Result<Rules, seccompiler::Error> {
    let calls = [NOBODY, NOBODY_HERE, more].concat();
    let mut rules: Rules = calls.into_iter().map(|call| (call, Vec::new())).collect();
    let new = (0..64).map(|bit| 1 << bit).filter(|bit| NEW_NAMESPACES & bit != 0);
    rules.insert(libc::SYS_clone, new.map(|bit| rule(&[masked(0, bit, bit)?])).collect::<Result<_, _>>()?);
    // Typing on somebody's terminal.
    let typing = i32::try_from(libc::TIOCSTI).unwrap_or(0);
    rules.insert(libc::SYS_ioctl, vec![rule(&[is(1, typing)?])?]);
    Ok(rules)
}

/// Its flags are in memory, where no filter looks: libraries that do not find it take `clone`.
fn without_clone3() -> Result<BpfProgram, seccompiler::Error> {
    let absent = SeccompAction::Errno(libc::ENOSYS.unsigned_abs());
    compile([(libc::SYS_clone3, Vec::new())].into(), SeccompAction::Allow, absent)
}

fn compile(rules: Rules, otherwise: SeccompAction, action: SeccompAction) -> Result<BpfProgram, seccompiler::Error> {
    let filter = SeccompFilter::new(rules, otherwise, action, std::env::consts::ARCH.try_into()?)?;
    Ok(filter.try_into()?)
}

fn rule(conditions: &[SeccompCondition]) -> Result<SeccompRule, seccompiler::Error> {
    Ok(SeccompRule::new(conditions.to_vec())?)
}

fn is(argument: u8, value: i32) -> Result<SeccompCondition, seccompiler::Error> {
    condition(argument, SeccompCmpOp::Eq, value)
}

fn clear(argument: u8, bits: i32) -> Result<SeccompCondition, seccompiler::Error> {
    masked(argument, u64::from(bits.unsigned_abs()), 0)
}

fn masked(argument: u8, mask: u64, value: u64) -> Result<SeccompCondition, seccompiler::Error> {
    let operator = SeccompCmpOp::MaskedEq(mask);
    Ok(SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, value)?)
}

fn condition(argument: u8, operator: SeccompCmpOp, value: i32) -> Result<SeccompCondition, seccompiler::Error> {
    Ok(SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, u64::from(value.unsigned_abs()))?)
}
