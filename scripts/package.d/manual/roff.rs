//! A page of the manual as man(7) has it.

use std::fmt::Write;

/// A page under construction.
#[derive(Debug, Default)]
pub(crate) struct Page(String);

impl Page {
    /// Begins a page of its own. `section` is the manual's, such as 5.
    pub(crate) fn new(name: &str, section: u8, summary: &str) -> Self {
        let mut page = Self::default();
        let version = env!("CARGO_PKG_VERSION");
        page.line(format_args!(".ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '"));
        page.line(format_args!(".TH {name} {section} \"\" \"vgw {version}\""));
        page.heading("NAME");
        page.line(format_args!("{} \\- {}", escape(name), escape(summary)));
        page
    }

    /// Goes on with what clap has made.
    pub(crate) fn after(made: Vec<u8>) -> Self {
        Self(String::from_utf8(made).expect("clap writes UTF-8"))
    }

    pub(crate) fn heading(&mut self, text: &str) {
        self.line(format_args!(".SH \"{}\"", escape(text)));
    }

    pub(crate) fn paragraph(&mut self, text: &str) {
        self.line(format_args!(".PP\n{}", escape(text)));
    }

    /// A term, what is told beside it, and its explanation.
    pub(crate) fn item(&mut self, term: &str, aside: &str, text: &str) {
        let aside = if aside.is_empty() { String::new() } else { format!(" ({})", escape(aside)) };
        self.line(format_args!(".TP\n\\fB{}\\fR{aside}\n{}", escape(term), escape(text)));
    }

    /// One more paragraph of the last item.
    pub(crate) fn more(&mut self, text: &str) {
        self.line(format_args!(".IP\n{}", escape(text)));
    }

    /// Text whose lines stay as they are.
    pub(crate) fn verbatim(&mut self, text: &str) {
        self.line(format_args!(".PP\n.nf\n{}\n.fi", escape(text)));
    }

    pub(crate) fn see_also(&mut self, pages: &[&str]) {
        self.heading("SEE ALSO");
        self.line(format_args!("{}", escape(&pages.join(", "))));
    }

    pub(crate) fn finish(self) -> String {
        self.0
    }

    fn line(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.0, "{text}");
    }
}

/// Text in which nothing is a request, and every hyphen is one that can be typed.
fn escape(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let line = line.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq").replace('"', "\\(dq");
        if line.starts_with('.') { format!("\\&{line}") } else { line }
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_a_request() {
        assert_eq!(escape(".so /etc\nit's \\fB-x"), "\\&.so /etc\nit\\(aqs \\efB\\-x");
    }
}
