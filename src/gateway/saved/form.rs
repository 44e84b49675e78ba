//! Records in JSON. The forms are the file's and not the program's: whoever changes one of them makes
//! another format ([`super::Journal`]).

mod audit;
mod port;
mod route;

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::addr::{Family, InstanceName, InterfaceAddress, InterfaceName, Prefix, Uuid, Weight};
use crate::gateway::{
    Addressing, AdvertisementSpec, Attachment, DhcpSpec, DomainName, GatewaySpec, LeaseTime, NetworkSpec, UplinkName,
    UplinkSpec,
};

use super::record::{Key, Record, Thing};
use super::text::{Text, texts, values};

use audit::AuditForm;
use port::PortForm;
use route::RouteForm;

/// A record as it is written.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RecordForm {
    Gateway(GatewayForm),
    Port(PortForm),
    Uplink(UplinkForm),
    Route(RouteForm),
    Network(NetworkForm),
    Forget(KeyForm),
    Audit(AuditForm),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum KeyForm {
    Network(Text<Uuid>),
    Uplink(Text<UplinkName>),
    Gateway(Text<InterfaceName>),
    Port(Text<InterfaceName>),
    Route(Text<InstanceName>, Text<Prefix>),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GatewayForm {
    interface: Text<InterfaceName>,
    instance: Text<InstanceName>,
    subnets: BTreeSet<Text<Prefix>>,
    routes: BTreeSet<Text<Prefix>>,
    uplink: Option<Text<UplinkName>>,
    masquerade: bool,
    weight: u16,
    version: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UplinkForm {
    name: Text<UplinkName>,
    device: Text<InterfaceName>,
    addressing: AddressingForm,
    table: Option<u32>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum AddressingForm {
    Fixed { address: Text<InterfaceAddress>, via: IpAddr },
    Leased(Text<Family>),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NetworkForm {
    id: Text<Uuid>,
    instance: Text<InstanceName>,
    gateways: BTreeSet<IpAddr>,
    dhcp: Option<DhcpForm>,
    advertisements: Option<AdvertisementForm>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DhcpForm {
    prefix_length: Option<u8>,
    dns: Vec<Ipv4Addr>,
    domain: Option<Text<DomainName>>,
    lease_time: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AdvertisementForm {
    dns: Vec<Ipv6Addr>,
}

impl From<&Record> for RecordForm {
    fn from(record: &Record) -> Self {
        match record {
            Record::Put(Thing::Gateway(spec, version)) => Self::Gateway(GatewayForm::new(spec, *version)),
            Record::Put(Thing::Port(spec, owner)) => Self::Port(PortForm::new(spec, *owner)),
            Record::Put(Thing::Uplink(spec)) => Self::Uplink(UplinkForm::new(spec)),
            Record::Put(Thing::Route(spec)) => Self::Route(RouteForm::new(spec)),
            Record::Put(Thing::Network(spec)) => Self::Network(NetworkForm::new(spec)),
            Record::Forget(key) => Self::Forget(KeyForm::new(key)),
            Record::Audit(auditee, audit) => Self::Audit(AuditForm::new(*auditee, audit)),
        }
    }
}

impl TryFrom<RecordForm> for Record {
    type Error = String;

    /// What is true of every value of these types is checked; whether it fits is the registry's judgement.
    fn try_from(form: RecordForm) -> Result<Self, String> {
        let thing = match form {
            RecordForm::Gateway(form) => form.read()?,
            RecordForm::Port(form) => form.read()?,
            RecordForm::Uplink(form) => form.read(),
            RecordForm::Route(form) => form.read()?,
            RecordForm::Network(form) => form.read(),
            RecordForm::Forget(key) => return Ok(Self::Forget(key.read())),
            RecordForm::Audit(form) => {
                let (auditee, audit) = form.read()?;
                return Ok(Self::Audit(auditee, audit));
            }
        };
        Ok(Self::Put(thing))
    }
}

impl KeyForm {
    fn new(key: &Key) -> Self {
        match key {
            Key::Network(id) => Self::Network(Text(*id)),
            Key::Uplink(name) => Self::Uplink(Text(name.clone())),
            Key::Gateway(name) => Self::Gateway(Text(*name)),
            Key::Port(name) => Self::Port(Text(*name)),
            Key::Route(instance, prefix) => Self::Route(Text(instance.clone()), Text(*prefix)),
        }
    }

    fn read(self) -> Key {
        match self {
            Self::Network(Text(id)) => Key::Network(id),
            Self::Uplink(Text(name)) => Key::Uplink(name),
            Self::Gateway(Text(name)) => Key::Gateway(name),
            Self::Port(Text(name)) => Key::Port(name),
            Self::Route(Text(instance), Text(prefix)) => Key::Route(instance, prefix),
        }
    }
}

impl GatewayForm {
    fn new(spec: &GatewaySpec, version: u32) -> Self {
        let GatewaySpec { interface, instance, subnets, routes, uplink, masquerade, weight } = spec;
        Self {
            interface: Text(*interface),
            instance: Text(instance.clone()),
            subnets: texts(subnets),
            routes: texts(routes),
            uplink: uplink.clone().map(Text),
            masquerade: *masquerade,
            weight: weight.get(),
            version,
        }
    }

    fn read(self) -> Result<Thing, String> {
        let spec = GatewaySpec {
            interface: self.interface.0,
            instance: self.instance.0,
            subnets: some("subnets", values(self.subnets))?,
            routes: values(self.routes),
            uplink: self.uplink.map(|text| text.0),
            masquerade: self.masquerade,
            weight: weight(self.weight)?,
        };
        Ok(Thing::Gateway(Arc::new(spec), self.version))
    }
}

impl UplinkForm {
    fn new(spec: &UplinkSpec) -> Self {
        let UplinkSpec { name, device, addressing, table } = spec;
        let addressing = match addressing {
            Addressing::Fixed(Attachment { address, via }) => {
                AddressingForm::Fixed { address: Text(*address), via: *via }
            }
            Addressing::Leased(family) => AddressingForm::Leased(Text(*family)),
        };
        Self { name: Text(name.clone()), device: Text(*device), addressing, table: *table }
    }

    fn read(self) -> Thing {
        let addressing = match self.addressing {
            AddressingForm::Fixed { address: Text(address), via } => Addressing::Fixed(Attachment { address, via }),
            AddressingForm::Leased(Text(family)) => Addressing::Leased(family),
        };
        let (name, device) = (self.name.0, self.device.0);
        Thing::Uplink(Arc::new(UplinkSpec { name, device, addressing, table: self.table }))
    }
}

impl NetworkForm {
    fn new(spec: &NetworkSpec) -> Self {
        let NetworkSpec { id, instance, gateways, dhcp, router_advertisements } = spec;
        Self {
            id: Text(*id),
            instance: Text(instance.clone()),
            gateways: gateways.clone(),
            dhcp: dhcp.as_ref().map(DhcpForm::new),
            advertisements: router_advertisements.as_ref().map(AdvertisementForm::new),
        }
    }

    fn read(self) -> Thing {
        Thing::Network(Arc::new(NetworkSpec {
            id: self.id.0,
            instance: self.instance.0,
            gateways: self.gateways,
            dhcp: self.dhcp.map(DhcpForm::read),
            router_advertisements: self.advertisements.map(AdvertisementForm::read),
        }))
    }
}

// What DHCP and advertisements need of a port or a network, the registry checks when it takes them.
impl DhcpForm {
    fn new(spec: &DhcpSpec) -> Self {
        let DhcpSpec { prefix_length, dns, domain, lease_time } = spec;
        let domain = domain.clone().map(Text);
        Self { prefix_length: *prefix_length, dns: dns.clone(), domain, lease_time: lease_time.0 }
    }

    fn read(self) -> DhcpSpec {
        let Self { prefix_length, dns, domain, lease_time } = self;
        DhcpSpec { prefix_length, dns, domain: domain.map(|text| text.0), lease_time: LeaseTime(lease_time) }
    }
}

impl AdvertisementForm {
    fn new(spec: &AdvertisementSpec) -> Self {
        Self { dns: spec.dns.clone() }
    }

    fn read(self) -> AdvertisementSpec {
        AdvertisementSpec { dns: self.dns }
    }
}

fn weight(number: u16) -> Result<Weight, String> {
    Weight::try_from(i64::from(number)).map_err(|error| format!("weight: {error}"))
}

/// A list that is never empty.
fn some<T>(field: &str, list: BTreeSet<T>) -> Result<BTreeSet<T>, String> {
    if list.is_empty() { Err(format!("{field}: the list is empty")) } else { Ok(list) }
}
