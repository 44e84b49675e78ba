//! Client text in messages and logs.

/// Client text cut to a length and escaped, so that it is safe to repeat: it cannot end a line, move
/// a cursor, or hide or reorder what stands beside it.
pub(super) fn shown(text: &str) -> String {
    const LONGEST: usize = 120;
    let mut shown: String = text.chars().take(LONGEST).map(escaped).collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push_str("...");
    }
    shown
}

fn escaped(c: char) -> String {
    // Quotes do no harm; everything else that `escape_debug` escapes is unprintable.
    if matches!(c, '\'' | '"') { c.to_string() } else { c.escape_debug().to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped_and_length_is_bounded() {
        assert_eq!(shown("it's vgw1"), "it's vgw1");
        assert_eq!(shown("a\nb\u{1b}[31m\u{202e}\0"), r"a\nb\u{1b}[31m\u{202e}\0");
        assert_eq!(shown(&"x".repeat(1 << 20)).len(), 123);
    }
}
