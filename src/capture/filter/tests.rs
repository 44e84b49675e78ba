use proptest::prelude::*;

use super::*;
use crate::addr::Mac;
use crate::packet::arp::{ArpMessage, ArpOperation};
use crate::packet::sample::Sample;
use crate::packet::{Packet, Stations};

fn filter(text: &str) -> Filter {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn arp() -> Vec<u8> {
    let message = ArpMessage {
        operation: ArpOperation::Request,
        sender_mac: Mac([2; 6]),
        sender: [10, 1, 0, 5].into(),
        target_mac: Mac::ZERO,
        target: [10, 1, 0, 1].into(),
    };
    let mut packet = Packet::new();
    message.write(&mut packet, Stations { destination: Mac::BROADCAST, source: Mac([2; 6]) });
    packet.frame().to_vec()
}

#[test]
fn each_test_has_its_packets() {
    let (v4, v6) = (Sample::new("10.1.0.5", "20.0.0.9"), Sample::new("fd00::5", "fd00:99::1"));
    // In this order they are yes or no below.
    let packets = [v4.udp_between(4000, 53, b""), v4.tcp(b""), v4.echo(b""), v6.udp(b""), v6.echo(b""), arp()];
    for (text, expected) in [
        ("", "yyyyyy"),
        ("  ", "yyyyyy"),
        ("host 10.1.0.5", "yyynny"),
        ("src host 10.1.0.5", "yyynny"),
        ("dst host 10.1.0.5", "nnnnnn"),
        ("dst host 10.1.0.1", "nnnnny"),
        ("host fd00:99::1", "nnnyyn"),
        ("net 20.0.0.0/8", "yyynnn"),
        ("src net 20.0.0.0/8", "nnnnnn"),
        ("net fd00::/16", "nnnyyn"),
        ("port 53", "ynnnnn"),
        ("src port 53", "nnnnnn"),
        ("dst port 50-60", "ynnnnn"),
        ("port 4000", "yynynn"),
        ("proto udp", "ynnynn"),
        ("proto 17", "ynnynn"),
        ("proto tcp", "nynnnn"),
        ("proto icmp", "nnynyn"),
        ("proto arp", "nnnnny"),
        ("proto ipv4", "yyynnn"),
        ("proto ipv6", "nnnyyn"),
        ("not proto arp", "yyyyyn"),
        ("proto arp or proto udp and port 53", "ynnnny"),
        ("(proto arp or proto udp) and port 53", "ynnnnn"),
        ("not(proto arp)and not not proto udp", "ynnynn"),
        ("not proto arp or proto udp", "yyyyyn"),
    ] {
        let found: String = packets.iter().map(|p| if filter(text).matches(p) { 'y' } else { 'n' }).collect();
        assert_eq!(found, expected, "{text}");
    }
    assert!(filter("").matches(b"rubbish") && !filter("not proto arp").matches(b"rubbish"), "headers are not there");
}

#[test]
fn errors_name_the_place_and_the_reason() {
    for (text, expected) in [
        ("host", "at character 5: an address is missing"),
        ("host 10.0.0", "at character 6: '10.0.0': it is not an address"),
        ("net 10.0.0.0/33", "at character 5: '10.0.0.0/33': prefix length 33 is not in 0..=32"),
        ("port 70000", "at character 6: '70000': it is not a port or a range of ports"),
        ("port 9-8", "at character 6: '9-8': it is not a port or a range of ports"),
        ("tcp", "at character 1: 'tcp': it is not a test; 'proto tcp' is one"),
        (
            "host 10.0.0.1 and foo",
            "at character 19: 'foo': it is not a test; those begin with src, dst, host, net, port or proto",
        ),
        ("host 10.0.0.1 port 5", "at character 15: 'port': 'and' or 'or' is missing before it"),
        ("(port 5", "at character 1: '(': it is not closed"),
        ("(port 5 port 6)", "at character 9: 'port': 'and', 'or' or ')' is missing before it"),
        ("port 5)", "at character 7: ')': 'and' or 'or' is missing before it"),
        ("port 5 and", "at character 11: a test such as 'host 10.0.0.1' is missing"),
        ("src  ", "at character 4: 'host', 'net' or 'port' is missing"),
        (
            "src proto tcp",
            "at character 5: 'proto': it is not a test; those begin with src, dst, host, net, port or proto",
        ),
        (
            "\u{fc}\u{fc} \u{1b}",
            "at character 1: '\u{fc}\u{fc}': it is not a test; those begin with src, dst, host, net, port or proto",
        ),
        (
            "proto 256",
            "at character 7: '256': it is none of the protocols arp, ipv4, ipv6, icmp, tcp, udp, sctp, gre, and not a \
             number up to 255",
        ),
    ] {
        let error = text.parse::<Filter>().unwrap_err();
        assert_eq!(error.to_string(), expected, "{text}");
    }
}

#[test]
fn a_filter_is_shown_in_a_line() {
    assert_eq!(filter(" port 5\n\tand \u{2003} proto udp ").to_string(), "port 5 and proto udp");
}

#[test]
fn a_filter_is_bounded() {
    let deep = |depth: usize| format!("{}port 5{}", "(".repeat(depth), ")".repeat(depth)).parse::<Filter>();
    assert!(deep(32).is_ok());
    assert_eq!(deep(33).unwrap_err().position, 33);
    assert!("not ".repeat(33).parse::<Filter>().is_err());
    let long = vec!["port 5"; 200].join(" or ");
    assert_eq!(long.parse::<Filter>().unwrap_err().reason, "more than 1024 bytes");
    // What stands beside each other is not within each other.
    assert!(vec!["not port 5"; 60].join(" or ").parse::<Filter>().is_ok());
}

/// A filter as a tree, with its text and what it should say of a packet of known properties.
#[derive(Debug, Clone)]
enum Tree {
    Leaf(&'static str, bool),
    Not(Box<Tree>),
    And(Vec<Tree>),
    Or(Vec<Tree>),
}

impl Tree {
    fn text(&self) -> String {
        let join = |trees: &[Self], word: &str| {
            trees.iter().map(|tree| format!("({})", tree.text())).collect::<Vec<_>>().join(word)
        };
        match self {
            Self::Leaf(text, _) => (*text).to_owned(),
            Self::Not(tree) => format!("not ({})", tree.text()),
            Self::And(trees) => join(trees, " and "),
            Self::Or(trees) => join(trees, " or "),
        }
    }

    fn is_true(&self) -> bool {
        match self {
            Self::Leaf(_, is_true) => *is_true,
            Self::Not(tree) => !tree.is_true(),
            Self::And(trees) => trees.iter().all(Self::is_true),
            Self::Or(trees) => trees.iter().any(Self::is_true),
        }
    }
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        Just(Tree::Leaf("host 10.1.0.5", true)),
        Just(Tree::Leaf("dst net 10.0.0.0/8", false)),
        Just(Tree::Leaf("dst port 53", true)),
        Just(Tree::Leaf("proto tcp", false)),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|tree| Tree::Not(Box::new(tree))),
            proptest::collection::vec(inner.clone(), 1..3).prop_map(Tree::And),
            proptest::collection::vec(inner, 1..3).prop_map(Tree::Or),
        ]
    })
}

proptest! {
    #[test]
    fn a_filter_says_what_its_text_says(tree in tree()) {
        let text = tree.text();
        prop_assume!(text.len() <= 1024);
        let frame = Sample::new("10.1.0.5", "20.0.0.9").udp_between(4000, 53, b"");
        prop_assert_eq!(filter(&text).matches(&frame), tree.is_true(), "{}", text);
    }

    #[test]
    fn no_text_is_too_much(text: String, words in proptest::collection::vec(0usize..10, 0..30), frame: Vec<u8>) {
        let vocabulary = ["not", "(", ")", "and", "or", "host", "10.0.0.1", "port", "5", "src"];
        let made = words.into_iter().map(|word| vocabulary[word]).collect::<Vec<_>>().join(" ");
        for text in [text, made] {
            match text.parse::<Filter>() {
                Ok(filter) => drop(filter.matches(&frame)),
                Err(error) => prop_assert!((1..=text.chars().count() + 1).contains(&error.position), "{}", error),
            }
        }
    }
}
