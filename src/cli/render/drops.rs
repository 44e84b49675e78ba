//! What was dropped.

use super::super::report::{DropCount, DroppedPacket, Drops, LastDrops, MissedDrops, Report};
use super::style::{Style, Tone};
use super::table::{Cell, Table, left, right};
use super::units::count;

impl Report for Drops {
    const SCHEMA: &'static str = "vgw.drops/1";

    /// A row for each reason, most packets first; then the instances, if there are several.
    fn render(&self, style: Style) -> String {
        if self.drops.is_empty() {
            return "nothing was dropped\n".to_owned();
        }
        let mut table = Table::new([left("reason"), right("packets"), left("port"), left("meaning")]);
        let mut reasons: Vec<(&str, Vec<&DropCount>)> = Vec::new();
        for drop in &self.drops {
            match reasons.iter_mut().find(|(reason, _)| *reason == drop.reason) {
                Some((_, ports)) => ports.push(drop),
                None => reasons.push((&drop.reason, vec![drop])),
            }
        }
        let sum = |ports: &[&DropCount]| ports.iter().map(|drop| drop.packets).sum::<u64>();
        reasons.sort_by_key(|(_, ports)| std::cmp::Reverse(sum(ports)));
        for (reason, ports) in &reasons {
            let shown: Vec<String> = match &ports[..] {
                [only] => vec![only.port.clone()],
                several => several.iter().map(|drop| format!("{} {}", drop.port, count(drop.packets))).collect(),
            };
            table.row([
                Cell::new(*reason).tone(Tone::Strong),
                Cell::new(count(sum(ports))),
                Cell::list(&shown),
                Cell::new(&ports[0].meaning),
            ]);
        }
        table.render(style, 0) + &self.instances(style)
    }
}

impl Drops {
    fn instances(&self, style: Style) -> String {
        if self.instances.len() < 2 {
            return String::new();
        }
        let mut table = Table::new([left("instance"), right("packets")]);
        for instance in &self.instances {
            table.row([Cell::new(&instance.instance), Cell::new(count(instance.packets))]);
        }
        table.row([Cell::new("all"), Cell::new(count(self.packets))]);
        format!("\n{}", table.render(style, 0))
    }
}

impl Report for LastDrops {
    const SCHEMA: &'static str = "vgw.last-drops/1";

    fn render(&self, style: Style) -> String {
        if self.packets.is_empty() {
            return "nothing was dropped lately\n".to_owned();
        }
        self.packets.iter().map(|packet| packet.render(style)).collect()
    }
}

impl Report for DroppedPacket {
    const SCHEMA: &'static str = "vgw.dropped-packet/1";

    fn render(&self, style: Style) -> String {
        let Self { time, port, instance, reason, packet, length: _ } = self;
        let (port, reason) = (style.paint(Tone::Strong, port), style.paint(Tone::Bad, reason));
        let instance = instance.as_deref().unwrap_or("gone");
        let [time, instance] = [time.clone(), format!("({instance})")].map(|text| style.paint(Tone::Faint, text));
        format!("{time} {port} {instance} {reason}: {packet}\n")
    }
}

impl Report for MissedDrops {
    const SCHEMA: &'static str = "vgw.missed-drops/1";

    fn render(&self, style: Style) -> String {
        let (verb, packets) = if self.missed == 1 { ("was", "packet") } else { ("were", "packets") };
        let text = format!("{} more {packets} {verb} dropped, too fast to be shown", count(self.missed));
        style.paint(Tone::Notice, text) + "\n"
    }
}
