use super::*;

fn rule(tests: Vec<Test>, verdict: Verdict) -> Rule {
    Rule { text: format!("{verdict:?}"), tests, verdict: Some(verdict) }
}

fn chain(name: &str, base: Option<bool>, rules: Vec<Rule>) -> Chain {
    let base = base.map(|drops| Base { hook: "forward".to_owned(), drops });
    let (family, table) = ("inet".to_owned(), "filter".to_owned());
    Chain { language: Language::Nftables, family, table, name: name.to_owned(), base, rules }
}

fn opinion(chains: Vec<Chain>, established: bool) -> &'static str {
    let packet = Packet {
        input: "vgw1".parse().unwrap(),
        output: Some("eth1".parse().unwrap()),
        source: "192.168.1.7".parse().unwrap(),
        destination: "198.51.100.1".parse().unwrap(),
        established,
    };
    match (Filter { chains, has_iptables: false }).judge("forward", &packet) {
        Opinion::Passes => "passes",
        Opinion::Dropped(_) => "dropped",
        Opinion::Unclear(_) => "unclear",
    }
}

fn input(name: &str) -> Test {
    Test::Input(vec![name.to_owned()], false)
}

#[test]
fn the_policy_decides_what_no_rule_has() {
    for (drops, said) in [(true, "dropped"), (false, "passes")] {
        assert_eq!(opinion(vec![chain("f", Some(drops), vec![])], false), said);
        let other = rule(vec![input("eth7")], Verdict::Accept);
        assert_eq!(opinion(vec![chain("f", Some(drops), vec![other])], false), said);
    }
}

#[test]
fn an_exception_before_the_drop_lets_it_pass() {
    for test in [
        input("vgw1"),
        input("vgw*"),
        Test::Output(vec!["eth1".to_owned()], false),
        Test::Source(vec!["192.168.0.0/16".parse().unwrap()], false),
        Test::Destination(vec!["10.0.0.0/8".parse().unwrap()], true),
        Test::Protocol(vec!["udp".to_owned()], false),
        Test::State(vec!["new".to_owned()], false),
        Test::Family(crate::addr::Family::V4),
    ] {
        let rules = vec![rule(vec![test.clone()], Verdict::Accept), rule(vec![], Verdict::Drop)];
        assert_eq!(opinion(vec![chain("f", Some(true), rules)], false), "passes", "{test:?}");
    }
}

#[test]
fn one_chain_that_drops_is_enough() {
    let chains = vec![chain("a", Some(false), vec![rule(vec![], Verdict::Accept)]), chain("b", Some(true), Vec::new())];
    assert_eq!(opinion(chains, false), "dropped");
}

#[test]
fn answers_are_told_from_first_packets() {
    let only_answers = Test::State(vec!["established".to_owned(), "related".to_owned()], false);
    let chains = vec![chain("f", Some(true), vec![rule(vec![only_answers], Verdict::Accept)])];
    assert_eq!(opinion(chains.clone(), true), "passes");
    assert_eq!(opinion(chains, false), "dropped");
}

#[test]
fn what_cannot_be_judged_makes_unclear_only_what_it_could_change() {
    let perhaps = |verdict| rule(vec![Test::Unknown], verdict);
    for (drops, verdict, said) in [
        (true, Verdict::Accept, "unclear"),
        (true, Verdict::Drop, "dropped"),
        (false, Verdict::Drop, "unclear"),
        (false, Verdict::Accept, "passes"),
        (true, Verdict::Unknown, "unclear"),
    ] {
        assert_eq!(opinion(vec![chain("f", Some(drops), vec![perhaps(verdict.clone())])], false), said, "{verdict:?}");
    }
    // What is out of the question anyhow does not matter.
    let never = Rule { tests: vec![Test::Unknown, input("eth7")], ..perhaps(Verdict::Accept) };
    assert_eq!(opinion(vec![chain("f", Some(true), vec![never])], false), "dropped");
}

#[test]
fn jumps_come_back_and_gotos_do_not() {
    let to = |verdict| vec![rule(vec![], verdict), rule(vec![], Verdict::Accept)];
    for (verdict, said) in [
        (Verdict::Jump("empty".to_owned()), "passes"),
        (Verdict::Goto("empty".to_owned()), "dropped"),
        (Verdict::Jump("drops".to_owned()), "dropped"),
        (Verdict::Jump("returns".to_owned()), "passes"),
        (Verdict::Jump("circle".to_owned()), "unclear"),
    ] {
        let chains = vec![
            chain("f", Some(true), to(verdict.clone())),
            chain("empty", None, vec![]),
            chain("drops", None, vec![rule(vec![], Verdict::Drop)]),
            chain("returns", None, vec![rule(vec![], Verdict::Return), rule(vec![], Verdict::Drop)]),
            chain("circle", None, vec![rule(vec![], Verdict::Jump("circle".to_owned()))]),
        ];
        let told = opinion(chains, false);
        // A circle cannot be in a kernel; it must only not hang.
        assert!(told == said || matches!(verdict, Verdict::Jump(ref name) if name == "circle"), "{verdict:?}: {told}");
    }
}
