//! A page with its sessions.

/// How a session begins and ends. What prepares a page, or plants the fault that it cures, is a comment: the
/// reader is not to do that.
const SESSIONS: [(&str, &str); 2] = [("```console", "```"), ("<!-- console", "-->")];

/// A page, taken apart at what is typed.
pub(crate) struct Page(Vec<Part>);

enum Part {
    /// A line outside of sessions, or a session's fence.
    Line(String),
    /// Something typed, and what is printed then.
    Command { lines: Vec<String>, printed: Vec<String> },
}

impl Page {
    pub(crate) fn parse(text: &str) -> Self {
        let (mut parts, mut inside) = (Vec::new(), false);
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            match (inside, line.strip_prefix("# "), parts.last_mut()) {
                (false, ..) => {
                    inside = SESSIONS.iter().any(|(begin, _)| line == *begin);
                    parts.push(Part::Line(line.to_owned()));
                }
                (true, ..) if SESSIONS.iter().any(|(_, end)| line == *end) => {
                    inside = false;
                    parts.push(Part::Line(line.to_owned()));
                }
                (true, Some(_), _) => {
                    let mut typed = vec![line.to_owned()];
                    while typed.last().is_some_and(|line| line.ends_with('\\')) {
                        typed.extend(lines.next().map(str::to_owned));
                    }
                    if let Some((_, word)) = line.split_once("<< '") {
                        let end = word.trim_end_matches('\'');
                        while typed.last().is_some_and(|line| line != end) {
                            typed.extend(lines.next().map(str::to_owned));
                        }
                    }
                    parts.push(Part::Command { lines: typed, printed: Vec::new() });
                }
                (true, None, Some(Part::Command { printed, .. })) => printed.push(line.to_owned()),
                (true, None, _) => panic!("a session begins with something typed, not with {line:?}"),
            }
        }
        Self(parts)
    }

    pub(crate) fn commands(&self) -> usize {
        self.0.iter().filter(|part| matches!(part, Part::Command { .. })).count()
    }

    /// Everything that is typed.
    pub(crate) fn typed(&self) -> impl Iterator<Item = String> {
        self.0.iter().filter_map(|part| match part {
            Part::Line(_) => None,
            Part::Command { lines, .. } => Some(lines.join("\n")),
        })
    }

    /// Types everything; what `run` returns was printed.
    pub(crate) fn each(&mut self, mut run: impl FnMut(&str, &[String]) -> Vec<String>) {
        for part in &mut self.0 {
            if let Part::Command { lines, printed } = part {
                let typed = lines.join("\n");
                *printed = run(&typed["# ".len()..], printed);
            }
        }
    }

    pub(crate) fn text(&self) -> String {
        let lines = self.0.iter().flat_map(|part| match part {
            Part::Line(line) => vec![line.as_str()],
            Part::Command { lines, printed } => lines.iter().chain(printed).map(String::as_str).collect(),
        });
        lines.map(|line| line.to_owned() + "\n").collect()
    }
}

/// True if what was printed is what is expected.
pub(crate) fn matches(expected: &[String], printed: &[String]) -> bool {
    match expected {
        [] => printed.is_empty(),
        [any, rest @ ..] if any.trim() == "…" => {
            (0..=printed.len()).any(|skipped| matches(rest, &printed[skipped..]))
        }
        [first, rest @ ..] => match printed {
            [line, others @ ..] => line_matches(first.trim_end(), line.trim_end()) && matches(rest, others),
            [] => false,
        },
    }
}

fn line_matches(expected: &str, printed: &str) -> bool {
    let Some((before, after)) = expected.split_once('…') else { return expected == printed };
    let Some(rest) = printed.strip_prefix(before) else { return false };
    rest.char_indices().map(|(at, _)| at).chain([rest.len()]).any(|at| line_matches(after, &rest[at..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ellipsis_is_anything() {
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        for (expected, printed, is_so) in [
            ("a", "a", true),
            ("a", "b", false),
            ("a…c", "abbc", true),
            ("a…c", "abb", false),
            ("…", "", true),
            ("a\n…\nd", "a\nb\nc\nd", true),
            ("a\n…\nd", "a\nd", true),
            ("a\n…\nd", "a\nb", false),
            ("", "a", false),
        ] {
            assert_eq!(matches(&lines(expected), &lines(printed)), is_so, "{expected:?} {printed:?}");
        }
    }

    #[test]
    fn a_page_is_its_parts() {
        let text = "# Title\n\n```console\n# one \\\n    two\nout\n\n# three\n```\n\n```\n# not typed\n```\n\
                    <!-- console\n# four\n-->\n# not typed\n";
        let mut page = Page::parse(text);
        assert_eq!((page.commands(), page.text().as_str()), (3, text));
        let mut typed = Vec::new();
        page.each(|command, expected| {
            typed.push((command.to_owned(), expected.to_vec()));
            vec!["new".to_owned()]
        });
        assert_eq!(typed[0], ("one \\\n    two".to_owned(), vec!["out".to_owned(), String::new()]));
        assert_eq!(typed[2].0, "four");
        let blessed = text.replace("out\n\n", "new\n").replace("# three\n", "# three\nnew\n");
        assert_eq!(page.text(), blessed.replace("# four\n", "# four\nnew\n"));
    }
}
