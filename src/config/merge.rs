//! Putting several files together.

use std::collections::BTreeMap;

use crate::fabric::Wanted;
use crate::gateway::{Element as Index, Limits};
use crate::host::Mark;

use super::document::{Document, Place, Places};
use super::element::{Element, Identity};
use super::import::Imported;
use super::value::OnStop;
use super::{Config, ConfigError, shape};

/// The configuration so far.
#[derive(Default)]
pub(super) struct Merge {
    pub(super) config: Config,
    /// What was found wrong.
    pub(super) errors: Vec<ConfigError>,
    /// Where each name stands, to find one that stands twice.
    names: BTreeMap<String, Place>,
}

impl Merge {
    /// Takes over one more file: lists append, a single value replaces an earlier one. What is wrong goes to
    /// [`Merge::errors`] and is left out.
    pub(super) fn add(&mut self, document: Document) {
        let Document { file, places } = document;
        let shape::File {
            gateway,
            port,
            uplink,
            route,
            network,
            audit,
            api,
            limits,
            host,
            dataplane,
            compat,
            rest,
            fabric,
            metrics,
        } = file;
        let gateways = self.section(gateway, &places, Index::Gateway, self.config.declared.gateways.len());
        let ports = self.section(port, &places, Index::Port, self.config.declared.ports.len());
        let uplinks = self.section(uplink, &places, Index::Uplink, self.config.declared.uplinks.len());
        let routes = self.section(route, &places, Index::Route, self.config.declared.routes.len());
        let networks = self.section(network, &places, Index::Network, self.config.declared.networks.len());

        let config = &mut self.config;
        config.declared.gateways.extend(gateways);
        config.declared.ports.extend(ports);
        config.declared.uplinks.extend(uplinks);
        config.declared.routes.extend(routes);
        config.declared.networks.extend(networks);
        config.declared.limits = merge_limits(config.declared.limits, &limits);
        config.mark = merge_mark(config.mark, &host);
        replace(&mut config.check, host.check.map(|time| time.0));
        replace(&mut config.rt_tables, host.rt_tables.map(|folder| folder.0.0));
        replace(&mut config.keep, host.on_stop.map(|on_stop| on_stop == OnStop::Keep));
        replace(&mut config.audit_timeout, audit.timeout.map(|time| time.0));
        replace(&mut config.thrift_listen, api.thrift_listen.map(|listen| listen.0.0));
        replace(&mut config.rest_listen, rest.listen.map(|listen| listen.0.0));
        config.allow_users.extend(api.allow_users.into_iter().map(|user| user.0));
        replace(&mut config.allow_remote, api.allow_remote);
        replace(&mut config.socket, api.socket);
        replace(&mut config.metrics.socket, metrics.socket.map(|socket| socket.0.0));
        replace(&mut config.metrics.listen, metrics.listen.map(|listen| listen.0.0));
        replace(&mut config.metrics.interfaces, metrics.interfaces.map(|number| number.0 as usize));
        replace(&mut config.workers, dataplane.workers.map(|number| number.0 as usize));
        replace(&mut config.io_uring, dataplane.io_uring.map(|io_uring| io_uring.is_on()));
        replace(&mut config.spin, dataplane.spin.map(|time| time.0.0));
        replace(&mut config.queue_length, dataplane.queue_length.map(|length| length.0));
        if let Some(fabric) = fabric {
            config.fabric = Wanted::new(fabric.device.0, fabric.interface.map(|interface| interface.0));
        }
        replace(&mut config.agent_conf, compat.agent_conf.map(|path| path.0.0));
    }

    /// Takes over the gateways of a foreign file.
    pub(super) fn adopt(&mut self, imported: Imported) {
        self.config.warnings.extend(imported.warnings.iter().cloned());
        for (spec, place) in imported.into_gateways() {
            match self.name(&spec, &place, Index::Gateway(self.config.declared.gateways.len())) {
                Ok(()) => self.config.declared.gateways.push(spec),
                Err(error) => self.errors.push(error),
            }
        }
    }

    /// Checks the elements of one list, of which `first` stand in earlier files.
    fn section<E: Element<Spec: Identity>>(
        &mut self,
        elements: Vec<E>,
        places: &Places,
        index: fn(usize) -> Index,
        first: usize,
    ) -> Vec<E::Spec> {
        let mut specs = Vec::with_capacity(elements.len());
        for (element, place) in elements.into_iter().zip(places.of(E::SECTION)) {
            match self.element(element, place, index(first + specs.len())) {
                Ok(spec) => specs.push(spec),
                Err(_) if place.is_pruned() => {}
                Err(error) => self.errors.push(error),
            }
        }
        specs
    }

    fn element<E: Element<Spec: Identity>>(
        &mut self,
        element: E,
        place: &Place,
        index: Index,
    ) -> Result<E::Spec, ConfigError> {
        for (key, network) in element.networks().into_iter().filter(|(_, network)| network.masked.had_host_bits) {
            let reason = format!("{} has host bits, {} is meant", network.text, network.prefix());
            self.config.warnings.push(place.error(key, &reason).to_string());
        }
        let spec = element.spec().map_err(|fault| place.error(fault.key, fault.reason))?;
        self.name(&spec, place, index)?;
        Ok(spec)
    }

    /// Remembers where an element stands. Its name must be new.
    fn name(&mut self, spec: &impl Identity, place: &Place, index: Index) -> Result<(), ConfigError> {
        let (key, name) = spec.identity();
        if let Some(first) = self.names.get(&name) {
            return Err(place.error(key, &format!("{name} is also defined in {first}")));
        }
        self.names.insert(name, place.clone());
        self.config.places.insert(index, place.clone());
        Ok(())
    }
}

/// A later file's value takes the place of an earlier one.
fn replace<T>(value: &mut T, later: Option<T>) {
    if let Some(later) = later {
        *value = later;
    }
}

fn merge_limits(now: Limits, file: &shape::Limits) -> Limits {
    Limits {
        gateways: file.gateways.map_or(now.gateways, |limit| limit.0 as usize),
        ports: file.ports.map_or(now.ports, |limit| limit.0 as usize),
        uplinks: file.uplinks.map_or(now.uplinks, |limit| limit.0 as usize),
        routes: file.routes.map_or(now.routes, |limit| limit.0 as usize),
        networks: file.networks.map_or(now.networks, |limit| limit.0 as usize),
    }
}

fn merge_mark(now: Mark, file: &shape::Host) -> Mark {
    Mark {
        protocol: file.route_protocol.map_or(now.protocol, |protocol| protocol.0),
        rule_priority: file.rule_priority.map_or(now.rule_priority, |priority| priority.0),
        table: file.table_base.map_or(now.table, |table| table.0),
        group: file.link_group.map_or(now.group, |group| group.0),
    }
}
