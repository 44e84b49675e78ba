//! A blocking client of the own API, for the command line and for tests.

use std::io::{self, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use thrift::protocol::{TBinaryInputProtocol, TBinaryOutputProtocol};

use super::generated::virtual_gateway::{RequestError, VirtualGatewaySyncClient};

/// A connection to the daemon.
///
/// ```no_run
/// use vgw::api::Client;
/// use vgw::api::generated::virtual_gateway::TVirtualGatewaySyncClient;
///
/// let mut client = Client::connect("/run/vgw/vgwd.sock".as_ref(), std::time::Duration::from_secs(60))?;
/// let status = client.call(|daemon| daemon.status())?;
/// # Ok::<(), vgw::api::ClientError>(())
/// ```
pub struct Client {
    daemon: Daemon,
}

/// The daemon's methods, as generated.
pub type Daemon = VirtualGatewaySyncClient<TBinaryInputProtocol<FrameReader>, TBinaryOutputProtocol<FrameWriter>>;

/// Why a call came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// There is no daemon at this socket, or it is not ours to use.
    #[error("no daemon at {}", path.display())]
    Unreachable {
        /// The socket.
        path: PathBuf,
        /// What the kernel says.
        #[source]
        error: io::Error,
    },
    /// The connection broke, or no answer came in time; whether the request was carried out is not
    /// known.
    #[error("the daemon did not answer: {0}")]
    Lost(String),
    /// The daemon did not carry the request out, and says why.
    #[error("{}", .0.reason)]
    Refused(RequestError),
    /// The daemon did not understand the call, or its answer is not understood: it is of another
    /// version.
    #[error("the daemon speaks another version: {0}")]
    Misunderstood(String),
}

impl Client {
    /// Connects to the daemon's socket. Each later call may take `timeout`.
    ///
    /// # Errors
    /// [`ClientError::Unreachable`].
    pub fn connect(path: &Path, timeout: Duration) -> Result<Self, ClientError> {
        Self::open(path, timeout).map_err(|error| ClientError::Unreachable { path: path.to_owned(), error })
    }

    fn open(path: &Path, timeout: Duration) -> io::Result<Self> {
        let stream = UnixStream::connect(path)?;
        stream.set_read_timeout(Some(timeout))?;
        stream.set_write_timeout(Some(timeout))?;
        let reader = FrameReader { stream: BufReader::new(stream.try_clone()?), left: 0 };
        let writer = FrameWriter { stream, frame: Vec::new() };
        let daemon = Daemon::new(TBinaryInputProtocol::new(reader, true), TBinaryOutputProtocol::new(writer, true));
        Ok(Self { daemon })
    }

    /// Calls a method. After any error but [`ClientError::Refused`] the connection is of no use.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn call<T>(&mut self, method: impl FnOnce(&mut Daemon) -> thrift::Result<T>) -> Result<T, ClientError> {
        Ok(method(&mut self.daemon)?)
    }
}

impl From<thrift::Error> for ClientError {
    fn from(error: thrift::Error) -> Self {
        match error {
            thrift::Error::User(error) => match error.downcast::<RequestError>() {
                Ok(error) => Self::Refused(*error),
                Err(other) => Self::Misunderstood(other.to_string()),
            },
            thrift::Error::Transport(error) => Self::Lost(error.message),
            thrift::Error::Application(error) => Self::Misunderstood(error.message),
            thrift::Error::Protocol(error) => Self::Misunderstood(error.message),
        }
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Client")
    }
}

/// Replies, their frames taken off. A frame is read as it comes: the daemon is trusted with its size.
#[derive(Debug)]
pub struct FrameReader {
    stream: BufReader<UnixStream>,
    /// Bytes left of the frame.
    left: usize,
}

impl Read for FrameReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            let mut length = [0; 4];
            self.stream.read_exact(&mut length)?;
            self.left = usize::try_from(u32::from_be_bytes(length)).map_err(io::Error::other)?;
        }
        let most = buffer.len().min(self.left);
        let count = self.stream.read(&mut buffer[..most])?;
        self.left -= count;
        Ok(count)
    }
}

/// Calls, put into frames.
#[derive(Debug)]
pub struct FrameWriter {
    stream: UnixStream,
    frame: Vec<u8>,
}

impl Write for FrameWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.frame.is_empty() {
            // Room for the length.
            self.frame.extend([0; 4]);
        }
        self.frame.extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let Some(length) = self.frame.len().checked_sub(4) else { return Ok(()) };
        let length = u32::try_from(length).map_err(io::Error::other)?;
        self.frame[..4].copy_from_slice(&length.to_be_bytes());
        let sent = self.stream.write_all(&self.frame);
        self.frame.clear();
        sent
    }
}
