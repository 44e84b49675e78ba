//! Aligned columns without borders.

use unicode_width::UnicodeWidthStr;

use super::style::{Style, Tone};

/// Where a cell's text stands in its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
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
    columns: Vec<(&'static str, Align)>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    pub(crate) fn new(columns: &[(&'static str, Align)]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new() }
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
        let widths: Vec<usize> = shown.iter().map(|&column| self.width(column)).collect();
        let mut text = String::new();
        let headings = shown.iter().map(|&column| (self.columns[column].0, Tone::Faint));
        self.line(&mut text, style, indent, &shown, &widths, headings);
        for row in &self.rows {
            let height = row.iter().map(|cell| cell.lines.len()).max().unwrap_or(0);
            for line in 0..height {
                let pieces = shown.iter().map(|&column| {
                    let cell = row.get(column);
                    let piece = cell.and_then(|cell| cell.lines.get(line)).map_or("", String::as_str);
                    (piece, cell.map_or(Tone::Plain, |cell| cell.tone))
                });
                self.line(&mut text, style, indent, &shown, &widths, pieces);
            }
        }
        text
    }

    fn width(&self, column: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(column)).flat_map(|cell| &cell.lines);
        cells.map(|line| line.width()).chain([self.columns[column].0.width()]).max().unwrap_or(0)
    }

    fn line<'a>(
        &self,
        text: &mut String,
        style: Style,
        indent: usize,
        shown: &[usize],
        widths: &[usize],
        pieces: impl Iterator<Item = (&'a str, Tone)>,
    ) {
        // Blanks are owed and paid before the next piece, so that no line ends in blanks.
        let mut owed = indent;
        for ((piece, tone), (&column, &width)) in pieces.zip(shown.iter().zip(widths)) {
            let rest = width - piece.width();
            if self.columns[column].1 == Align::Right {
                owed += rest;
            }
            if !piece.is_empty() {
                text.extend(std::iter::repeat_n(' ', std::mem::take(&mut owed)));
                text.push_str(&style.paint(tone, piece));
            }
            owed += 2 + if self.columns[column].1 == Align::Left { rest } else { 0 };
        }
        text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table =
            Table::new(&[("name", Align::Left), ("gone", Align::Left), ("subnets", Align::Left), ("n", Align::Right)]);
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
        let mut table = Table::new(&[("a", Align::Left), ("b", Align::Left)]);
        table.row([Cell::new("\u{7db2}"), Cell::new("x")]);
        table.row([Cell::new("yz"), Cell::new("x")]);
        assert_eq!(table.render(Style::PLAIN, 0), "a   b\n\u{7db2}  x\nyz  x\n");
    }
}
