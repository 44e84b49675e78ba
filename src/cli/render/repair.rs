//! What was put right.

use super::super::report::Repairs;
use super::units;

/// The lines of `vgw status`: one for each kind, and when the last was.
pub(super) fn lines(repairs: &Repairs, indent: usize) -> String {
    let mut text = String::new();
    // Those of a kind stand together.
    for same in repairs.counts.chunk_by(|one, next| one.kind == next.kind) {
        let total = same.iter().map(|repair| repair.count).sum();
        let by_occasion = same.iter().map(|repair| format!("{} by {}", units::exact(repair.count), repair.occasion));
        let by_occasion = by_occasion.collect::<Vec<_>>().join(", ");
        text.push_str(&format!("{:indent$}{}: {} ({by_occasion})\n", "", same[0].kind, units::exact(total)));
    }
    if let Some(last) = repairs.last_ms {
        text.push_str(&format!("{:indent$}the last one {} ago\n", "", units::millis(last)));
    }
    text
}
