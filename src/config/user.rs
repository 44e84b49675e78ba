//! A user of this host, by number or by name.

use std::fs;

use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

/// Where names of users have their numbers (passwd(5)). Services' users stand there; what a directory service
/// knows beyond that is not asked for.
const PASSWD: &str = "/etc/passwd";

/// A user's number.
#[derive(Debug, Clone, Copy)]
pub(super) struct User(pub(super) u32);

impl<'de> Deserialize<'de> for User {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        source.deserialize_any(UserVisitor)
    }
}

struct UserVisitor;

impl Visitor<'_> for UserVisitor {
    type Value = User;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a user's name or number")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<User, E> {
        // The highest stands for no user (chown(2)).
        let number = u32::try_from(number).ok().filter(|number| *number != u32::MAX);
        number.map(User).ok_or_else(|| E::invalid_value(Unexpected::Other("a number out of range"), &self))
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<User, E> {
        let users = fs::read_to_string(PASSWD).map_err(|error| E::custom(format_args!("{PASSWD}: {error}")))?;
        number_of(name, &users).map(User).ok_or_else(|| E::custom(format_args!("{PASSWD} has no user {name:?}")))
    }
}

fn number_of(name: &str, users: &str) -> Option<u32> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let is_it = fields.next() == Some(name) && !name.is_empty();
        is_it.then(|| fields.nth(1)?.parse().ok()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_their_numbers() {
        let users = "root:x:0:0:root:/root:/bin/sh\n# nova:x:1:1::/:\nnova:x:162:162::/var/lib/nova:/bin/sh\nbad\n";
        assert_eq!((number_of("root", users), number_of("nova", users)), (Some(0), Some(162)));
        for none in ["", "nov", "bad", "x", "nova:x", "# nova "] {
            assert_eq!(number_of(none, users), None, "{none:?}");
        }
    }
}
