//! Aligned columns without borders.

use unicode_width::UnicodeWidthStr;

use super::style::{Style, Tone};

/// Where a cell's text stands in its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Align {
    Left,
    Right,
}

/// What stands over a column.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heading {
    text: &'static str,
    align: Align,
}

/// The heading of a column of words.
pub(crate) const fn left(text: &'static str) -> Heading {
    Heading { text, align: Align::Left }
}

/// The heading of a column of numbers.
pub(crate) const fn right(text: &'static str) -> Heading {
    Heading { text, align: Align::Right }
}

/// A cell: one line or several, in one tone.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    lines: Vec<String>,
    tone: Tone,
}

impl Cell {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { lines: vec![text.into()], tone: Tone::Plain }
    }

    /// One value a line; a faint dash if there is none.
    pub(crate) fn list(values: &[String]) -> Self {
        if values.is_empty() { Self::none() } else { Self { lines: values.to_vec(), tone: Tone::Plain } }
    }

    pub(crate) fn option(value: Option<impl Into<String>>) -> Self {
        value.map_or_else(Self::none, Self::new)
    }

    pub(crate) fn none() -> Self {
        Self::new("-").tone(Tone::Faint)
    }

    pub(crate) fn tone(mut self, tone: Tone) -> Self {
        self.tone = tone;
        self
    }
}

/// Rows under headings.
#[derive(Debug)]
pub(crate) struct Table {
    columns: Vec<Heading>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    pub(crate) fn new(columns: impl IntoIterator<Item = Heading>) -> Self {
        Self { columns: columns.into_iter().collect(), rows: Vec::new() }
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The table's lines, each behind the indent and without trailing blanks. Columns without any
    /// value are left out: a machine without uplinks needs no column for them.
    pub(crate) fn render(&self, style: Style, indent: usize) -> String {
        let shown: Vec<usize> = (0..self.columns.len())
            .filter(|&column| self.rows.iter().any(|row| row.get(column).is_some_and(|cell| cell.lines != ["-"])))
            .collect();
        let widths = shown.iter().map(|&column| (self.columns[column].align, self.width(column))).collect();
        let layout = Layout { style, indent, columns: widths };
        let mut text = layout.line(shown.iter().map(|&column| (self.columns[column].text, Tone::Faint)));
        for row in &self.rows {
            let height = row.iter().map(|cell| cell.lines.len()).max().unwrap_or(0);
            for line in 0..height {
                text += &layout.line(shown.iter().map(|&column| {
                    let cell = row.get(column);
                    let piece = cell.and_then(|cell| cell.lines.get(line)).map_or("", String::as_str);
                    (piece, cell.map_or(Tone::Plain, |cell| cell.tone))
                }));
            }
        }
        text
    }

    fn width(&self, column: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(column)).flat_map(|cell| &cell.lines);
        cells.map(|line| line.width()).chain([self.columns[column].text.width()]).max().unwrap_or(0)
    }
}

/// How a table's lines are set.
struct Layout {
    style: Style,
    indent: usize,
    /// The columns that are shown, with their widths.
    columns: Vec<(Align, usize)>,
}

impl Layout {
    /// A line of one piece a column.
    fn line<'a>(&self, pieces: impl Iterator<Item = (&'a str, Tone)>) -> String {
        let mut text = String::new();
        // Blanks are owed and paid before the next piece, so that no line ends in blanks.
        let mut owed = self.indent;
        for ((piece, tone), &(align, width)) in pieces.zip(&self.columns) {
            let rest = width - piece.width();
            if align == Align::Right {
                owed += rest;
            }
            if !piece.is_empty() {
                text.extend(std::iter::repeat_n(' ', std::mem::take(&mut owed)));
                text.push_str(&self.style.paint(tone, piece));
            }
            owed += 2 + if align == Align::Left { rest } else { 0 };
        }
        text.push('\n');
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new([left("name"), left("gone"), left("subnets"), right("n")]);
        let subnets = ["10.0.0.0/8".to_owned(), "2001:db8::/32".to_owned()];
        table.row([Cell::new("vgw1"), Cell::none(), Cell::list(&subnets), Cell::new("5")]);
        table.row([Cell::new("b"), Cell::none(), Cell::list(&[]), Cell::new("1,000").tone(Tone::Bad)]);
        table
    }

    #[test]
    fn columns_are_aligned_and_lines_end_in_text() {
        let expected = "  name  subnets            n
  vgw1  10.0.0.0/8         5
        2001:db8::/32
  b     -              1,000
";
        assert_eq!(table().render(Style::PLAIN, 2), expected);
    }

    #[test]
    fn colours_do_not_count_as_width() {
        let coloured = table().render(Style::COLOUR, 2);
        let mut bare = String::new();
        let mut pieces = coloured.split('\x1b');
        bare.push_str(pieces.next().unwrap());
        pieces.for_each(|piece| bare.push_str(piece.split_once('m').unwrap().1));
        assert_eq!(bare, table().render(Style::PLAIN, 2));
    }

    #[test]
    fn wide_characters_take_two_columns() {
        let mut table = Table::new([left("a"), left("b")]);
        table.row([Cell::new("\u{7db2}"), Cell::new("x")]);
        table.row([Cell::new("yz"), Cell::new("x")]);
        assert_eq!(table.render(Style::PLAIN, 0), "a   b\n\u{7db2}  x\nyz  x\n");
    }
}
