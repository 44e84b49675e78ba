//! Text of others, where people read it.

use std::borrow::Cow;

/// True for characters that end a line, move a cursor, or hide or reorder what stands beside them: control
/// characters, and those invisible ones that format text (Unicode general category Cf, the ranges in use).
#[must_use]
pub fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The text with deceptive characters written out, as `\n` and `\u{202e}`, but for those that are `wanted`.
#[must_use]
pub fn printable(text: &str, wanted: impl Fn(char) -> bool) -> Cow<'_, str> {
    let is_shown = |c: char| !is_deceptive(c) || wanted(c);
    if text.chars().all(&is_shown) {
        return Cow::Borrowed(text);
    }
    let escape = |shown: &mut String, c: char| match c {
        c if is_shown(c) => shown.push(c),
        '\n' | '\r' | '\t' | '\0' => shown.extend(c.escape_debug()),
        c => shown.extend(c.escape_unicode()),
    };
    Cow::Owned(text.chars().fold(String::with_capacity(text.len() + 16), |mut shown, c| {
        escape(&mut shown, c);
        shown
    }))
}

/// Text of a client cut to a length that is safe to repeat in a message, with what is not plain written out.
pub(super) fn excerpt(text: &str) -> String {
    text.chars().take(48).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_deceives_is_written_out() {
        let shown = |text: &'static str| printable(text, |_| false);
        assert!(matches!(shown("vgw1 \u{fc} \u{7db2}"), Cow::Borrowed(_)));
        assert_eq!(shown("a\nb\r\t\0\u{1b}[31m\u{9b}2J"), r"a\nb\r\t\0\u{1b}[31m\u{9b}2J");
        assert_eq!(shown("\u{202e}\u{2066}\u{200b}\u{feff}\u{e0041}"), r"\u{202e}\u{2066}\u{200b}\u{feff}\u{e0041}");
        assert_eq!(printable("a\nb\u{202e}", |c| c == '\n'), "a\nb\\u{202e}");
    }
}
