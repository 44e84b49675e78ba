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
            let Some(verdict) = &rule.verdict else { continue };
            let Some(applies) = applies(rule, packet) else {
                let end = self.end(chain, rule, verdict, packet, depth, &mut course.perhaps);
                course.perhaps.extend(end.filter(|end| *end != End::Open));
                continue;
            };
            if !applies {
                continue;
            }
            match self.end(chain, rule, verdict, packet, depth, &mut course.perhaps) {
                None | Some(End::Open) if matches!(verdict, Verdict::Return | Verdict::Goto(_)) => return course,
                None | Some(End::Open) => {}
                Some(end) => {
                    course.end = end;
                    return course;
                }
            }
        }
        course
    }

    /// How a verdict ends the chain; `None` if it does not.
    fn end(
        &self,
        chain: &Chain,
        rule: &Rule,
        verdict: &Verdict,
        packet: &Packet,
        depth: usize,
        perhaps: &mut Vec<End>,
    ) -> Option<End> {
        match verdict {
            Verdict::Accept => Some(End::Accepted),
            Verdict::Drop => Some(End::Dropped(rule.text.clone())),
            Verdict::Unknown => Some(End::Unknown),
            Verdict::Return => None,
            Verdict::Jump(name) | Verdict::Goto(name) => {
                let is_target = |other: &&Chain| {
                    (other.language, &other.family, &other.table, &other.name)
                        == (chain.language, &chain.family, &chain.table, name)
                };
                let Some(target) = self.chains.iter().find(is_target) else { return Some(End::Unknown) };
                let course = self.follow(target, packet, depth - 1);
                perhaps.extend(course.perhaps);
                Some(course.end)
            }
        }
    }
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
