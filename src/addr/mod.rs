//! The vocabulary: addresses and names that cannot be wrong once they exist.

mod family;
mod id;
mod interface_address;
mod mac;
mod name;
mod prefix;
mod text;
mod uuid;
mod weight;

pub use family::{Family, FamilyError};
pub use id::{InstanceId, PortId};
pub use interface_address::InterfaceAddress;
pub use mac::{Mac, ParseMacError};
pub use name::{InstanceName, InterfaceName, NameError};
pub use prefix::{Masked, Prefix, PrefixError};
pub use text::{is_deceptive, printable, shell_word};
pub use uuid::{ParseUuidError, Uuid};
pub use weight::{Weight, WeightError};
