//! Lists as people read them: columns where there is room for them, and what a narrow terminal has room for otherwise.

use std::fmt::Write as _;

use crate::output::one_line;

/// Blanks between two columns.
const GAP: usize = 2;
/// A last column that has less room than this is not worth folding.
const LEAST: usize = 24;

/// A table for a terminal of `width` columns; `None` is for programs, which have room for everything.
///
/// Columns have no lines and no colours: easy to read and to cut. Where they are too wide, the last one is folded; where that does not help,
/// each row becomes a paragraph.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>], width: Option<usize>) -> String {
    let head: Vec<String> = head.iter().map(|&cell| cell.to_owned()).collect();
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| one_line(cell)).collect())
        .collect();
    let all = || std::iter::once(&head).chain(&rows);
    let widths: Vec<usize> = (0..head.len())
        .map(|at| {
            let cells = all().filter_map(|row| row.get(at));
            cells.map(|cell| length(cell)).max().unwrap_or_default()
        })
        .collect();
    let Some((last, before)) = widths.split_last() else {
        return String::new();
    };
    let indent: usize = before.iter().map(|width| width + GAP).sum();
    let room = match width {
        Some(width) if indent + last > width => width.saturating_sub(indent),
        _ => *last,
    };
    let mut text = String::new();
    if room < LEAST.min(*last) {
        for row in &rows {
            paragraph(&head, row, width.unwrap_or(usize::MAX), &mut text);
        }
        return text;
    }
    for row in all() {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(before) {
            let _ = write!(line, "{cell:width$}{:GAP$}", "");
        }
        for part in folded(row.get(before.len()).map_or("", String::as_str), room) {
            line.push_str(&part);
            let _ = writeln!(text, "{}", line.trim_end());
            line = " ".repeat(indent);
        }
    }
    text
}

/// The first cell, and those of the others that say something below it with their names.
fn paragraph(head: &[String], row: &[String], width: usize, text: &mut String) {
    let Some((first, rest)) = row.split_first() else {
        return;
    };
    let _ = writeln!(text, "{first}");
    let widest = head.iter().map(|name| length(name)).max();
    let widest = widest.unwrap_or_default();
    let indent = GAP + widest + GAP;
    for (name, cell) in head.iter().skip(1).zip(rest) {
        if cell.is_empty() {
            continue;
        }
        let mut line = format!("{:GAP$}{name:widest$}{:GAP$}", "", "");
        for part in folded(cell, width.saturating_sub(indent)) {
            let _ = writeln!(text, "{line}{part}");
            line = " ".repeat(indent);
        }
    }
}

/// The words of a text on lines of at most `room` letters; a longer word has a line of its own.
fn folded(text: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if length(line) + 1 + length(word) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

fn length(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(rows: &[&[&str]]) -> Vec<Vec<String>> {
        let owned = |row: &&[&str]| row.iter().map(|&cell| cell.to_owned()).collect();
        rows.iter().map(owned).collect()
    }

    #[test]
    fn columns_have_two_blanks_between_them_and_none_at_the_end() {
        let rows = rows(&[&["a", "1"], &["bbbb", ""]]);
        let shown = "ID    N\na     1\nbbbb\n";
        assert_eq!(table(&["ID", "N"], &rows, None), shown);
        assert_eq!(table(&["ID", "N"], &rows, Some(7)), shown);
    }

    #[test]
    fn the_last_column_is_folded_where_it_is_too_wide() {
        let rows = rows(&[
            &["ok", "nothing to say"],
            &["warn", "the words of a long remark"],
        ]);
        let shown = "      SEEN\nok    nothing to say\nwarn  the words of a long\n      remark\n";
        assert_eq!(table(&["", "SEEN"], &rows, Some(30)), shown);
    }

    #[test]
    fn rows_are_paragraphs_where_that_does_not_help() {
        let rows = rows(&[&["3f9c", "python:3.11", "a day or so"], &["77ab", "", "2h"]]);
        let shown = "3f9c\n  IMAGE    python:3.11\n  ENDS IN  a day or\n           so\n77ab\n  ENDS IN  2h\n";
        assert_eq!(table(&["ID", "IMAGE", "ENDS IN"], &rows, Some(20)), shown);
    }
}
