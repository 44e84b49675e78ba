//! What `scripts/bench --instructions` counts the instructions of: packets of one kind on their way
//! through the forwarder. Without arguments it prints the names of the kinds.
//!
//! usage: instructions [KIND PACKETS]

#[path = "../../benches/traffic/mod.rs"]
mod traffic;

use std::error::Error;
use std::io::{self, Write};

use vgw::forward::Forwarder;

use traffic::{Kind, START, forwarder, kinds};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, packets] = &arguments[..] else {
        let names: Vec<_> = kinds().iter().map(|kind| kind.name).collect();
        return Ok(writeln!(io::stdout(), "{}", names.join("\n"))?);
    };
    let kind = kinds().into_iter().find(|kind| kind.name == name);
    let mut kind = kind.ok_or_else(|| format!("there is no kind of packet {name:?}"))?;
    let packets = packets.parse()?;
    let mut forwarder = forwarder();
    for _ in 0..packets {
        kind.restore();
        counted(&mut kind, &mut forwarder);
    }
    kind.check(&forwarder, packets);
    Ok(())
}

/// The only part that is counted, by its name.
#[inline(never)]
fn counted(kind: &mut Kind, forwarder: &mut Forwarder) {
    std::hint::black_box(kind.pass(forwarder, START));
}
