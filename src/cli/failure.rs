//! What went wrong, as `vgw` says it: one line for people, one object for programs, one exit code.

use std::error::Error as _;
use std::io;
use std::path::PathBuf;

use crate::api::ClientError;
use crate::api::generated::virtual_gateway::{ErrorKind, RequestError};
use crate::config::{ConfigError, ConfigErrors};
use crate::gateway::LeaseName;

use super::render::{Style, Tone};
use super::report::plain;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The words or options make no sense.
    #[error("{reason}")]
    Usage {
        /// The option or argument at fault; empty if it is none in particular.
        field: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The daemon's answer to a request that it did not carry out.
    #[error("{}", .0.reason)]
    Refused(RequestError),
    /// There is nothing of that name.
    #[error("there is no {object} {name}")]
    NotFound {
        /// What was looked for.
        object: &'static str,
        /// Its name.
        name: String,
    },
    /// Nobody answers at the socket.
    #[error("no daemon answers at {}: {reason}; start it with 'systemctl start vgwd' or 'sudo vgwd'", .socket.display())]
    Unreachable {
        /// The socket.
        socket: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// The socket's mode forbids it.
    #[error("{what}")]
    NotPermitted {
        /// What is not permitted, and to whom it is.
        what: String,
    },
    /// A lease could not be recorded for the daemon.
    #[error("cannot record the lease {lease}: {reason}")]
    Record {
        /// The lease.
        lease: LeaseName,
        /// The system's words.
        reason: String,
    },
    /// The connection broke, or the answer was not understood.
    #[error("the daemon's answer was cut off or not understood: {0}")]
    Protocol(String),
    /// The answer could not be written.
    #[error("cannot write the answer: {0}")]
    Output(#[source] io::Error),
    /// A configuration, or a file to be imported, cannot be used.
    #[error("{}", lines(.0).join("\n"))]
    Configuration(ConfigErrors),
    /// The host's device could not be given back.
    #[error("not restored: {0}")]
    Rescue(String),
    /// A step of the demonstration did not show what it should.
    #[error("{0}")]
    Demo(String),
}

impl Failure {
    /// The process's exit code.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage { .. } => 2,
            Self::Refused(RequestError { kind, .. }) => match *kind {
                ErrorKind::INVALID => 2,
                ErrorKind::NOT_FOUND => 3,
                ErrorKind::STOPPING => 4,
                ErrorKind::NOT_PERMITTED => 77,
                _ => 1,
            },
            Self::NotFound { .. } => 3,
            Self::Unreachable { .. } => 4,
            Self::NotPermitted { .. } => 77,
            Self::Configuration(_) => 78,
            Self::Record { .. } | Self::Protocol(_) | Self::Output(_) | Self::Rescue(_) | Self::Demo(_) => 1,
        }
    }

    /// The kind, for programs.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Usage { .. } => "usage",
            Self::Refused(RequestError { kind, .. }) => match *kind {
                ErrorKind::INVALID => "invalid",
                ErrorKind::CONFLICT => "conflict",
                ErrorKind::STATIC => "static",
                ErrorKind::NOT_FOUND => "not_found",
                ErrorKind::KERNEL => "kernel",
                ErrorKind::NOT_PERMITTED => "not_permitted",
                ErrorKind::STOPPING => "stopping",
                _ => "failed",
            },
            Self::NotFound { .. } => "not_found",
            Self::Unreachable { .. } => "unreachable",
            Self::NotPermitted { .. } => "not_permitted",
            Self::Protocol(_) => "protocol",
            Self::Configuration(_) => "configuration",
            Self::Record { .. } | Self::Output(_) | Self::Rescue(_) | Self::Demo(_) => "failed",
        }
    }

    /// The option or the request's field that is at fault; empty if it is none in particular.
    #[must_use]
    pub fn field(&self) -> &str {
        match self {
            Self::Usage { field, .. } | Self::Refused(RequestError { field, .. }) => field,
            Self::NotFound { object, .. } => object,
            Self::Configuration(errors) => errors.iter().next().map_or("", key),
            _ => "",
        }
    }

    /// The line for standard error.
    #[must_use]
    pub fn render(&self, style: Style) -> String {
        let field = match self {
            // A reason that begins with its field, "subnet 10.0.0.0/8 overlaps", has named it, and so has one with
            // the place in a file before that.
            Self::Refused(RequestError { field, reason, .. })
                if !field.is_empty()
                    && !reason.starts_with(field.trim_end_matches('s'))
                    && !reason.contains(&format!(": {field}: ")) =>
            {
                format!("{field}: ")
            }
            _ => String::new(),
        };
        let name = style.paint(Tone::Bad, "vgw:");
        match self {
            Self::Configuration(errors) => lines(errors).iter().map(|line| format!("{name} {line}\n")).collect(),
            _ => format!("{name} {field}{self}\n"),
        }
    }

    /// The object for standard output with `-j`.
    #[must_use]
    pub fn to_json(&self) -> String {
        // By hand, since serde_json's own objects are sorted and `schema` comes first everywhere.
        let text = |text: &str| serde_json::Value::from(text).to_string();
        let kind = text(self.kind());
        let object = |field: &str, reason: &str| {
            format!(r#"{{"kind":{kind},"field":{},"reason":{}}}"#, text(field), text(reason))
        };
        let (first, others) = match self {
            Self::Configuration(errors) => {
                let mut all = errors.iter().map(|error| object(key(error), &line(error)));
                (all.next().unwrap_or_default(), all.collect())
            }
            _ => (object(self.field(), &self.to_string()), Vec::new()),
        };
        let more = if others.is_empty() { String::new() } else { format!(r#","more":[{}]"#, others.join(",")) };
        plain(&format!(r#"{{"schema":"vgw.error/1","error":{first}{more}}}"#))
    }

    /// Why a lease could not be recorded.
    pub(super) fn recording(lease: LeaseName, error: &io::Error) -> Self {
        let reason = text_of(error);
        match error.kind() {
            io::ErrorKind::PermissionDenied => {
                Self::NotPermitted { what: format!("cannot record the lease {lease}: {reason}; use sudo") }
            }
            _ => Self::Record { lease, reason },
        }
    }

    /// Why there is no connection to the daemon.
    fn connecting(socket: PathBuf, error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::PermissionDenied {
            let what = format!("{} is not open to you: use sudo, or join the socket's group", socket.display());
            return Self::NotPermitted { what };
        }
        Self::Unreachable { socket, reason: text_of(error) }
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Unreachable { path, error } => Self::connecting(path, &error),
            ClientError::Refused(refused) => Self::Refused(refused),
            ClientError::Lost(reason) | ClientError::Misunderstood(reason) => Self::Protocol(reason),
        }
    }
}

impl From<thrift::Error> for Failure {
    fn from(error: thrift::Error) -> Self {
        ClientError::from(error).into()
    }
}

impl From<clap::Error> for Failure {
    /// Keeps the field at fault and the first sentence, which says it all; usage and tips are for people.
    fn from(error: clap::Error) -> Self {
        use clap::error::{ContextKind, ContextValue, ErrorKind};
        if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
            let reason = "a command is missing; with --help instead of it those are told that there are".to_owned();
            return Self::Usage { field: "command".to_owned(), reason };
        }
        let field = match error.get(ContextKind::InvalidArg) {
            Some(ContextValue::String(name)) => name.clone(),
            Some(ContextValue::Strings(names)) => names.join(", "),
            _ => String::new(),
        };
        let shown = error.to_string();
        let sentence = shown.split("\n\n").next().unwrap_or_default().trim_start_matches("error: ");
        let words: Vec<&str> = sentence.split_whitespace().collect();
        let mut reason = words.join(" ");
        if let Some(source) = error.source().map(ToString::to_string).filter(|source| !reason.contains(source)) {
            reason = format!("{reason}: {source}");
        }
        Self::Usage { field, reason }
    }
}

/// What is wrong with a configuration, a line each.
fn lines(errors: &ConfigErrors) -> Vec<String> {
    errors.iter().map(line).collect()
}

/// One of these; why a file could not be read is told without the operating system's number.
fn line(error: &ConfigError) -> String {
    match error {
        ConfigError::Read { path, reason } => format!("cannot read {}: {}", path.display(), text_of(reason)),
        _ => error.to_string(),
    }
}

/// The key at fault; empty if it is none in particular.
fn key(error: &ConfigError) -> &str {
    match error {
        ConfigError::Invalid { key: Some(key), .. } => key,
        _ => "",
    }
}

/// An input/output error without the operating system's number behind it.
fn text_of(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}

#[cfg(test)]
mod tests;
