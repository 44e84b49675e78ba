//! A table of the family netdev: looked for and removed without a program, which may be gone when the host needs its card
//! back.

use std::io;

use rtnetlink::sys::Socket;
use rtnetlink::sys::protocols::NETLINK_NETFILTER;

// include/uapi/linux/netlink.h, netfilter.h, netfilter/nfnetlink.h and netfilter/nf_tables.h
const REQUEST: u16 = 1;
const ACKNOWLEDGE: u16 = 4;
const ERROR: u16 = 2;
const BATCH_BEGIN: u16 = 16;
const BATCH_END: u16 = 17;
const SUBSYSTEM: u16 = 10;
const GET_TABLE: u16 = SUBSYSTEM << 8 | 1;
const DELETE_TABLE: u16 = SUBSYSTEM << 8 | 2;
const TABLE_NAME: u16 = 1;
const NETDEV: u8 = 5;
const HEADER: usize = 16;

/// True if there is a table of that name in the present network namespace. Others' rules are not read.
///
/// # Errors
/// The kernel does not tell, or has no nf_tables.
pub(crate) fn has_device_table(name: &str) -> io::Result<bool> {
    let answer = ask(&message(GET_TABLE, REQUEST, NETDEV, 0, &named(name)))?;
    match refusal(&answer) {
        None => Ok(true),
        Some(libc::ENOENT) => Ok(false),
        Some(errno) => Err(io::Error::from_raw_os_error(errno)),
    }
}

/// Removes the table of that name, if there is one.
///
/// # Errors
/// The kernel refuses; nothing has changed then.
pub(crate) fn remove_device_table(name: &str) -> io::Result<()> {
    // Changes are taken as a transaction only.
    let mut transaction = message(BATCH_BEGIN, REQUEST, 0, SUBSYSTEM, &[]);
    transaction.extend(message(DELETE_TABLE, REQUEST | ACKNOWLEDGE, NETDEV, 0, &named(name)));
    transaction.extend(message(BATCH_END, REQUEST, 0, SUBSYSTEM, &[]));
    match refusal(&ask(&transaction)?) {
        // A kernel without nf_tables has no table either.
        None | Some(libc::ENOENT | libc::EOPNOTSUPP) => Ok(()),
        Some(errno) => Err(io::Error::from_raw_os_error(errno)),
    }
}

/// The first answer, which is there when the request has been sent.
fn ask(request: &[u8]) -> io::Result<Vec<u8>> {
    let mut socket = Socket::new(NETLINK_NETFILTER)?;
    socket.bind_auto()?;
    socket.set_non_blocking(true)?;
    socket.send(request, 0)?;
    Ok(socket.recv_from_full()?.0)
}

/// `struct nlmsghdr`, `struct nfgenmsg`, attributes.
fn message(kind: u16, flags: u16, family: u8, resource: u16, attributes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(HEADER + 4 + attributes.len()).unwrap_or(u32::MAX);
    let mut message = length.to_ne_bytes().to_vec();
    message.extend([kind.to_ne_bytes(), flags.to_ne_bytes()].concat());
    message.extend([0; 8]);
    message.extend([family, 0]);
    message.extend(resource.to_be_bytes());
    message.extend(attributes);
    message
}

fn named(name: &str) -> Vec<u8> {
    let length = u16::try_from(name.len() + 5).unwrap_or(u16::MAX);
    let mut attribute = [length.to_ne_bytes(), TABLE_NAME.to_ne_bytes()].concat();
    attribute.extend(name.as_bytes());
    attribute.push(0);
    attribute.resize(attribute.len().next_multiple_of(4), 0);
    attribute
}

/// The error number of an answer, positive; `None` if it is no refusal.
fn refusal(answer: &[u8]) -> Option<i32> {
    let half = |at: usize| Some(u16::from_ne_bytes(answer.get(at..at + 2)?.try_into().ok()?));
    let errno = i32::from_ne_bytes(answer.get(HEADER..HEADER + 4)?.try_into().ok()?);
    (half(4)? == ERROR && errno != 0).then_some(-errno)
}
