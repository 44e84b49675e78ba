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

#[cfg(test)]
mod tests {
    use futures_util::stream;
    use rtnetlink::packet_core::{DoneMessage, ErrorMessage};
    use rtnetlink::packet_route::link::LinkMessage;
    use rtnetlink::packet_route::rule::{RuleAttribute, RuleMessage};

    use super::*;

    type Answer = NetlinkPayload<RouteNetlinkMessage>;

    fn collected(answers: Vec<(u16, Answer)>) -> Result<(usize, bool), NetlinkError> {
        let message = |(flags, payload)| {
            let mut header = NetlinkHeader::default();
            header.flags = flags;
            NetlinkMessage::new(header, payload)
        };
        let answers = stream::iter(answers.into_iter().map(message));
        let runtime = Builder::new_current_thread().build().unwrap();
        runtime.block_on(collect(answers)).map(|(rows, interrupted)| (rows.len(), interrupted))
    }

    fn row() -> Answer {
        Answer::InnerMessage(RouteNetlinkMessage::NewLink(LinkMessage::default()))
    }

    fn done(code: i32) -> Answer {
        let mut end = DoneMessage::default();
        end.code = code;
        Answer::Done(end)
    }

    #[test]
    fn a_dump_is_whole_only_with_its_end() {
        assert_eq!(collected(vec![(0, row()), (0, row()), (0, done(0))]), Ok((2, false)));
        assert_eq!(collected(vec![(0, row()), (0, row())]).unwrap_err().errno, libc::ECONNRESET);
        assert_eq!(collected(vec![(0, row()), (0, done(-libc::ENOENT))]).unwrap_err().errno, libc::ENOENT);
        assert_eq!(collected(vec![(0, row()), (0, Answer::Overrun(vec![]))]).unwrap_err().errno, libc::ENOBUFS);
    }

    #[test]
    fn an_inconsistent_dump_is_told_wherever_the_flag_is() {
        assert_eq!(collected(vec![(NLM_F_DUMP_INTR, row()), (0, done(0))]), Ok((1, true)));
        assert_eq!(collected(vec![(0, row()), (NLM_F_DUMP_INTR, done(0))]), Ok((1, true)));
    }

    #[test]
    fn a_request_is_done_only_with_its_acknowledgement() {
        assert_eq!(collected(vec![(0, Answer::Error(ErrorMessage::default()))]), Ok((0, false)));
        assert_eq!(collected(vec![]).unwrap_err().errno, libc::ECONNRESET);
    }

    #[test]
    fn a_failed_dump_does_not_look_like_an_empty_table() {
        // The kernel refuses this in the message that ends the dump.
        let mut message = RuleMessage::default();
        message.header.family = rtnetlink::packet_route::AddressFamily::Inet;
        message.attributes.push(RuleAttribute::Priority(7));
        let error = Netlink::open().unwrap().dump(&RouteNetlinkMessage::GetRule(message)).unwrap_err();
        assert_eq!(error.errno, libc::EINVAL);
        assert!(error.to_string().contains("fib rule dump request"), "{error}");
    }
}
