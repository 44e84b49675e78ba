//! What keeps the host's stack from hearing the card: a table of nftables at the card's entrance.

use serde_json::json;

use crate::addr::InterfaceName;
use crate::fabric::SiteError;
use crate::sys::nft;

/// Our table, in the family netdev.
const TABLE: &str = "vgw-fabric";

/// Before whatever others have at a card's entrance.
const FIRST: i32 = -500;

/// Packet sockets have their copy before this hook is asked (`__netif_receive_skb_core`).
pub(super) fn shut(device: InterfaceName) -> Result<(), SiteError> {
    let table = json!({"family": "netdev", "name": TABLE});
    let chain = json!({"family": "netdev", "table": TABLE, "name": "shut", "type": "filter", "hook": "ingress",
        "dev": device.as_str(), "prio": FIRST, "policy": "drop"});
    let made = json!([{"add": {"table": table}}, {"delete": {"table": table}}, {"add": {"table": table}},
        {"add": {"chain": chain}}]);
    nft::run(&json!({"nftables": made})).map_err(|error| SiteError(error.to_string()))
}

/// Takes no program: the host is to have its card back even where there is none any more.
pub(super) fn open() -> Result<(), SiteError> {
    nft::remove_device_table(TABLE)
        .map_err(|error| SiteError(format!("nftables: {error}; to do it by hand: nft delete table netdev {TABLE}")))
}

pub(super) fn is_shut() -> Result<bool, SiteError> {
    nft::has_device_table(TABLE).map_err(|error| SiteError(format!("nftables: {error}")))
}
