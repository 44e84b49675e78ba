//! One netlink socket and the two ways of asking: a request that is acknowledged and a dump.

use std::fmt;
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use rtnetlink::packet_core::{
    NLM_F_ACK, NLM_F_DUMP, NLM_F_DUMP_INTR, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload,
};
use rtnetlink::packet_route::RouteNetlinkMessage;
use rtnetlink::sys::AsyncSocket;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

use super::error::NetlinkError;

/// Times that an inconsistent dump is taken again before it counts as failed.
const DUMP_ATTEMPTS: usize = 5;

/// Longest wait for an answer. The kernel answers in microseconds, but behind its one lock for all
/// links, which is held for seconds while many links go.
const PATIENCE: Duration = Duration::from_secs(30);

/// A rtnetlink socket in the network namespace of the thread that opened it. Every call waits for
/// the kernel's answer.
pub struct Netlink {
    runtime: Runtime,
    handle: rtnetlink::Handle,
    connection: JoinHandle<()>,
}

impl Netlink {
    /// Opens a socket with strict checking of requests and with errors in words.
    ///
    /// # Errors
    /// No descriptor or no memory left.
    pub fn open() -> Result<Self, NetlinkError> {
        let runtime = Builder::new_current_thread().enable_io().enable_time().build()?;
        let (handle, connection) = connect(&runtime)?;
        Ok(Self { runtime, handle, connection })
    }

    /// Makes a request and waits until it has been carried out; the answer's messages, if any.
    pub(super) fn request(
        &mut self,
        message: RouteNetlinkMessage,
        flags: u16,
    ) -> Result<Vec<RouteNetlinkMessage>, NetlinkError> {
        Ok(self.exchange(message, NLM_F_REQUEST | NLM_F_ACK | flags)?.0)
    }

    /// Reads a whole table.
    pub(super) fn dump(&mut self, message: &RouteNetlinkMessage) -> Result<Vec<RouteNetlinkMessage>, NetlinkError> {
        for _ in 0..DUMP_ATTEMPTS {
            let (rows, interrupted) = self.exchange(message.clone(), NLM_F_REQUEST | NLM_F_DUMP)?;
            if !interrupted {
                return Ok(rows);
            }
        }
        Err(NetlinkError::explained(libc::EINTR, "the kernel's tables kept changing while they were read"))
    }

    /// The answer's messages, and whether they stem from different states of the kernel.
    fn exchange(
        &mut self,
        message: RouteNetlinkMessage,
        flags: u16,
    ) -> Result<(Vec<RouteNetlinkMessage>, bool), NetlinkError> {
        if self.connection.is_finished() {
            (self.handle, self.connection) = connect(&self.runtime)?;
        }
        let mut header = NetlinkHeader::default();
        header.flags = flags;
        let request = NetlinkMessage::new(header, NetlinkPayload::from(message));
        let answers = self.handle.request(request).map_err(|_| closed())?;
        self.runtime.block_on(async {
            let patience = tokio::time::timeout(PATIENCE, collect(answers));
            patience.await.unwrap_or_else(|_| Err(NetlinkError::new(libc::ETIMEDOUT)))
        })
    }
}

impl fmt::Debug for Netlink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Netlink")
    }
}

fn connect(runtime: &Runtime) -> Result<(rtnetlink::Handle, JoinHandle<()>), NetlinkError> {
    // The socket registers with the runtime that is entered.
    let _entered = runtime.enter();
    let (mut connection, handle, _) = rtnetlink::new_connection_with_strict_check()?;
    let socket = connection.socket_mut().socket_mut();
    socket.set_ext_ack(true)?;
    socket.set_cap_ack(true)?;
    // Without these a request looks done as soon as its stream ends, for whatever reason.
    connection.set_forward_ack(true);
    connection.set_forward_done(true);
    Ok((handle, runtime.spawn(connection)))
}

async fn collect(
    answers: impl Stream<Item = NetlinkMessage<RouteNetlinkMessage>>,
) -> Result<(Vec<RouteNetlinkMessage>, bool), NetlinkError> {
    let mut answers = std::pin::pin!(answers);
    let mut rows = Vec::new();
    let mut interrupted = false;
    while let Some(answer) = answers.next().await {
        interrupted |= answer.header.flags & NLM_F_DUMP_INTR != 0;
        match answer.payload {
            NetlinkPayload::InnerMessage(row) => rows.push(row),
            NetlinkPayload::Error(answer) if answer.code.is_some() => return Err(NetlinkError::of_answer(&answer)),
            NetlinkPayload::Done(end) if end.code != 0 => return Err(NetlinkError::of_dump(&end)),
            NetlinkPayload::Error(_) | NetlinkPayload::Done(_) => return Ok((rows, interrupted)),
            NetlinkPayload::Overrun(_) => return Err(NetlinkError::new(libc::ENOBUFS)),
            _ => {}
        }
    }
    Err(closed())
}

fn closed() -> NetlinkError {
    NetlinkError::explained(libc::ECONNRESET, "the netlink socket was closed")
}
