//! Text of others, where people read it.

use std::borrow::Cow;

/// True for characters that end a line, move a cursor, are not seen, or hide or reorder what stands beside them:
/// control characters, separators of lines, annotations, and what Unicode has not shown by default
/// (`Default_Ignorable_Code_Point`). With the latter a name could look as another does.
#[must_use]
pub fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
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

/// A word as a POSIX shell reads it back: commands are told to be typed, and names may hold nearly anything.
#[must_use]
pub fn shell_word(word: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return Cow::Borrowed(word);
    }
    Cow::Owned(format!("'{}'", word.replace('\'', r"'\''")))
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
        assert_eq!(shown("a\u{34f}\u{3164}\u{fe0f}\u{e0101}"), r"a\u{34f}\u{3164}\u{fe0f}\u{e0101}", "not seen");
    }

    #[test]
    fn a_shell_reads_words_back() {
        assert_eq!(shell_word("eth0.100"), "eth0.100");
        assert_eq!(shell_word("it's;reboot"), r"'it'\''s;reboot'");
        assert_eq!(shell_word("$(id)"), "'$(id)'");
        assert_eq!(shell_word(""), "''");
    }
}
