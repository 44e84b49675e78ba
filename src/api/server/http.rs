//! HTTP/1.1 on a connection (RFC 9112), as much of it as a service needs whose requests are short and
//! whose answers are JSON: bodies with a length, one request after the other.

mod site;

use std::time::Duration;

use super::connection::{Connection, STEP, Speaker};
use super::ending::Ending;

/// Bytes of a request's head, from its first line to the empty one.
const HEAD: usize = 16 * 1024;
/// Fields of a request's head.
const FIELDS: usize = 64;

/// How much of a refused request is taken, in longest bodies.
const TAKEN: usize = 4;

/// A request, whole.
#[derive(Debug)]
pub struct Request<'r> {
    /// The method, as `POST`.
    pub method: &'r str,
    /// The target without its query, as `/gateway`.
    pub path: &'r str,
    /// The Accept field as it came; empty if there is none.
    pub accept: &'r str,
    /// The body; nothing of it has been checked.
    pub body: &'r [u8],
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The body's media type.
    pub form: &'static str,
    /// The body.
    pub body: String,
}

impl Response {
    /// An answer in JSON.
    #[must_use]
    pub fn json(status: u16, body: String) -> Self {
        Self { status, form: "application/json; charset=UTF-8", body }
    }
}

/// What answers the requests of one connection.
pub trait HttpService: Send {
    /// Serves a request.
    fn answer(&self, request: &Request<'_>) -> Response;
}

/// An HTTP service on one connection.
pub(super) struct Http {
    service: Box<dyn HttpService>,
    /// It listens on the loopback only.
    is_local: bool,
    /// What has been read and not yet served; pipelined requests wait here.
    buffer: Vec<u8>,
}

/// What a request's head says.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    method: String,
    path: String,
    accept: String,
    /// Bytes of the head, and of the body behind it.
    lengths: (usize, usize),
    /// The client waits for a word before it sends the body.
    waits: bool,
    /// The connection ends with the answer.
    is_last: bool,
}

/// A request that is not served, with the status that says so.
#[derive(Debug, PartialEq, Eq)]
struct Refused(u16, &'static str);

impl Http {
    pub(super) fn new(service: Box<dyn HttpService>, is_local: bool) -> Self {
        Self { service, is_local, buffer: Vec::new() }
    }

    /// Reads a request's head and body; both are then in the buffer.
    fn read(&mut self, connection: &mut Connection<'_>) -> Result<Result<Head, Refused>, Ending> {
        // Between pipelined requests the stop is still heard.
        let is_between = self.buffer.is_empty();
        match connection.wait_for_request(if is_between { connection.limits.idle_time } else { Duration::ZERO }) {
            Err(Ending::Idle) if !is_between => {}
            other => other?,
        }
        let deadline = connection.clock.now() + connection.limits.frame_time;
        let more =
            |buffer: &mut Vec<u8>, connection: &mut Connection<'_>| match connection.read_some(buffer, deadline)? {
                true => connection.reserve(buffer.len()),
                false if buffer.is_empty() => Err(Ending::Closed),
                false => Err(Ending::Unfinished),
            };
        let head = loop {
            match head(&self.buffer, connection.limits.frame, self.is_local) {
                Ok(Some(head)) => break head,
                Ok(None) => more(&mut self.buffer, connection)?,
                Err(refused) => return Ok(Err(refused)),
            }
        };
        let (start, length) = head.lengths;
        if head.waits && self.buffer.len() < start + length {
            connection.write(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        while self.buffer.len() < start + length {
            more(&mut self.buffer, connection)?;
        }
        Ok(Ok(head))
    }

    /// Tells the client why its request is not served and ends the connection: where the next request begins
    /// is not known. What it still sends is taken for a while, since a connection that is closed with bytes
    /// unread loses the answer.
    fn refuse(&mut self, connection: &mut Connection<'_>, refused: &Refused) -> Ending {
        let Refused(status, reason) = *refused;
        let body = serde_json::json!({ "error": reason }).to_string();
        if let Err(ending) = connection.write(&reply(&Response::json(status, body), true)) {
            return ending;
        }
        let deadline = connection.clock.now() + connection.limits.reply_time;
        let mut taken = 0;
        while taken <= TAKEN * connection.limits.frame {
            self.buffer.clear();
            match connection.read_some(&mut self.buffer, deadline) {
                Ok(true) => taken += self.buffer.len(),
                Ok(false) | Err(_) => break,
            }
        }
        Ending::Refused { status, reason }
    }
}

impl Speaker for Http {
    fn exchange(&mut self, connection: &mut Connection<'_>) -> Result<(), Ending> {
        let head = match self.read(connection)? {
            Ok(head) => head,
            Err(refused) => return Err(self.refuse(connection, &refused)),
        };
        connection.begin()?;
        let (start, length) = head.lengths;
        let body = &self.buffer[start..start + length];
        let response =
            self.service.answer(&Request { method: &head.method, path: &head.path, accept: &head.accept, body });
        // Whether a body belongs to the answer depends on methods that are not served.
        let is_last = head.is_last || response.status == 404;
        connection.write(&reply(&response, is_last))?;
        self.buffer.drain(..start + length);
        self.buffer.shrink_to(STEP);
        connection.end();
        if is_last { Err(Ending::Closed) } else { Ok(()) }
    }
}

/// An answer's bytes.
fn reply(response: &Response, is_last: bool) -> Vec<u8> {
    let Response { status, form, body } = response;
    let phrase = match status {
        200 => "OK",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        411 => "Length Required",
        413 => "Content Too Large",
        417 => "Expectation Failed",
        431 => "Request Header Fields Too Large",
        503 => "Service Unavailable",
        _ => "Internal Server Error",
    };
    let close = if is_last { "Connection: close\r\n" } else { "" };
    let length = body.len();
    let head = format!("HTTP/1.1 {status} {phrase}\r\nContent-Type: {form}\r\nContent-Length: {length}\r\n{close}\r\n");
    [head.as_bytes(), body.as_bytes()].concat()
}

/// Reads a head; `None` if it has not all come. `limit` bounds the body; `is_local` asks for a Host of the loopback.
fn head(bytes: &[u8], limit: usize, is_local: bool) -> Result<Option<Head>, Refused> {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS];
    let mut request = httparse::Request::new(&mut fields);
    let start = match request.parse(bytes) {
        Ok(httparse::Status::Complete(start)) if start <= HEAD => start,
        Ok(httparse::Status::Partial) if bytes.len() < HEAD => return Ok(None),
        Ok(_) | Err(httparse::Error::TooManyHeaders) => return Err(Refused(431, "the head is too long")),
        Err(_) => return Err(Refused(400, "this is no HTTP request")),
    };
    let values = |name: &'static str| request.headers.iter().filter(move |field| field.name.eq_ignore_ascii_case(name));
    let count = |name| values(name).count();
    let says = |name, word: &str| {
        let words = values(name).flat_map(|field| field.value.split(|&byte| byte == b','));
        words.map(<[u8]>::trim_ascii).any(|found| found.eq_ignore_ascii_case(word.as_bytes()))
    };
    let is_old = request.version == Some(0);
    if count("host") > 1 || count("host") == 0 && !is_old {
        return Err(Refused(400, "there must be one Host field"));
    }
    if is_local && !values("host").all(|field| site::is_loopback(field.value)) {
        return Err(Refused(403, "Host is neither localhost nor an address of the loopback"));
    }
    // Only browsers send it, for pages of others; no client of ours is a page.
    if count("origin") > 0 {
        return Err(Refused(403, "pages that a browser shows are not served"));
    }
    let length = match (count("transfer-encoding"), count("content-length")) {
        (0, 0) => 0,
        (0, 1) => values("content-length")
            .find_map(|field| number(field.value))
            .ok_or(Refused(400, "Content-Length is no number"))?,
        // RFC 9112, 6.3: a server may insist on a length. Two ways to say it are an attack (11.2).
        (1.., 0) => return Err(Refused(411, "the body must have a Content-Length")),
        _ => return Err(Refused(400, "the body's length is told twice")),
    };
    if length > limit {
        return Err(Refused(413, "the body is too long"));
    }
    let waits = says("expect", "100-continue");
    if count("expect") > 0 && !waits {
        return Err(Refused(417, "only 100-continue can be expected"));
    }
    let target = request.path.unwrap_or_default();
    Ok(Some(Head {
        method: request.method.unwrap_or_default().to_owned(),
        path: target.split('?').next().unwrap_or_default().to_owned(),
        accept: values("accept").map(|field| String::from_utf8_lossy(field.value)).collect::<Vec<_>>().join(","),
        lengths: (start, length),
        waits,
        is_last: is_old || says("connection", "close"),
    }))
}

/// Digits and nothing else.
fn number(digits: &[u8]) -> Option<usize> {
    let digits = std::str::from_utf8(digits).ok()?;
    // What is too long for the type is too long for a body.
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests;
