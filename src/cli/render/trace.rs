//! The way of a packet, a line for each step, further in the further it gets from the guest.

use super::super::report::{Report, Trace, TraceOutcome, TraceStep, TraceVerdict, Way};
use super::style::{Style, Tone};

impl Report for Trace {
    const SCHEMA: &'static str = "vgw.trace/1";

    fn render(&self, style: Style) -> String {
        let way = |(index, way): (usize, &Way)| {
            let lead = if index == 0 { "" } else { "\nback: " };
            format!(
                "{lead}{}\n\n{}\n{}",
                style.paint(Tone::Strong, &way.packet),
                steps(&way.steps, style),
                verdict(way, style)
            )
        };
        self.ways.iter().enumerate().map(way).collect()
    }
}

fn steps(steps: &[TraceStep], style: Style) -> String {
    let places: Vec<String> = steps.iter().map(place).collect();
    let width = places.iter().map(String::len).max().unwrap_or_default();
    let mut text = String::new();
    for (index, step) in steps.iter().enumerate() {
        // A place is named where the packet comes to it.
        let is_same = index > 0 && places[index - 1] == places[index];
        let place = if is_same { "" } else { &places[index] };
        let (mark, tone) = if step.decides { (">", Tone::Notice) } else { (" ", Tone::Plain) };
        let place = style.paint(Tone::Faint, format_args!("{place:width$}"));
        text += &format!("{mark}{:>2}  {place}  {}\n", index + 1, style.paint(tone, &step.text));
    }
    text
}

/// A place, indented by its depth.
fn place(step: &TraceStep) -> String {
    let depth = match step.place.as_str() {
        "guest" => 0,
        "instance" => 1,
        "tap" => 2,
        "host" => 3,
        _ => 4,
    };
    let indent = "  ".repeat(depth);
    if step.at == step.place {
        format!("{indent}{}", step.place)
    } else {
        format!("{indent}{} {}", step.place, step.at)
    }
}

fn verdict(way: &Way, style: Style) -> String {
    let TraceVerdict { outcome, at: _, reason, meaning, cure } = &way.verdict;
    let (word, tone) = match outcome {
        TraceOutcome::Forwarded => ("forwarded", Tone::Good),
        TraceOutcome::Answered => ("answered", Tone::Good),
        TraceOutcome::Delivered => ("delivered", Tone::Good),
        TraceOutcome::Held => ("held", Tone::Notice),
        TraceOutcome::Dropped => ("dropped", Tone::Bad),
        TraceOutcome::Unknown => ("unknown to this vgw", Tone::Notice),
    };
    let reason = reason.as_ref().map(|reason| format!("{reason}, ")).unwrap_or_default();
    let cure = cure.as_ref().map(|cure| format!("{} {cure}\n", style.paint(Tone::Strong, "cure:"))).unwrap_or_default();
    format!("{} {reason}{meaning}\n{cure}", style.paint(tone, format_args!("{word}:")))
}
