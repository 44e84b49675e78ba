//! The vocabulary: addresses and names that cannot be wrong once they exist.

mod id;
mod mac;
mod name;
mod prefix;
mod text;
mod uuid;
mod weight;

pub use id::{InstanceId, PortId};
pub use mac::{Mac, ParseMacError};
pub use name::{InstanceName, InterfaceName, NameError};
pub use prefix::{Family, FamilyError, InterfaceAddress, Masked, Prefix, PrefixError};
pub use text::{is_deceptive, printable, shell_word};
pub use uuid::{ParseUuidError, Uuid};
pub use weight::{Weight, WeightError};
