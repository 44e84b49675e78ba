//! Packets put into the host as if they came in by a device.
//!
//! A tap takes packets from the program that made it, and others have no way in. But the kernel runs XDP
//! programs on packets that the caller gives it, and passes them on in earnest if he says so
//! (`BPF_F_TEST_XDP_LIVE_FRAMES`, Linux 5.18, Documentation/bpf/bpf_prog_run.rst). The program here
//! says "pass" to everything. It is never attached to a device, and goes when its descriptor is closed.
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::io;
use std::mem::size_of_val;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

// include/uapi/linux/bpf.h
const PROG_LOAD: c_int = 5;
const PROG_TEST_RUN: c_int = 10;
const PROG_TYPE_XDP: u32 = 6;
const TEST_XDP_LIVE_FRAMES: u32 = 2;

/// `r0 = XDP_PASS; exit`, as the kernel's instructions are laid out: code, registers, offset, value.
const PASS: [[u8; 8]; 2] = [[0xb7, 0, 0, 0, 2, 0, 0, 0], [0x95, 0, 0, 0, 0, 0, 0, 0]];

/// The part of `union bpf_attr` for `BPF_PROG_LOAD`; what is left out counts as zero.
#[repr(C)]
struct Load {
    prog_type: u32,
    insn_cnt: u32,
    insns: u64,
    license: u64,
    log_level: u32,
    log_size: u32,
    log_buf: u64,
    kern_version: u32,
    prog_flags: u32,
    prog_name: [u8; 16],
}

/// The part of `union bpf_attr` for `BPF_PROG_TEST_RUN`.
#[repr(C)]
struct TestRun {
    prog_fd: u32,
    retval: u32,
    data_size_in: u32,
    data_size_out: u32,
    data_in: u64,
    data_out: u64,
    repeat: u32,
    duration: u32,
    ctx_size_in: u32,
    ctx_size_out: u32,
    ctx_in: u64,
    ctx_out: u64,
    flags: u32,
    cpu: u32,
    batch_size: u32,
    rest: u32,
}

/// `struct xdp_md`.
#[repr(C)]
#[derive(Default)]
struct Context {
    data: u32,
    data_end: u32,
    data_meta: u32,
    ingress_ifindex: u32,
    rx_queue_index: u32,
    egress_ifindex: u32,
}

/// A way into the host.
#[derive(Debug)]
pub(super) struct Injector {
    program: OwnedFd,
}

impl Injector {
    /// Opens it.
    ///
    /// # Errors
    /// `EPERM` without `CAP_BPF` and `CAP_NET_ADMIN`; `ENOSYS` where the kernel has no BPF.
    pub(super) fn open() -> io::Result<Self> {
        let mut prog_name = [0; 16];
        prog_name[..10].copy_from_slice(b"vgw_doctor");
        let load = Load {
            prog_type: PROG_TYPE_XDP,
            insn_cnt: 2,
            insns: address(PASS.as_ptr()),
            license: address(c"Apache-2.0".as_ptr()),
            log_level: 0,
            log_size: 0,
            log_buf: 0,
            kern_version: 0,
            prog_flags: 0,
            prog_name,
        };
        let descriptor = bpf(PROG_LOAD, &load)?;
        // SAFETY: a descriptor that was just opened and that nobody else has.
        Ok(Self { program: unsafe { OwnedFd::from_raw_fd(descriptor) } })
    }

    /// Lets an Ethernet frame come in by a device of this network namespace, by its index.
    ///
    /// # Errors
    /// `EINVAL` before Linux 5.18; `ENODEV` if there is no such device.
    pub(super) fn put_in(&self, device: u32, frame: &[u8]) -> io::Result<()> {
        let length = |bytes: usize| u32::try_from(bytes).map_err(io::Error::other);
        let end = length(frame.len())?;
        let context = Context { data_end: end, ingress_ifindex: device, ..Context::default() };
        let run = TestRun {
            prog_fd: u32::try_from(self.program.as_raw_fd()).map_err(io::Error::other)?,
            retval: 0,
            data_size_in: end,
            data_size_out: 0,
            data_in: address(frame.as_ptr()),
            data_out: 0,
            repeat: 1,
            duration: 0,
            ctx_size_in: length(size_of_val(&context))?,
            ctx_size_out: 0,
            ctx_in: address(&raw const context),
            ctx_out: 0,
            flags: TEST_XDP_LIVE_FRAMES,
            cpu: 0,
            batch_size: 0,
            rest: 0,
        };
        bpf(PROG_TEST_RUN, &run).map(drop)
    }
}

/// A pointer as the kernel's interface takes it.
fn address<T>(pointer: *const T) -> u64 {
    pointer.addr() as u64
}

fn bpf<T>(command: c_int, attributes: &T) -> io::Result<c_int> {
    // SAFETY: the attributes live through the call, as does all that they point to, and their length is right.
    let result =
        unsafe { libc::syscall(libc::SYS_bpf, command, std::ptr::from_ref(attributes), size_of_val(attributes)) };
    if result < 0 { Err(io::Error::last_os_error()) } else { c_int::try_from(result).map_err(io::Error::other) }
}
