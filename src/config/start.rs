//! What is read at start only.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::path::Path;
use std::time::Duration;

use crate::gateway::{Applied, Difference, FieldDifference};
use crate::host::Mark;

use super::Config;
use super::configuration::Metrics;

/// The keys that are read at start only, as a daemon has them.
#[derive(Debug, Clone)]
pub struct AtStart {
    values: Values,
    /// Keys that flags hold, whatever the files say.
    held: BTreeSet<&'static str>,
}

/// Each key with its value; `None` is none.
type Values = BTreeMap<&'static str, Option<String>>;

impl AtStart {
    /// What the kind of their difference is called.
    pub const KIND: &'static str = "start";

    /// What a daemon was started with: its configuration, and the keys that its flags hold.
    #[must_use]
    pub fn of(config: &Config, held: impl IntoIterator<Item = &'static str>) -> Self {
        Self { values: values(config), held: held.into_iter().collect() }
    }

    /// What another configuration has differently, and what holds from the next start on only; `None` if
    /// that is nothing.
    #[must_use]
    pub fn difference(&self, next: &Config) -> Option<Difference> {
        let fields: Vec<_> = values(next)
            .into_iter()
            .filter(|(key, _)| !self.held.contains(key))
            .filter_map(|(key, after)| {
                let before = self.values.get(key).cloned().flatten();
                (before != after).then_some(FieldDifference { key, before, after })
            })
            .collect();
        let difference = Difference { kind: Self::KIND, name: String::new(), deed: Applied::Changed, fields };
        Some(difference).filter(|difference| !difference.fields.is_empty())
    }
}

fn values(config: &Config) -> Values {
    // Taken apart so that nobody adds a field without saying here what becomes of it at a reload.
    let Config {
        thrift_listen,
        rest_listen,
        allow_users,
        allow_remote,
        socket,
        metrics,
        mark,
        keep,
        check,
        rt_tables,
        workers,
        queue_length,
        io_uring,
        spin,
        fabric,
        // These are taken over at once.
        declared: _,
        audit_timeout: _,
        agent_conf: _,
        // These are about the files.
        read: _,
        warnings: _,
        places: _,
    } = config;
    let Metrics { socket: metrics_socket, listen: metrics_listen, interfaces } = metrics;
    let Mark { protocol, rule_priority, table, group } = mark;
    let time = |time: Duration| match time.as_micros() {
        0 => "off".to_owned(),
        micros if micros % 1_000_000 == 0 => format!("{}s", micros / 1_000_000),
        micros if micros % 1000 == 0 => format!("{}ms", micros / 1000),
        micros => format!("{micros}us"),
    };
    let io_uring = match io_uring {
        None => "auto",
        Some(true) => "on",
        Some(false) => "off",
    };
    let users: Vec<String> = allow_users.iter().map(ToString::to_string).collect();
    let on_stop = if *keep { "keep" } else { "remove" };
    [
        ("api.thrift_listen", text(*thrift_listen)),
        ("api.allow_users", Some(users.join(", ")).filter(|users| !users.is_empty())),
        ("api.allow_remote", text(Some(allow_remote))),
        ("api.socket", path(Some(socket))),
        ("rest.listen", text(*rest_listen)),
        ("metrics.socket", path(metrics_socket.as_deref())),
        ("metrics.listen", text(*metrics_listen)),
        ("metrics.interfaces", text(Some(interfaces))),
        ("fabric.device", text(fabric.map(|wanted| wanted.device))),
        ("fabric.interface", text(fabric.map(|wanted| wanted.interface))),
        ("host.route_protocol", text(Some(protocol))),
        ("host.rule_priority", text(Some(rule_priority))),
        ("host.table_base", text(Some(table))),
        ("host.rt_tables", path(rt_tables.as_deref())),
        ("host.link_group", text(Some(group))),
        ("host.check", Some(check.map_or("off".to_owned(), time))),
        ("host.on_stop", Some(on_stop.to_owned())),
        ("dataplane.workers", text(Some(workers))),
        ("dataplane.io_uring", Some(io_uring.to_owned())),
        ("dataplane.spin", Some(time(*spin))),
        ("dataplane.queue_length", text(Some(queue_length))),
    ]
    .into()
}

fn text(value: Option<impl Display>) -> Option<String> {
    value.map(|value| value.to_string())
}

fn path(value: Option<&Path>) -> Option<String> {
    value.map(|path| path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::super::SECTIONS;
    use super::*;

    #[test]
    fn the_keys_are_those_of_the_manual() {
        let marked = SECTIONS.iter().filter(|section| section.at_start);
        let keys = marked.flat_map(|section| section.keys.iter().map(|key| format!("{}.{}", section.path, key.name)));
        let ours: BTreeSet<String> = values(&Config::default()).keys().map(|key| (*key).to_owned()).collect();
        assert_eq!(ours, keys.collect());
    }

    #[test]
    fn only_what_differs_and_no_flag_holds_is_told() {
        let started = Config::default();
        let next = Config { workers: 4, spin: Duration::from_micros(50), rt_tables: None, ..Config::default() };
        let told = |held: &[&'static str]| {
            let difference = AtStart::of(&started, held.iter().copied()).difference(&next)?;
            let fields = difference.fields.into_iter();
            Some(fields.map(|field| (field.key, field.before, field.after)).collect::<Vec<_>>())
        };
        let some = |text: &str| Some(text.to_owned());
        let rt_tables = ("host.rt_tables", some("/etc/iproute2/rt_tables.d"), None);
        let spin = ("dataplane.spin", some("off"), some("50us"));
        let workers = ("dataplane.workers", some("1"), some("4"));
        assert_eq!(told(&[]), Some(vec![spin.clone(), workers, rt_tables.clone()]));
        assert_eq!(told(&["dataplane.workers"]), Some(vec![spin, rt_tables]));
        assert!(AtStart::of(&next, []).difference(&next).is_none());
    }
}
