//! A port in JSON.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::addr::{InstanceName, InterfaceAddress, InterfaceName, Mac, Prefix, Uuid};
use crate::gateway::saved::record::{PortOwner, Thing};
use crate::gateway::saved::text::{Text, texts, values};
use crate::gateway::{DomainName, GuestSpec, PortKind, PortSpec};

use super::{AdvertisementForm, DhcpForm, some, weight};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::gateway::saved) struct PortForm {
    name: Text<InterfaceName>,
    instance: Text<InstanceName>,
    kind: KindForm,
    addresses: BTreeSet<Text<Prefix>>,
    mac: Option<Text<Mac>>,
    gateways: BTreeSet<IpAddr>,
    mtu: Option<u32>,
    weight: u16,
    dhcp: Option<DhcpForm>,
    host_name: Option<Text<DomainName>>,
    advertisements: Option<AdvertisementForm>,
    compute: Option<ComputeForm>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum KindForm {
    Attach,
    Tap,
    Guest(GuestForm),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct GuestForm {
    namespace: String,
    name: Text<InterfaceName>,
    addresses: BTreeSet<Text<InterfaceAddress>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ComputeForm {
    id: Text<Uuid>,
    network: Text<Uuid>,
    version: Option<u32>,
}

impl PortForm {
    pub(super) fn new(spec: &PortSpec, owner: PortOwner) -> Self {
        let PortSpec {
            name,
            instance,
            kind,
            addresses,
            mac,
            gateways,
            mtu,
            weight,
            dhcp,
            host_name,
            router_advertisements,
        } = spec;
        Self {
            name: Text(*name),
            instance: Text(instance.clone()),
            kind: KindForm::new(kind),
            addresses: texts(addresses),
            mac: mac.map(Text),
            gateways: gateways.clone(),
            mtu: *mtu,
            weight: weight.get(),
            dhcp: dhcp.as_ref().map(DhcpForm::new),
            host_name: host_name.clone().map(Text),
            advertisements: router_advertisements.as_ref().map(AdvertisementForm::new),
            compute: match owner {
                PortOwner::Call => None,
                PortOwner::Compute { id, network, version } => {
                    Some(ComputeForm { id: Text(id), network: Text(network), version })
                }
            },
        }
    }

    pub(super) fn read(self) -> Result<Thing, String> {
        if let Some(mtu) = self.mtu.filter(|mtu| !PortSpec::MTU.contains(mtu)) {
            return Err(format!("mtu: {mtu} is no MTU of a port"));
        }
        let spec = PortSpec {
            name: self.name.0,
            instance: self.instance.0,
            kind: self.kind.read()?,
            addresses: some("addresses", values(self.addresses))?,
            mac: self.mac.map(|text| text.0),
            gateways: self.gateways,
            mtu: self.mtu,
            weight: weight(self.weight)?,
            dhcp: self.dhcp.map(DhcpForm::read),
            host_name: self.host_name.map(|text| text.0),
            router_advertisements: self.advertisements.map(AdvertisementForm::read),
        };
        let owner = self.compute.map_or(PortOwner::Call, |ComputeForm { id, network, version }| PortOwner::Compute {
            id: id.0,
            network: network.0,
            version,
        });
        Ok(Thing::Port(Arc::new(spec), owner))
    }
}

impl KindForm {
    fn new(kind: &PortKind) -> Self {
        match kind {
            PortKind::Attach => Self::Attach,
            PortKind::Tap(None) => Self::Tap,
            // The path came as text.
            PortKind::Tap(Some(GuestSpec { namespace, name, addresses })) => Self::Guest(GuestForm {
                namespace: namespace.display().to_string(),
                name: Text(*name),
                addresses: texts(addresses),
            }),
        }
    }

    fn read(self) -> Result<PortKind, String> {
        let GuestForm { namespace, name, addresses } = match self {
            Self::Attach => return Ok(PortKind::Attach),
            Self::Tap => return Ok(PortKind::Tap(None)),
            Self::Guest(guest) => guest,
        };
        if namespace.is_empty() || namespace.contains('\0') {
            return Err("namespace: not a name or a path".to_owned());
        }
        let (namespace, addresses) = (PathBuf::from(namespace), values(addresses));
        Ok(PortKind::Tap(Some(GuestSpec { namespace, name: name.0, addresses })))
    }
}
