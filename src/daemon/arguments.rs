//! The flags of `vgwd`. A flag counts more than the configuration file.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::{Parser, ValueEnum};

use crate::config::{Config, ConfigErrors};
use crate::sys::sandbox::Folders;

/// Gives isolated virtual networks a way to the public network on the compute node itself.
///
/// Starts without any configuration: gateways then come by the Thrift API or by `vgw`.
/// SIGHUP reads the configuration again; SIGTERM and SIGINT stop in order and leave nothing behind in the kernel.
#[derive(Debug, Parser)]
#[command(name = "vgwd", version, max_term_width = 100)]
pub struct Arguments {
    /// Configuration file; drop-ins are read from the folder beside it (vgwd.d/*.toml).
    ///
    /// /etc/vgw/vgwd.toml if not given, which may be absent; a file that is named must be there.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Where the OpenContrail-compatible Thrift API listens, or "none" [default: 127.0.0.1:9090]
    #[arg(long, value_name = "ADDR:PORT", value_parser = parse_listen)]
    pub thrift_listen: Option<Listen>,

    /// The Unix socket for `vgw` [default: /run/vgw/vgwd.sock]
    #[arg(long, value_name = "PATH")]
    pub socket: Option<PathBuf>,

    /// Where it is kept what must be given back to the host, even after a crash, and what calls have added.
    #[arg(long, value_name = "DIR", default_value = "/var/lib/vgw")]
    pub state_dir: PathBuf,

    /// Threads that forward packets, each with a queue of every port [default: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=i64::from(Config::MOST_WORKERS)))]
    pub workers: Option<u8>,

    /// Form of the log on standard error.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub log_format: LogFormat,

    /// Say more; twice says everything but packets.
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// Where the compatible API listens, if anywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listen(pub Option<SocketAddr>);

/// Form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Arguments {
    /// The keys of the configuration that flags hold.
    #[must_use]
    pub fn held(&self) -> Vec<&'static str> {
        let given = [
            (self.thrift_listen.is_some(), "api.thrift_listen"),
            (self.socket.is_some(), "api.socket"),
            (self.workers.is_some(), "dataplane.workers"),
        ];
        given.into_iter().filter_map(|(is_given, key)| is_given.then_some(key)).collect()
    }

    /// The configuration with the flags laid over it.
    ///
    /// # Errors
    /// Where the file is wrong.
    pub fn configuration(&self) -> Result<Config, ConfigErrors> {
        let mut config = Config::load(self.config.as_deref())?;
        if let Some(Listen(address)) = self.thrift_listen {
            config.thrift_listen = address;
        }
        if let Some(socket) = &self.socket {
            config.socket.clone_from(socket);
        }
        if let Some(workers) = self.workers {
            config.workers = workers.into();
        }
        config.check_exposure()?;
        Ok(config)
    }

    /// Where the daemon reads and writes files once it runs: in the folder of every file that it has read, under the
    /// name that was given and where links lead, since editors put a new file in place of the old one.
    #[must_use]
    pub fn folders(&self, config: &Config) -> Folders {
        let folder = |file: &Path| file.parent().map(Path::to_owned);
        let main = self.config.as_deref().unwrap_or(Path::new(Config::DEFAULT_PATH));
        let mut read: BTreeSet<PathBuf> = folder(main).into_iter().collect();
        for path in &config.read {
            read.extend(folder(path));
            let meant = path.canonicalize().ok();
            read.extend(meant.and_then(|path| if path.is_dir() { Some(path) } else { folder(&path) }));
        }
        let sockets = [Some(&config.socket), config.metrics.socket.as_ref()];
        let sockets = sockets.into_iter().flatten().filter_map(|socket| folder(socket));
        let written = sockets.chain([self.state_dir.clone()]).chain(config.rt_tables.clone());
        Folders { read: read.into_iter().collect(), written: written.collect() }
    }

    /// Makes the default configuration's folder if there is none, as the packaged unit does: what came there later
    /// would be out of reach. Another file's is there, since the file is.
    pub fn make_folder(&self) {
        let folder = Path::new(Config::DEFAULT_PATH).parent().filter(|_| self.config.is_none());
        match folder.map(|folder| (folder, fs::create_dir(folder))) {
            Some((folder, Err(error))) if error.kind() != io::ErrorKind::AlreadyExists => {
                tracing::info!(folder = %folder.display(), %error, "not made: a configuration there takes a restart");
            }
            _ => {}
        }
    }
}

fn parse_listen(text: &str) -> Result<Listen, String> {
    if text == "none" {
        return Ok(Listen(None));
    }
    let address = text.parse().map_err(|_| "expected an IP address and a port such as 127.0.0.1:9090, or none");
    Ok(Listen(Some(address?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn flags_are_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_flag_counts_more_than_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("vgwd.toml");
        std::fs::write(&file, "[api]\nthrift_listen = \"127.0.0.1:9191\"\n").unwrap();
        let configured = |extra: &[&str]| {
            let words = ["vgwd", "--config", file.to_str().unwrap()].into_iter().chain(extra.iter().copied());
            Arguments::parse_from(words).configuration().unwrap().thrift_listen
        };
        assert_eq!(configured(&[]), Some("127.0.0.1:9191".parse().unwrap()));
        assert_eq!(configured(&["--thrift-listen", "none"]), None);
        assert_eq!(configured(&["--thrift-listen", "[::1]:1"]), Some("[::1]:1".parse().unwrap()));
    }

    #[test]
    fn what_other_hosts_reach_must_be_meant() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("vgwd.toml");
        let configured = |text: &str, listen: &str| {
            std::fs::write(&file, text).unwrap();
            let words = ["vgwd", "--config", file.to_str().unwrap(), "--thrift-listen", listen];
            Arguments::parse_from(words).configuration().map(drop).map_err(|error| error.to_string())
        };
        for open in ["0.0.0.0:9090", "[::]:9090", "192.0.2.1:9090"] {
            assert!(configured("", open).unwrap_err().contains("allow_remote"), "{open}");
            assert_eq!(configured("[api]\nallow_remote = true", open), Ok(()));
        }
        for closed in ["127.0.0.9:9090", "[::1]:9090", "[::ffff:127.0.0.1]:9090", "none"] {
            assert_eq!(configured("", closed), Ok(()));
        }
        assert!(configured("[rest]\nlisten = '0.0.0.0:9091'", "none").unwrap_err().contains("0.0.0.0:9091"));
    }

    #[test]
    fn the_folder_of_everything_that_was_read_stays_in_reach() {
        let [given, linked, agents] = [(); 3].map(|()| tempfile::tempdir().unwrap());
        let (file, agent) = (given.path().join("vgwd.toml"), agents.path().join("agent.conf"));
        fs::write(&file, format!("[compat]\nagent_conf = {agent:?}\n")).unwrap();
        fs::write(&agent, "").unwrap();
        fs::write(linked.path().join("more"), "").unwrap();
        fs::create_dir(given.path().join("vgwd.d")).unwrap();
        std::os::unix::fs::symlink(linked.path().join("more"), given.path().join("vgwd.d/more.toml")).unwrap();
        let arguments = Arguments::parse_from(["vgwd", "--config", file.to_str().unwrap()]);
        let read = arguments.folders(&arguments.configuration().unwrap()).read;
        for folder in [&given, &linked, &agents] {
            assert!(read.contains(&folder.path().to_owned()), "{read:?}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for words in [&["--workers", "0"][..], &["--thrift-listen", "9090"], &["--log-format", "xml"]] {
            assert!(Arguments::try_parse_from([&["vgwd"], words].concat()).is_err(), "{words:?}");
        }
    }
}
