//! From text to a filter.

use std::net::IpAddr;
use std::ops::RangeInclusive;

use crate::addr::Prefix;

use super::Node;
use super::test::{Proto, Side, Test};

/// Most bytes of a filter's text.
const LONGEST: usize = 1024;
/// Most parentheses and negations within each other, so that a filter cannot exhaust the stack.
const DEEPEST: usize = 32;

/// What is wrong with a filter, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at character {position}: {reason}")]
pub struct FilterError {
    /// The character at fault, counted from 1; one behind the last if something is missing.
    pub position: usize,
    /// What is wrong, without a full stop.
    pub reason: String,
}

/// A word or parenthesis, with its place.
#[derive(Debug, Clone, Copy)]
struct Token<'a> {
    text: &'a str,
    position: usize,
}

/// Reads tokens from left to right; one behind decides each time.
pub(super) struct Parser<'a> {
    tokens: Vec<Token<'a>>,
    next: usize,
    /// Where the text ends.
    end: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str) -> Result<Self, FilterError> {
        if text.len() > LONGEST {
            return Err(FilterError { position: LONGEST + 1, reason: format!("more than {LONGEST} bytes") });
        }
        let end = text.trim_end().chars().count() + 1;
        Ok(Self { tokens: tokens(text), next: 0, end, depth: 0 })
    }

    /// The whole filter; `None` if it is empty.
    pub(super) fn filter(mut self) -> Result<Option<Node>, FilterError> {
        if self.tokens.is_empty() {
            return Ok(None);
        }
        let node = self.any()?;
        match self.peek() {
            Some(token) => Err(token.wrong("'and' or 'or' is missing before it")),
            None => Ok(Some(node)),
        }
    }

    fn any(&mut self) -> Result<Node, FilterError> {
        let mut nodes = vec![self.all()?];
        while self.take("or") {
            nodes.push(self.all()?);
        }
        Ok(joined(nodes, Node::Any))
    }

    fn all(&mut self) -> Result<Node, FilterError> {
        let mut nodes = vec![self.factor()?];
        while self.take("and") {
            nodes.push(self.factor()?);
        }
        Ok(joined(nodes, Node::All))
    }

    fn factor(&mut self) -> Result<Node, FilterError> {
        let token = self.expect("a test such as 'host 10.0.0.1'")?;
        match token.text {
            "not" | "(" => {
                self.depth += 1;
                if self.depth > DEEPEST {
                    return Err(token.wrong(&format!("more than {DEEPEST} within each other")));
                }
                let node = if token.text == "not" { Node::Not(Box::new(self.factor()?)) } else { self.group(token)? };
                self.depth -= 1;
                Ok(node)
            }
            "src" => self.sided(Side::Source).map(Node::Test),
            "dst" => self.sided(Side::Destination).map(Node::Test),
            "proto" => self.proto().map(|proto| Node::Test(Test::Proto(proto))),
            _ => self.test(token, Side::Either).map(Node::Test),
        }
    }

    fn group(&mut self, open: Token<'a>) -> Result<Node, FilterError> {
        let node = self.any()?;
        match self.peek() {
            Some(Token { text: ")", .. }) => {
                self.next += 1;
                Ok(node)
            }
            Some(token) => Err(token.wrong("'and', 'or' or ')' is missing before it")),
            None => Err(open.wrong("it is not closed")),
        }
    }

    fn sided(&mut self, side: Side) -> Result<Test, FilterError> {
        let token = self.expect("'host', 'net' or 'port'")?;
        self.test(token, side)
    }

    fn test(&mut self, token: Token<'a>, side: Side) -> Result<Test, FilterError> {
        match token.text {
            "host" => {
                let address = self.expect("an address")?;
                let read = address.text.parse::<IpAddr>().map_err(|_| address.wrong("it is not an address"))?;
                Ok(Test::Net(side, Prefix::host(read)))
            }
            "net" => {
                let prefix = self.expect("a prefix")?;
                let read = prefix.text.parse().map_err(|error| prefix.wrong(&format!("{error}")))?;
                Ok(Test::Net(side, read))
            }
            "port" => {
                let ports = self.expect("a port")?;
                let range = range(ports.text).ok_or_else(|| ports.wrong("it is not a port or a range of ports"))?;
                Ok(Test::Port(side, range))
            }
            word if Proto::NAMES.iter().any(|(name, _)| *name == word) => {
                Err(token.wrong(&format!("it is not a test; 'proto {word}' is one")))
            }
            _ => Err(token.wrong("it is not a test; those begin with src, dst, host, net, port or proto")),
        }
    }

    fn proto(&mut self) -> Result<Proto, FilterError> {
        let token = self.expect("a protocol")?;
        let named = Proto::NAMES.iter().find(|(name, _)| *name == token.text).map(|(_, proto)| *proto);
        named.or_else(|| token.text.parse().ok().map(Proto::Number)).ok_or_else(|| {
            let names: Vec<_> = Proto::NAMES.iter().map(|(name, _)| *name).collect();
            token.wrong(&format!("it is none of the protocols {}, and not a number up to 255", names.join(", ")))
        })
    }

    fn peek(&self) -> Option<Token<'a>> {
        self.tokens.get(self.next).copied()
    }

    /// Takes the next token if it is this word.
    fn take(&mut self, word: &str) -> bool {
        let is_it = self.peek().is_some_and(|token| token.text == word);
        self.next += usize::from(is_it);
        is_it
    }

    /// Takes the next token, whatever it is.
    fn expect(&mut self, what: &str) -> Result<Token<'a>, FilterError> {
        let missing = || FilterError { position: self.end, reason: format!("{what} is missing") };
        let token = self.peek().ok_or_else(missing)?;
        self.next += 1;
        Ok(token)
    }
}

impl Token<'_> {
    fn wrong(self, reason: &str) -> FilterError {
        let shown: String = self.text.chars().take(40).flat_map(char::escape_debug).collect();
        FilterError { position: self.position, reason: format!("'{shown}': {reason}") }
    }
}

fn joined(mut nodes: Vec<Node>, join: impl Fn(Vec<Node>) -> Node) -> Node {
    match nodes.pop() {
        Some(only) if nodes.is_empty() => only,
        last => join(nodes.into_iter().chain(last).collect()),
    }
}

/// `53` or `1000-2000`.
fn range(text: &str) -> Option<RangeInclusive<u16>> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last): (u16, u16) = (first.parse().ok()?, last.parse().ok()?);
    (first <= last).then_some(first..=last)
}

/// Words between blanks; a parenthesis stands for itself.
fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut word: Option<(usize, usize)> = None;
    let ends = text.char_indices().chain([(text.len(), ' ')]);
    for (count, (at, c)) in ends.enumerate() {
        let is_parenthesis = matches!(c, '(' | ')');
        if !c.is_whitespace() && !is_parenthesis {
            word = word.or(Some((at, count + 1)));
            continue;
        }
        if let Some((start, position)) = word.take() {
            tokens.push(Token { text: &text[start..at], position });
        }
        if is_parenthesis {
            tokens.push(Token { text: &text[at..=at], position: count + 1 });
        }
    }
    tokens
}
