//! How far the daemon's threads are held to what they need (docs/decisions/sandbox.md).

use std::fmt;

/// What is in force, by the kernel's means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sandbox {
    /// Files, landlock(7).
    pub landlock: Extent,
    /// System calls, seccomp(2).
    pub seccomp: Extent,
    /// Rights, capabilities(7).
    pub capabilities: Extent,
}

/// How much of what was asked for is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Extent {
    /// Everything.
    All,
    /// As much as this kernel has, or the service manager allows; and why no more.
    Part(String),
    /// Nothing, or not for every thread; and why.
    None(String),
}

impl Extent {
    /// Its name: `all`, `part` or `none`.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Part(_) => "part",
            Self::None(_) => "none",
        }
    }

    /// Why it is not everything.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::All => None,
            Self::Part(reason) | Self::None(reason) => Some(reason),
        }
    }

    /// The lesser of two: what holds for one thread and not for another does not hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (lesser @ Self::None(_), _) | (_, lesser @ Self::None(_)) => lesser,
            (lesser @ Self::Part(_), _) | (_, lesser @ Self::Part(_)) => lesser,
            (Self::All, Self::All) => Self::All,
        }
    }
}

impl fmt::Display for Extent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())?;
        self.reason().map_or(Ok(()), |reason| write!(f, ": {reason}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lesser_of_two_holds() {
        let (part, none) = (|| Extent::Part("old".into()), || Extent::None("refused".into()));
        for (one, other, both) in [
            (Extent::All, Extent::All, Extent::All),
            (Extent::All, part(), part()),
            (part(), none(), none()),
            (none(), Extent::All, none()),
            (none(), Extent::None("later".into()), none()),
        ] {
            assert_eq!(one.and(other), both);
        }
        assert_eq!(none().to_string(), "none: refused");
    }
}
