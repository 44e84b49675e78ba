//! Whether a packet passes, as far as reading the rules can tell.

use crate::addr::Family;

use super::rule::{Chain, Filter, Packet, Rule, Test, Verdict};

/// Chains deep in chains are not followed further; the kernel's own limit is 16.
const DEPTH: usize = 16;

/// What reading the rules says of a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opinion<'a> {
    /// Nothing in its way.
    Passes,
    /// Dropped, by these.
    Dropped(Vec<Culprit<'a>>),
    /// Perhaps dropped, by these: it depends on what cannot be judged here.
    Unclear(Vec<Culprit<'a>>),
}

/// What drops a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Culprit<'a> {
    /// The base chain.
    pub chain: &'a Chain,
    /// Its policy, or the rule, as its program shows it.
    pub what: String,
}

/// How a chain ends for a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
enum End {
    Accepted,
    Dropped(String),
    /// No rule has decided.
    Open,
    Unknown,
}

/// How a chain ends, and what else it might.
struct Course {
    end: End,
    /// Rules that may or may not apply would end it so.
    perhaps: Vec<End>,
}

impl Filter {
    /// Whether the chains of a hook let a packet pass.
    #[must_use]
    pub fn judge(&self, hook: &str, packet: &Packet) -> Opinion<'_> {
        let family = Family::of(packet.source);
        let (mut certain, mut suspected) = (Vec::new(), Vec::new());
        for chain in self.chains.iter().filter(|chain| chain.sees(family)) {
            let Some(base) = chain.base.as_ref().filter(|base| base.hook == hook) else { continue };
            let mut course = self.follow(chain, packet, DEPTH);
            if course.end == End::Open {
                course.end = if base.drops { End::Dropped("policy drop".to_owned()) } else { End::Accepted };
            }
            let drops = |end: &End| matches!(end, End::Dropped(_));
            let others = course.perhaps.iter().any(|end| drops(end) != drops(&course.end) || *end == End::Unknown);
            let dropping = std::iter::once(&course.end).chain(&course.perhaps).filter_map(|end| match end {
                End::Dropped(what) => Some(Culprit { chain, what: what.clone() }),
                _ => None,
            });
            if drops(&course.end) && !others {
                certain.extend(dropping.take(1));
            } else {
                suspected.extend(dropping);
            }
        }
        match (certain.is_empty(), suspected.is_empty()) {
            (false, _) => Opinion::Dropped(certain),
            (true, false) => Opinion::Unclear(suspected),
            (true, true) => Opinion::Passes,
        }
    }

    fn follow(&self, chain: &Chain, packet: &Packet, depth: usize) -> Course {
        let mut course = Course { end: End::Open, perhaps: Vec::new() };
        if depth == 0 {
            course.end = End::Unknown;
            return course;
        }
        for rule in &chain.rules {
            let applies = applies(rule, packet);
            if applies == Some(false) {
                continue;
            }
            let Course { end, perhaps } = self.outcome(chain, rule, packet, depth);
            course.perhaps.extend(perhaps);
            match end {
                End::Open if applies.is_some() && leaves(rule) => return course,
                End::Open => {}
                end if applies.is_none() => course.perhaps.push(end),
                end => {
                    course.end = end;
                    return course;
                }
            }
        }
        course
    }

    /// What comes of a rule that applies.
    fn outcome(&self, chain: &Chain, rule: &Rule, packet: &Packet, depth: usize) -> Course {
        let end = match &rule.verdict {
            None | Some(Verdict::Return) => End::Open,
            Some(Verdict::Accept) => End::Accepted,
            Some(Verdict::Drop) => End::Dropped(rule.text.clone()),
            Some(Verdict::Unknown) => End::Unknown,
            Some(Verdict::Jump(name) | Verdict::Goto(name)) => {
                let is_target = |other: &&Chain| {
                    (other.language, &other.family, &other.table, &other.name)
                        == (chain.language, &chain.family, &chain.table, name)
                };
                match self.chains.iter().find(is_target) {
                    Some(target) => return self.follow(target, packet, depth - 1),
                    None => End::Unknown,
                }
            }
        };
        Course { end, perhaps: Vec::new() }
    }
}

/// True if nothing behind the rule in its chain is looked at once it has applied.
fn leaves(rule: &Rule) -> bool {
    matches!(rule.verdict, Some(Verdict::Return | Verdict::Goto(_)))
}

/// Whether all tests hold; `None` if that cannot be told.
fn applies(rule: &Rule, packet: &Packet) -> Option<bool> {
    let mut is_clear = true;
    for test in &rule.tests {
        match Test::holds(test, packet) {
            Some(false) => return Some(false),
            Some(true) => {}
            None => is_clear = false,
        }
    }
    is_clear.then_some(true)
}
