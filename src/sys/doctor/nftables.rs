//! The rules of nf_tables, which iptables-nft's are too, as `nft` lists them.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::addr::{Family, Prefix};
use crate::doctor::filter::{Base, Chain, Language, Rule, Test, Verdict};

/// Lists all chains.
///
/// # Errors
/// Why they cannot be listed, in one sentence.
pub(super) fn list() -> Result<Vec<Chain>, String> {
    let listed = run(&["-j", "list", "ruleset"])?;
    let listed: Value = serde_json::from_str(&listed).map_err(|error| format!("nft has listed nonsense: {error}"))?;
    // The words of a rule, for people; without them its number has to do.
    let words = run(&["-a", "list", "ruleset"]).unwrap_or_default();
    Ok(chains(&listed, &texts(&words)))
}

fn run(words: &[&str]) -> Result<String, String> {
    let output = Command::new("nft").args(words).stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("nftables' rules cannot be read: nft: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(format!("nftables' rules cannot be read: {}", String::from_utf8_lossy(&output.stderr).trim()))
}

/// The words of each rule by family, table and handle.
fn texts(listing: &str) -> BTreeMap<(String, String, u64), String> {
    let (mut place, mut texts) = (None, BTreeMap::new());
    for line in listing.lines().map(str::trim) {
        let mut words = line.split_whitespace();
        if let (Some("table"), Some(family), Some(table)) = (words.next(), words.next(), words.next()) {
            place = Some((family.to_owned(), table.to_owned()));
        } else if let (Some((family, table)), Some((text, handle))) = (&place, line.rsplit_once(" # handle "))
            && let Ok(handle) = handle.parse()
        {
            texts.insert((family.clone(), table.clone(), handle), text.to_owned());
        }
    }
    texts
}

fn chains(listed: &Value, texts: &BTreeMap<(String, String, u64), String>) -> Vec<Chain> {
    let mut chains: Vec<Chain> = Vec::new();
    for item in listed["nftables"].as_array().into_iter().flatten() {
        let text = |object: &Value, field: &str| object[field].as_str().unwrap_or_default().to_owned();
        if let Some(chain) = item.get("chain") {
            let base = chain["hook"]
                .as_str()
                .map(|hook| Base { hook: hook.to_owned(), drops: chain["policy"].as_str() == Some("drop") });
            let (family, table, name) = (text(chain, "family"), text(chain, "table"), text(chain, "name"));
            chains.push(Chain { language: Language::Nftables, family, table, name, base, rules: Vec::new() });
        } else if let Some(rule) = item.get("rule") {
            let place = (text(rule, "family"), text(rule, "table"), text(rule, "chain"));
            let is_place =
                |chain: &&mut Chain| (&chain.family, &chain.table, &chain.name) == (&place.0, &place.1, &place.2);
            let Some(chain) = chains.iter_mut().find(is_place) else { continue };
            let handle = rule["handle"].as_u64().unwrap_or_default();
            let words = texts.get(&(place.0, place.1, handle)).cloned();
            let words =
                words.map_or_else(|| format!("rule handle {handle}"), |words| format!("{words} (handle {handle})"));
            chain.rules.push(read_rule(&rule["expr"], words));
        }
    }
    chains
}

fn read_rule(expressions: &Value, text: String) -> Rule {
    let mut rule = Rule { text, tests: Vec::new(), verdict: None };
    for expression in expressions.as_array().into_iter().flatten() {
        let Some((kind, content)) = expression.as_object().and_then(|object| object.iter().next()) else { continue };
        let target = || content["target"].as_str().unwrap_or_default().to_owned();
        match kind.as_str() {
            "match" => rule.tests.push(read_test(content)),
            "accept" => rule.verdict = Some(Verdict::Accept),
            "drop" | "reject" => rule.verdict = Some(Verdict::Drop),
            "jump" => rule.verdict = Some(Verdict::Jump(target())),
            "goto" => rule.verdict = Some(Verdict::Goto(target())),
            "return" => rule.verdict = Some(Verdict::Return),
            "counter" | "log" | "mangle" | "notrack" | "set" | "flow" | "ct helper" => {}
            // A target or a match of iptables' that nft cannot say.
            "xt" => match content["name"].as_str() {
                Some("DROP" | "REJECT") => rule.verdict = Some(Verdict::Drop),
                _ if content["type"].as_str() == Some("target") => {}
                _ => rule.tests.push(Test::Unknown),
            },
            "limit" | "quota" | "ct count" => rule.tests.push(Test::Unknown),
            _ => rule.verdict = Some(Verdict::Unknown),
        }
    }
    rule
}

fn read_test(content: &Value) -> Test {
    let negated = match content["op"].as_str() {
        Some("==" | "in") => false,
        Some("!=") => true,
        _ => return Test::Unknown,
    };
    let (left, right) = (&content["left"], &content["right"]);
    let key = |kind: &str| left[kind]["key"].as_str();
    let Some(values) = alternatives(right) else { return Test::Unknown };
    let words = || values.iter().map(|value| value.as_str().map(str::to_owned)).collect::<Option<Vec<String>>>();
    let networks = || values.iter().map(|value| network(value)).collect::<Option<Vec<Prefix>>>();
    let field = (left["payload"]["protocol"].as_str(), left["payload"]["field"].as_str());
    let test = match (key("meta"), key("ct"), field) {
        (Some("iifname" | "iif"), ..) => words().map(|names| Test::Input(names, negated)),
        (Some("oifname" | "oif"), ..) => words().map(|names| Test::Output(names, negated)),
        (Some("l4proto"), ..) | (.., (Some("ip"), Some("protocol"))) | (.., (Some("ip6"), Some("nexthdr"))) => {
            words().map(|names| Test::Protocol(names, negated))
        }
        (Some("nfproto"), ..) if !negated => match words().as_deref() {
            Some([family]) if family == "ipv4" => Some(Test::Family(Family::V4)),
            Some([family]) if family == "ipv6" => Some(Test::Family(Family::V6)),
            _ => None,
        },
        (_, Some("state"), _) => words().map(|states| Test::State(states, negated)),
        (.., (Some("ip" | "ip6"), Some("saddr"))) => networks().map(|networks| Test::Source(networks, negated)),
        (.., (Some("ip" | "ip6"), Some("daddr"))) => networks().map(|networks| Test::Destination(networks, negated)),
        _ => None,
    };
    test.unwrap_or(Test::Unknown)
}

/// The values of which one must be; `None` for a named set, whose elements are elsewhere.
fn alternatives(right: &Value) -> Option<Vec<&Value>> {
    match right {
        Value::String(name) if name.starts_with('@') => None,
        Value::Array(values) => Some(values.iter().collect()),
        Value::Object(object) if object.contains_key("set") => Some(match &object["set"] {
            Value::Array(values) => values.iter().collect(),
            one => vec![one],
        }),
        one => Some(vec![one]),
    }
}

fn network(value: &Value) -> Option<Prefix> {
    if let Some(address) = value.as_str() {
        return address.parse().ok();
    }
    let prefix = value.get("prefix")?;
    Prefix::new(prefix["addr"].as_str()?.parse().ok()?, u8::try_from(prefix["len"].as_u64()?).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(expressions: &str) -> Rule {
        read_rule(&serde_json::from_str(expressions).unwrap(), String::new())
    }

    #[test]
    fn rules_are_read_as_far_as_they_are_understood() {
        let one = rule(
            r#"[{"match":{"op":"==","left":{"meta":{"key":"iifname"}},"right":"vgw*"}},
                {"match":{"op":"!=","left":{"payload":{"protocol":"ip","field":"saddr"}},
                          "right":{"set":[{"prefix":{"addr":"10.0.0.0","len":8}},"192.0.2.1"]}}},
                {"match":{"op":"in","left":{"ct":{"key":"state"}},"right":["established","related"]}},
                {"counter":{"packets":0,"bytes":0}},{"accept":null}]"#,
        );
        let prefixes = ["10.0.0.0/8", "192.0.2.1/32"].map(|prefix| prefix.parse().unwrap()).into();
        assert_eq!(
            one.tests,
            [
                Test::Input(vec!["vgw*".to_owned()], false),
                Test::Source(prefixes, true),
                Test::State(vec!["established".to_owned(), "related".to_owned()], false),
            ]
        );
        assert_eq!(one.verdict, Some(Verdict::Accept));
        let unknown = rule(
            r#"[{"match":{"op":"==","left":{"meta":{"key":"iifname"}},"right":"@ours"}},
                {"match":{"op":"<","left":{"payload":{"protocol":"udp","field":"dport"}},"right":7}},{"drop":null}]"#,
        );
        assert_eq!((unknown.tests, unknown.verdict), (vec![Test::Unknown; 2], Some(Verdict::Drop)));
        assert_eq!(rule(r#"[{"vmap":{}}]"#).verdict, Some(Verdict::Unknown));
        assert_eq!(rule(r#"[{"xt":{"type":"target","name":"REJECT"}}]"#).verdict, Some(Verdict::Drop));
    }

    #[test]
    fn chains_have_their_rules_with_their_words() {
        let words = "table inet filter { # handle 1\n\tchain forward { # handle 2\n\t\ttype filter hook forward priority \
                     filter; policy drop;\n\t\tiifname \"eth7\" drop # handle 5\n\t}\n}\n";
        let listed = serde_json::json!({"nftables": [
            {"metainfo": {}},
            {"table": {"family": "inet", "name": "filter", "handle": 1}},
            {"chain": {"family": "inet", "table": "filter", "name": "forward", "handle": 2, "type": "filter",
                       "hook": "forward", "prio": 0, "policy": "drop"}},
            {"rule": {"family": "inet", "table": "filter", "chain": "forward", "handle": 5, "expr": [{"drop": null}]}},
            {"rule": {"family": "inet", "table": "other", "chain": "forward", "handle": 5, "expr": [{"accept": null}]}},
        ]});
        let read = chains(&listed, &texts(words));
        assert_eq!(read.len(), 1);
        assert_eq!(read[0].base, Some(Base { hook: "forward".to_owned(), drops: true }));
        assert_eq!(read[0].rules.len(), 1);
        assert_eq!(read[0].rules[0].text, "iifname \"eth7\" drop (handle 5)");
    }
}
