//! Prefixes as the agent reads them in its file.

use std::net::Ipv4Addr;

use crate::addr::{Masked, Prefix};

/// Reads `address/length` as the agent does (`Ip4PrefixParse` and what it does with the outcome): IPv4, octets
/// left out at the end are zero, a length from 0 to 31.
///
/// # Errors
/// Why the agent cannot use it, to follow the text in a sentence.
pub(super) fn parse(text: &str) -> Result<Masked, &'static str> {
    let Some((address, length)) = text.split_once('/') else {
        return Err("has no length");
    };
    if !length.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("has a length that is no number");
    }
    let length = match length.parse() {
        Ok(length @ 0..=31) => length,
        _ => return Err("has a length that is not in 0..=31, which is what the agent takes here"),
    };
    let absent = 3_usize.saturating_sub(address.matches('.').count());
    let address: Ipv4Addr = (address.to_owned() + &".0".repeat(absent)).parse().map_err(|_| "is not IPv4")?;
    Prefix::masked(address.into(), length).map_err(|_| "is not IPv4")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_may_be_left_out() {
        let read = |text| parse(text).map(|masked| (masked.prefix.to_string(), masked.had_host_bits));
        assert_eq!(read("10/8"), Ok(("10.0.0.0/8".to_owned(), false)));
        assert_eq!(read("10.1/16"), Ok(("10.1.0.0/16".to_owned(), false)));
        assert_eq!(read("1.1.1.1/24"), Ok(("1.1.1.0/24".to_owned(), true)));
        assert_eq!(read("0.0.0.0/0"), Ok(("0.0.0.0/0".to_owned(), false)));
        assert_eq!(read("1.1.1.2/31"), Ok(("1.1.1.2/31".to_owned(), false)));
    }

    #[test]
    fn what_the_agent_cannot_use_is_refused() {
        for (text, reason) in [
            ("1.1.1.1", "has no length"),
            ("1.1.1.0/x", "has a length that is no number"),
            ("1.1.1.0/+8", "has a length that is no number"),
            ("1.1.1.1/32", "has a length that is not in 0..=31, which is what the agent takes here"),
            ("1.1.1.1/", "has a length that is not in 0..=31, which is what the agent takes here"),
            ("1.1.1.1/99999999999", "has a length that is not in 0..=31, which is what the agent takes here"),
            ("1.1.1.1.1/24", "is not IPv4"),
            ("1./8", "is not IPv4"),
            ("/8", "is not IPv4"),
            ("2001:db8::/31", "is not IPv4"),
        ] {
            assert_eq!(parse(text).unwrap_err(), reason, "{text}");
        }
    }
}
