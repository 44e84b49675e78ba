//! Why a connection ended.

use std::io;

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum Ending {
    /// The client closed it between two requests.
    #[error("closed by the client")]
    Closed,
    /// The server stops.
    #[error("the server stops")]
    Stopping,
    /// No request came for too long.
    #[error("idle")]
    Idle,
    /// The client closed it within a frame.
    #[error("closed by the client {missing} bytes before the end of a frame")]
    CutShort {
        /// Bytes that were still to come.
        missing: usize,
    },
    /// Another has the seat.
    #[error("closed for another, since nothing was asked")]
    Displaced,
    /// What others ask takes all there is.
    #[error("a request of this length cannot be taken now: those of others are in the way")]
    Crowded,
    /// A frame took too long to come.
    #[error("a frame did not come in time, {missing} bytes are missing")]
    FrameLate {
        /// Bytes that were still to come.
        missing: usize,
    },
    /// The client does not read its replies.
    #[error("a reply was not taken in time")]
    ReplyLate,
    /// A frame's length is out of range; most likely the client does not speak framed Thrift.
    #[error("a frame of {length} bytes is announced, 1 to {limit} are allowed")]
    FrameLength {
        /// The length announced.
        length: u32,
        /// The length allowed.
        limit: usize,
    },
    /// A frame in which not even a message's header can be read.
    #[error("a frame holds no Thrift message: {0}")]
    NoMessage(String),
    /// The client closed it within a request.
    #[error("closed by the client within a request")]
    Unfinished,
    /// A request took too long to come.
    #[error("a request did not come in time")]
    RequestLate,
    /// A request that cannot be read to its end.
    #[error("a request was refused with status {status}: {reason}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// Why.
        reason: &'static str,
    },
    /// The socket failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Ending {
    /// True for what well-behaved clients do.
    pub(super) fn is_usual(&self) -> bool {
        match self {
            Self::Closed | Self::Stopping | Self::Idle | Self::Displaced => true,
            // The second is a client's that went while it was waited for its answer.
            Self::Io(error) => matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe),
            Self::CutShort { .. }
            | Self::Crowded
            | Self::FrameLate { .. }
            | Self::ReplyLate
            | Self::FrameLength { .. }
            | Self::NoMessage(_)
            | Self::Unfinished
            | Self::RequestLate
            | Self::Refused { .. } => false,
        }
    }
}
