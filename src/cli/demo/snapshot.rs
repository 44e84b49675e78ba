//! What a namespace holds that a gateway could change, to compare before and after.

use super::error::Result;
use super::namespace::Namespace;

/// The questions; the answers are compared as text.
const QUESTIONS: [&str; 7] = [
    "-j link show",
    "-j address show",
    "-j -4 route show table all",
    "-j -6 route show table all",
    "-j -4 rule show",
    "-j -6 rule show",
    "-j netconf show",
];

/// Links, addresses, routes, rules and per-interface settings as `ip -j` prints them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Snapshot(Vec<String>);

impl Snapshot {
    /// Takes one.
    ///
    /// # Errors
    /// What `ip` said.
    pub(super) fn take(namespace: &Namespace) -> Result<Self> {
        Ok(Self(QUESTIONS.iter().map(|question| namespace.ip(question)).collect::<Result<_>>()?))
    }

    /// What differs in a later one, as `ip` calls it with the parts that came and went; empty if nothing.
    pub(super) fn differences(&self, later: &Self) -> Vec<String> {
        let pairs = self.0.iter().zip(&later.0).zip(QUESTIONS).filter(|((before, after), _)| before != after);
        pairs.map(|((before, after), question)| describe(question, before, after)).collect()
    }

    /// As [`Snapshot::differences`], the order aside in which objects are listed: among link-local routes of
    /// several devices it is the order in which these came.
    pub(super) fn changes(&self, later: &Self) -> Vec<String> {
        let sorted = |answer: &String| {
            let mut objects = objects(answer);
            objects.sort();
            objects
        };
        let pairs = self.0.iter().zip(&later.0).zip(QUESTIONS);
        let changed = pairs.filter(|((before, after), _)| sorted(before) != sorted(after));
        changed.map(|((before, after), question)| describe(question, before, after)).collect()
    }
}

fn describe(question: &str, before: &str, after: &str) -> String {
    let (old, new) = (objects(before), objects(after));
    let gone = old.iter().filter(|object| !new.contains(object)).map(|object| format!(" -{object}"));
    let came = new.iter().filter(|object| !old.contains(object)).map(|object| format!(" +{object}"));
    let changes: String = gone.chain(came).collect();
    format!("ip {question}:{changes}")
}

/// The elements of a JSON list, each as text.
fn objects(json: &str) -> Vec<String> {
    let list: Vec<serde_json::Value> = serde_json::from_str(json).unwrap_or_default();
    list.iter().map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_name_what_came_and_went() {
        let before = Snapshot(vec![r#"[{"dst":"10.0.0.0/8"},{"dst":"a"}]"#.into(), "[]".into()]);
        let after = Snapshot(vec![r#"[{"dst":"a"},{"dst":"b"}]"#.into(), "[]".into()]);
        assert_eq!(before.differences(&after), [r#"ip -j link show: -{"dst":"10.0.0.0/8"} +{"dst":"b"}"#]);
        assert!(before.differences(&before).is_empty());
        let turned = Snapshot(vec![r#"[{"dst":"a"},{"dst":"10.0.0.0/8"}]"#.into(), "[]".into()]);
        assert_eq!((before.differences(&turned).len(), before.changes(&turned).len()), (1, 0));
        assert_eq!(before.changes(&after).len(), 1);
    }
}
