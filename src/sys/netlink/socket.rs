//! One netlink socket and the two ways of asking: requests that are acknowledged, many at once, and a
//! dump.

mod raw;

use std::fmt;
use std::time::Duration;

use rtnetlink::packet_core::{
    NLM_F_ACK, NLM_F_DUMP, NLM_F_DUMP_INTR, NLM_F_REQUEST, NetlinkBuffer, NetlinkHeader, NetlinkMessage,
    NetlinkPayload, NetlinkSerializable,
};
use rtnetlink::packet_route::RouteNetlinkMessage;
use rtnetlink::sys::protocols::NETLINK_ROUTE;
use rtnetlink::sys::{Socket, SocketAddr};
use rustix::net::netdevice::name_to_index;
use rustix::net::sockopt::{Timeout, set_socket_recv_buffer_size_force, set_socket_timeout};

use crate::addr::InterfaceName;

use super::error::NetlinkError;

/// Times that a dump is taken while it comes out inconsistent.
pub(super) const DUMP_ATTEMPTS: usize = 5;

/// Longest wait for an answer. The kernel answers in microseconds, but behind its one lock for all
/// links, which is held for seconds while many links go.
const PATIENCE: Duration = Duration::from_secs(30);

/// Requests in one datagram. The kernel carries them out within the call that sends it, and all
/// answers wait in the socket meanwhile: they must fit.
const BATCH: usize = 128;

/// Bytes of requests in one datagram, unless a single one is longer. The kernel refuses a datagram
/// as a whole (`EMSGSIZE`) that its buffer for sending has no room for, usually 208 KiB.
const BATCH_BYTES: usize = 64 << 10;

/// Bytes of answers that may wait; the kernel counts twice what it needs for each.
const WAITING: usize = 8 << 20;

/// Bytes of `struct nlmsghdr`.
pub(super) const HEADER: usize = 16;

/// Longest datagram of the kernel's (`NLMSG_GOODSIZE` and what a dump takes, 32 KiB).
pub(super) const DATAGRAM: usize = 64 << 10;

/// A rtnetlink socket in the network namespace of the thread that opened it. Every call waits for
/// the kernel's answer.
pub struct Netlink {
    socket: Socket,
    port: u32,
    sequence: u32,
    datagram: Vec<u8>,
}

/// Something to be asked of the kernel, alone or with others.
#[derive(Debug, Clone)]
pub struct Request {
    pub(super) message: RouteNetlinkMessage,
    pub(super) flags: u16,
}

/// A table, read once.
#[derive(Debug)]
pub(super) struct Dump {
    pub(super) rows: Vec<RouteNetlinkMessage>,
    /// False if it has changed meanwhile: of what came or went since it was begun it has some and not other, and
    /// something that stood all the time may be missing (`NLM_F_DUMP_INTR`,
    /// Documentation/userspace-api/netlink/intro.rst).
    pub(super) is_consistent: bool,
}

/// What has come in answer to one request.
#[derive(Debug, Default)]
struct Answer {
    rows: Vec<RouteNetlinkMessage>,
    /// The rows stem from different states of the kernel.
    interrupted: bool,
    end: Option<Result<(), NetlinkError>>,
}

impl Request {
    /// Bytes that it takes in a datagram.
    fn length(&self) -> usize {
        (HEADER + self.message.buffer_len()).next_multiple_of(4)
    }
}

impl Netlink {
    /// Opens a socket with strict checking of requests and with errors in words.
    ///
    /// # Errors
    /// No descriptor or no memory left.
    pub fn open() -> Result<Self, NetlinkError> {
        let mut socket = Socket::new(NETLINK_ROUTE)?;
        let port = socket.bind_auto()?.port_number();
        socket.connect(&SocketAddr::new(0, 0))?;
        socket.set_netlink_get_strict_chk(true)?;
        socket.set_ext_ack(true)?;
        socket.set_cap_ack(true)?;
        set_socket_timeout(&socket, Timeout::Recv, Some(PATIENCE)).map_err(std::io::Error::from)?;
        // Without the right to this the usual size has to do, and a batch may be answered in part.
        if let Err(error) = set_socket_recv_buffer_size_force(&socket, WAITING) {
            tracing::debug!(%error, "netlink answers have little room");
        }
        Ok(Self { socket, port, sequence: 0, datagram: Vec::with_capacity(DATAGRAM) })
    }

    /// The number by which the kernel tells what this socket has done.
    pub fn port(&self) -> u32 {
        self.port
    }

    /// Makes requests, in this order; what became of each. One that fails does not keep those behind
    /// it from being carried out.
    pub fn carry_out(&mut self, requests: Vec<Request>) -> Vec<Result<(), NetlinkError>> {
        self.ask(requests).into_iter().map(|answer| answer.map(drop)).collect()
    }

    /// Makes requests, in this order; the messages of each answer.
    pub(super) fn ask(&mut self, requests: Vec<Request>) -> Vec<Result<Vec<RouteNetlinkMessage>, NetlinkError>> {
        let mut outcomes = Vec::with_capacity(requests.len());
        let mut requests = requests.into_iter().peekable();
        while requests.peek().is_some() {
            let (mut batch, mut bytes) = (Vec::new(), 0);
            while let Some(request) =
                requests.next_if(|next| batch.is_empty() || batch.len() < BATCH && bytes + next.length() <= BATCH_BYTES)
            {
                bytes += request.length();
                batch.push(request);
            }
            let answers = self.exchange(batch, NLM_F_ACK);
            outcomes.extend(answers.into_iter().map(|answer| answer.and_then(Answer::whole)));
        }
        outcomes
    }

    /// Makes one request.
    ///
    /// # Errors
    /// What the kernel refused.
    pub fn one_done(&mut self, request: Request) -> Result<(), NetlinkError> {
        self.one(request).map(drop)
    }

    /// The index of the link of that name, without anything else about it.
    ///
    /// # Errors
    /// `ENODEV` if there is none.
    pub fn index(&self, name: InterfaceName) -> Result<u32, NetlinkError> {
        Ok(name_to_index(&self.socket, name.as_str()).map_err(std::io::Error::from)?)
    }

    /// The messages of one request's answer.
    pub(super) fn one(&mut self, request: Request) -> Result<Vec<RouteNetlinkMessage>, NetlinkError> {
        self.ask(vec![request]).pop().unwrap_or_else(|| Err(closed()))
    }

    /// Reads a whole table.
    pub(super) fn dump(&mut self, message: &RouteNetlinkMessage) -> Result<Vec<RouteNetlinkMessage>, NetlinkError> {
        for _ in 0..DUMP_ATTEMPTS {
            if let Dump { rows, is_consistent: true } = self.dump_once(message)? {
                return Ok(rows);
            }
        }
        Err(NetlinkError::explained(libc::EINTR, "the kernel's tables kept changing while they were read"))
    }

    /// Reads a table, which may change meanwhile.
    pub(super) fn dump_once(&mut self, message: &RouteNetlinkMessage) -> Result<Dump, NetlinkError> {
        let request = Request { message: message.clone(), flags: 0 };
        let answer = self.exchange(vec![request], NLM_F_DUMP).pop().unwrap_or_else(|| Err(closed()))?;
        let is_consistent = !answer.interrupted;
        Ok(Dump { rows: answer.whole()?, is_consistent })
    }

    /// Sends requests in one datagram and collects what comes in answer to each.
    fn exchange(&mut self, requests: Vec<Request>, flags: u16) -> Vec<Result<Answer, NetlinkError>> {
        let first = self.sequence.wrapping_add(1);
        let mut answers: Vec<Answer> = requests.iter().map(|_| Answer::default()).collect();
        let mut datagram = Vec::new();
        for request in requests {
            self.sequence = self.sequence.wrapping_add(1);
            let mut header = NetlinkHeader::default();
            header.flags = NLM_F_REQUEST | flags | request.flags;
            header.sequence_number = self.sequence;
            let mut message = NetlinkMessage::new(header, NetlinkPayload::from(request.message));
            message.finalize();
            let start = datagram.len();
            datagram.resize(start + message.buffer_len().next_multiple_of(4), 0);
            message.serialize(&mut datagram[start..]);
        }
        let outcome = self.send(&datagram).and_then(|()| self.collect(first, &mut answers));
        let Err(error) = outcome else { return answers.into_iter().map(Ok).collect() };
        answers.into_iter().map(|answer| if answer.end.is_some() { Ok(answer) } else { Err(error.clone()) }).collect()
    }

    fn send(&self, datagram: &[u8]) -> Result<(), NetlinkError> {
        self.socket.send(datagram, 0).map(drop).map_err(NetlinkError::from)
    }

    /// Receives until every answer is whole. What is left of an earlier exchange that failed is
    /// passed over: its numbers are others.
    fn collect(&mut self, first: u32, answers: &mut [Answer]) -> Result<(), NetlinkError> {
        let mut open = answers.len();
        while open > 0 {
            self.receive()?;
            open -= hand_out(&self.datagram, first, answers);
        }
        Ok(())
    }

    fn receive(&mut self) -> Result<(), NetlinkError> {
        loop {
            self.datagram.clear();
            match self.socket.recv(&mut self.datagram, 0) {
                Ok(0) => return Err(closed()),
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    return Err(NetlinkError::new(libc::ETIMEDOUT));
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Hands the messages of a datagram to the answers that they belong to, of which the first has the number
/// `first`. How many answers are whole by it.
fn hand_out(datagram: &[u8], first: u32, answers: &mut [Answer]) -> usize {
    let (mut rest, mut ended) = (datagram, 0);
    while rest.len() >= HEADER {
        let length = NetlinkBuffer::new(rest).length() as usize;
        if length < HEADER || length > rest.len() {
            break;
        }
        let number = NetlinkBuffer::new(rest).sequence_number().wrapping_sub(first) as usize;
        if let Some(answer) = answers.get_mut(number).filter(|answer| answer.end.is_none()) {
            match NetlinkMessage::deserialize(&rest[..length]) {
                Ok(message) => answer.take(message),
                Err(error) => tracing::warn!(%error, "passed over a message of the kernel"),
            }
            ended += usize::from(answer.end.is_some());
        }
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    ended
}

/// What the messages of one datagram come to, in answer to the requests 0 to 3.
#[cfg(feature = "fuzzing")]
pub(super) fn answers(datagram: &[u8]) -> [Result<Vec<RouteNetlinkMessage>, NetlinkError>; 4] {
    let mut answers: [Answer; 4] = Default::default();
    let ended = hand_out(datagram, 0, &mut answers);
    assert_eq!(ended, answers.iter().filter(|answer| answer.end.is_some()).count());
    answers.map(Answer::whole)
}

impl Answer {
    fn take(&mut self, message: NetlinkMessage<RouteNetlinkMessage>) {
        self.interrupted |= message.header.flags & NLM_F_DUMP_INTR != 0;
        match message.payload {
            NetlinkPayload::InnerMessage(row) => self.rows.push(row),
            NetlinkPayload::Error(answer) if answer.code.is_some() => {
                self.end = Some(Err(NetlinkError::of_answer(&answer)));
            }
            NetlinkPayload::Done(end) if end.code != 0 => self.end = Some(Err(NetlinkError::of_dump(&end))),
            NetlinkPayload::Error(_) | NetlinkPayload::Done(_) => self.end = Some(Ok(())),
            NetlinkPayload::Overrun(_) => self.end = Some(Err(NetlinkError::new(libc::ENOBUFS))),
            _ => {}
        }
    }

    /// The rows, if nothing is missing.
    fn whole(self) -> Result<Vec<RouteNetlinkMessage>, NetlinkError> {
        self.end.unwrap_or_else(|| Err(closed())).map(|()| self.rows)
    }
}

impl fmt::Debug for Netlink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Netlink")
    }
}

fn closed() -> NetlinkError {
    NetlinkError::explained(libc::ECONNRESET, "the netlink socket was closed")
}

#[cfg(test)]
mod tests {
    use rtnetlink::packet_core::{DoneMessage, ErrorMessage};
    use rtnetlink::packet_route::AddressFamily;
    use rtnetlink::packet_route::link::{LinkAttribute, LinkMessage};
    use rtnetlink::packet_route::rule::{RuleAttribute, RuleMessage};

    use super::*;

    type Payload = NetlinkPayload<RouteNetlinkMessage>;

    fn answer(messages: Vec<(u16, Payload)>) -> (Result<usize, NetlinkError>, bool) {
        let mut answer = Answer::default();
        for (flags, payload) in messages {
            let mut header = NetlinkHeader::default();
            header.flags = flags;
            answer.take(NetlinkMessage::new(header, payload));
        }
        let interrupted = answer.interrupted;
        (answer.whole().map(|rows| rows.len()), interrupted)
    }

    fn row() -> Payload {
        Payload::InnerMessage(RouteNetlinkMessage::NewLink(LinkMessage::default()))
    }

    fn done(code: i32) -> Payload {
        let mut end = DoneMessage::default();
        end.code = code;
        Payload::Done(end)
    }

    #[test]
    fn a_dump_is_whole_only_with_its_end() {
        assert_eq!(answer(vec![(0, row()), (0, row()), (0, done(0))]), (Ok(2), false));
        assert_eq!(answer(vec![(0, row()), (0, row())]).0.unwrap_err().errno, libc::ECONNRESET);
        assert_eq!(answer(vec![(0, row()), (0, done(-libc::ENOENT))]).0.unwrap_err().errno, libc::ENOENT);
        assert_eq!(answer(vec![(0, row()), (0, Payload::Overrun(vec![]))]).0.unwrap_err().errno, libc::ENOBUFS);
    }

    #[test]
    fn an_inconsistent_dump_is_told_wherever_the_flag_is() {
        assert_eq!(answer(vec![(NLM_F_DUMP_INTR, row()), (0, done(0))]), (Ok(1), true));
        assert_eq!(answer(vec![(0, row()), (NLM_F_DUMP_INTR, done(0))]), (Ok(1), true));
    }

    #[test]
    fn a_request_is_done_only_with_its_acknowledgement() {
        assert_eq!(answer(vec![(0, Payload::Error(ErrorMessage::default()))]), (Ok(0), false));
        assert_eq!(answer(vec![]).0.unwrap_err().errno, libc::ECONNRESET);
    }

    #[test]
    fn a_failed_dump_does_not_look_like_an_empty_table() {
        // The kernel refuses this in the message that ends the dump.
        let mut message = RuleMessage::default();
        message.header.family = AddressFamily::Inet;
        message.attributes.push(RuleAttribute::Priority(7));
        let error = Netlink::open().unwrap().dump(&RouteNetlinkMessage::GetRule(message)).unwrap_err();
        assert_eq!(error.errno, libc::EINVAL);
        assert!(error.to_string().contains("fib rule dump request"), "{error}");
    }

    #[test]
    fn each_request_of_a_batch_has_its_own_answer() {
        // More than fit into one datagram; every third asks for what is not there.
        let request = |number: usize| {
            let mut message = LinkMessage::default();
            let name = if number.is_multiple_of(3) { "no-such-link" } else { "lo" };
            message.attributes.push(LinkAttribute::IfName(name.to_owned()));
            Request { message: RouteNetlinkMessage::GetLink(message), flags: 0 }
        };
        let answers = Netlink::open().unwrap().ask((0..3 * BATCH).map(request).collect());
        assert_eq!(answers.len(), 3 * BATCH);
        for (number, answer) in answers.iter().enumerate() {
            match answer {
                Ok(rows) => assert!(!number.is_multiple_of(3) && rows.len() == 1, "{number}"),
                Err(error) => assert!(number.is_multiple_of(3) && error.errno == libc::ENODEV, "{number}: {error}"),
            }
        }
    }

    #[test]
    fn long_requests_do_not_make_a_datagram_too_long() {
        // Names that no link can have; every third request asks for one that is there.
        let request = |number: usize| {
            let mut message = LinkMessage::default();
            let name = if number.is_multiple_of(3) { "lo".to_owned() } else { "x".repeat(8000) };
            message.attributes.push(LinkAttribute::IfName(name));
            Request { message: RouteNetlinkMessage::GetLink(message), flags: 0 }
        };
        let answers = Netlink::open().unwrap().ask((0..BATCH).map(request).collect());
        assert_eq!(answers.len(), BATCH);
        for (number, answer) in answers.iter().enumerate() {
            match answer {
                Ok(rows) => assert!(number.is_multiple_of(3) && rows.len() == 1, "{number}"),
                Err(error) => assert!(!number.is_multiple_of(3) && error.errno == libc::ERANGE, "{number}: {error}"),
            }
        }
    }
}
