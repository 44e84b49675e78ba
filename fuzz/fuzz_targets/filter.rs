//! Any text as a filter, any bytes as a frame: a filter shown and read again is the same, negation negates, an
//! error names a place in the text, and a frame's line never steers a terminal.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vgw::capture::{Filter, Headers, line};

fuzz_target!(|input: &[u8]| {
    let cut = input.iter().position(|&byte| byte == 0).unwrap_or(input.len());
    let (text, frame) = (&input[..cut], input.get(cut + 1..).unwrap_or_default());
    let shown = line(frame, frame.len()).to_string();
    assert!(shown.chars().all(|c| c.is_ascii_graphic() || c == ' '), "{shown:?}");

    let Ok(text) = std::str::from_utf8(text) else { return };
    let filter = match text.parse::<Filter>() {
        Ok(filter) => filter,
        Err(error) => {
            let characters = text.chars().count();
            // A text that is too long is not read any further.
            assert!((1..=characters + 1).contains(&error.position) || text.len() > 1024, "{error}");
            return;
        }
    };
    let again: Filter = filter.to_string().parse().expect("what is shown can be read");
    assert_eq!((&again, again.to_string()), (&filter, filter.to_string()));
    let matches = filter.matches(frame);
    assert_eq!(again.matches(frame), matches);
    if filter.to_string().is_empty() {
        assert!(matches);
        return;
    }
    assert!(!matches || Headers::read(frame).is_some());
    // Longer or deeper than a filter may be, perhaps.
    if let Ok(not) = format!("not ({text})").parse::<Filter>() {
        assert_eq!(not.matches(frame), !matches && Headers::read(frame).is_some());
    }
    if let Ok(both) = format!("({text}) and ({text})").parse::<Filter>() {
        assert_eq!(both.matches(frame), matches);
    }
    if let Ok(either) = format!("({text}) or not ({text})").parse::<Filter>() {
        assert_eq!(either.matches(frame), Headers::read(frame).is_some());
    }
});
