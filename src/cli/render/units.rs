//! Numbers and times as people read them.

use std::time::Duration;

/// A number with its thousands apart: `12,345`; from ten million on with a unit prefix: `12.3 M`.
#[must_use]
pub fn count(value: u64) -> String {
    if value >= 10_000_000 { scaled(value, 1000, &["k", "M", "G", "T", "P", "E"]) } else { exact(value) }
}

/// A number with its thousands apart.
#[must_use]
pub fn exact(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of bytes: `980 B`, `1.5 KiB`.
#[must_use]
pub fn bytes(value: u64) -> String {
    if value < 1024 {
        return format!("{value} B");
    }
    scaled(value, 1024, &["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"])
}

/// A time in its two largest units: `2 d 3 h`, `41 s`; milliseconds only below a second.
#[must_use]
pub fn duration(value: Duration) -> String {
    let seconds = value.as_secs();
    if seconds == 0 {
        return format!("{} ms", value.as_millis());
    }
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    let parts = [(days, "d"), (hours, "h"), (minutes, "min"), (seconds % 60, "s")];
    let shown: Vec<String> = parts
        .iter()
        .skip_while(|(amount, _)| *amount == 0)
        .take(2)
        .filter(|(amount, _)| *amount > 0)
        .map(|(amount, unit)| format!("{amount} {unit}"))
        .collect();
    shown.join(" ")
}

/// A time given in milliseconds.
#[must_use]
pub(super) fn millis(value: u64) -> String {
    duration(Duration::from_millis(value))
}

/// How much of a count in a time that is in a second, to the nearest whole number.
#[must_use]
pub(in crate::cli) fn per_second(count: u64, over_ms: u64) -> u64 {
    let (over, count) = (u128::from(over_ms.max(1)), u128::from(count));
    u64::try_from((count * 1000 + over / 2) / over).unwrap_or(u64::MAX)
}

/// The value with one decimal in the largest unit that leaves it at one or more. Cut, not rounded,
/// so that nothing reaches 1000.0.
fn scaled(value: u64, base: u64, units: &[&str]) -> String {
    let mut divisor = base;
    let mut unit = 0;
    while unit + 1 < units.len() && value / divisor >= base {
        divisor *= base;
        unit += 1;
    }
    let (whole, tenths) = (value / divisor, value % divisor / (divisor / 10));
    format!("{whole}.{} {}", tenths.min(9), units[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts() {
        for (value, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (9_999_999, "9,999,999"),
            (10_000_000, "10.0 M"),
            (999_999_999, "999.9 M"),
            (1_000_000_000, "1.0 G"),
            (u64::MAX, "18.4 E"),
        ] {
            assert_eq!(count(value), text);
        }
        assert_eq!(exact(12_345_678), "12,345,678");
    }

    #[test]
    fn byte_counts() {
        for (value, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1536, "1.5 KiB"),
            (1_048_575, "1023.9 KiB"),
            (u64::MAX, "15.9 EiB"),
        ] {
            assert_eq!(bytes(value), text);
        }
    }

    #[test]
    fn rates() {
        for (count, over_ms, rate) in [(0, 0, 0), (15, 10_000, 2), (14, 10_000, 1), (5, 500, 10), (1, 0, 1000)] {
            assert_eq!(per_second(count, over_ms), rate);
        }
    }

    #[test]
    fn times() {
        for (millis, text) in [
            (0, "0 ms"),
            (999, "999 ms"),
            (1000, "1 s"),
            (41_900, "41 s"),
            (60_000, "1 min"),
            (61_000, "1 min 1 s"),
            (3_600_000, "1 h"),
            (7_980_000, "2 h 13 min"),
            (90_061_000, "1 d 1 h"),
            (86_460_000, "1 d"),
        ] {
            assert_eq!(super::millis(millis), text);
        }
    }
}
