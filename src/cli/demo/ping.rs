//! `ping`, and what it found out.

use std::net::IpAddr;

use super::error::{Error, Result};
use super::namespace::Namespace;
use super::shell;

/// What came back.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ping {
    pub(super) sent: u32,
    pub(super) answered: u32,
    /// The answers' time to live (IPv6: hop limit) on arrival; `None` if they differ or there is none.
    pub(super) ttl: Option<u32>,
    /// The mean time there and back, milliseconds.
    pub(super) mean: Option<f64>,
    /// What a router on the way said instead, in `ping`'s words.
    pub(super) complaint: Option<String>,
}

impl Ping {
    /// Sends so many echo requests to an address from inside a namespace.
    ///
    /// # Errors
    /// `ping` could not be run or printed something else than it does.
    pub(super) fn send(from: &Namespace, to: IpAddr, count: u32) -> Result<Self> {
        let (count, to) = (count.to_string(), to.to_string());
        let words = from.exec(&["ping", "-n", "-c", &count, "-i", "0.05", "-W", "1", &to]);
        let output = shell::output(&words)?;
        // Exit 1 is "no answer", which is an answer to us.
        Self::parse(&String::from_utf8_lossy(&output.stdout))
            .ok_or_else(|| Error::Command { command: shell::line(&words), output: shell::said(&output) })
    }

    /// Reads the output of iputils' ping.
    fn parse(text: &str) -> Option<Self> {
        let summary = text.lines().find(|line| line.contains(" packets transmitted"))?;
        let mut numbers = summary.split(", ").map(|part| part.split(' ').next().and_then(|word| word.parse().ok()));
        let (sent, answered) = (numbers.next()??, numbers.next()??);
        let mut ttls: Vec<u32> = text.split("ttl=").skip(1).filter_map(|rest| leading(rest)?.parse().ok()).collect();
        ttls.sort_unstable();
        ttls.dedup();
        let mean = text.lines().find_map(|line| line.strip_prefix("rtt ")?.split(" = ").nth(1)?.split('/').nth(1));
        let complaint = text.lines().filter(|line| line.starts_with("From ")).find_map(|line| {
            let words = line.split_once(" icmp_seq=").or_else(|| line.split_once(": icmp_seq="))?.1;
            Some(words.split_once(' ')?.1.to_owned())
        });
        Some(Self {
            sent,
            answered,
            ttl: if let [ttl] = ttls[..] { Some(ttl) } else { None },
            mean: mean.and_then(|digits| digits.parse().ok()),
            complaint,
        })
    }
}

/// The digits that a text begins with.
fn leading(text: &str) -> Option<&str> {
    text.split(|c: char| !c.is_ascii_digit()).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read() {
        let text = "PING 10.1.1.253 (10.1.1.253) 56(84) bytes of data.\n\
                    64 bytes from 10.1.1.253: icmp_seq=1 ttl=62 time=0.234 ms\n\
                    64 bytes from 10.1.1.253: icmp_seq=2 ttl=62 time=0.101 ms\n\n\
                    --- 10.1.1.253 ping statistics ---\n\
                    2 packets transmitted, 2 received, 0% packet loss, time 50ms\n\
                    rtt min/avg/max/mdev = 0.101/0.167/0.234/0.066 ms\n";
        let expected = Ping { sent: 2, answered: 2, ttl: Some(62), mean: Some(0.167), complaint: None };
        assert_eq!(Ping::parse(text), Some(expected));
    }

    #[test]
    fn complaints_are_read() {
        let text = "PING 192.168.2.253 (192.168.2.253) 56(84) bytes of data.\n\
                    From 10.1.1.1 icmp_seq=1 Destination Net Unreachable\n\n\
                    --- 192.168.2.253 ping statistics ---\n\
                    2 packets transmitted, 0 received, +2 errors, 100% packet loss, time 50ms\n";
        let complaint = Some("Destination Net Unreachable".to_owned());
        assert_eq!(Ping::parse(text), Some(Ping { sent: 2, answered: 0, ttl: None, mean: None, complaint }));
    }

    #[test]
    fn different_ttls_are_no_ttl() {
        let text = "64 bytes from ::1: icmp_seq=1 ttl=62 time=1 ms\n64 bytes from ::1: icmp_seq=2 ttl=61 time=1 ms\n\
                    2 packets transmitted, 2 received, 0% packet loss, time 50ms\n";
        assert_eq!(Ping::parse(text).unwrap().ttl, None);
        assert_eq!(Ping::parse("ping: unknown host\n"), None);
    }
}
