//! Lists as people read them: columns where there is room for them, and what a narrow terminal has room for otherwise.

use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width, presets};

use crate::plain::one_line;

/// Blanks between two columns.
const GAP: u16 = 2;
/// A last column that has less room than this is not worth folding.
const LEAST: u16 = 24;

/// A table for a terminal of `width` columns; `None` is for programs, which have room for everything.
///
/// Columns have no lines and no colours: easy to read and to cut. Where they are too wide, the last one is folded, for an id that is folded
/// cannot be copied; where that does not help, each row becomes a paragraph.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>], width: Option<u16>) -> String {
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| one_line(cell)).collect())
        .collect();
    let mut columns = plain(&rows);
    columns.set_header(head.to_vec());
    let (_, wanted, room) = last_column(&columns, width);
    if room >= LEAST.min(wanted) {
        return folded(columns, width, &rows);
    }
    let mut text = String::new();
    for row in &rows {
        let Some((first, rest)) = row.split_first() else {
            continue;
        };
        text.push_str(first);
        text.push('\n');
        let named = head.iter().skip(1).zip(rest);
        let named = named.filter(|(_, cell)| !cell.is_empty());
        let named: Vec<_> = named
            .map(|(name, cell)| vec![format!("  {name}"), cell.clone()])
            .collect();
        text.push_str(&folded(plain(&named), width, &named));
    }
    text
}

/// Cells and nothing around them.
fn plain(rows: &[Vec<String>]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.add_rows(rows);
    table
}

/// Where the last column begins, how wide it would like to be, and how wide it can be.
fn last_column(table: &Table, width: Option<u16>) -> (u16, u16, u16) {
    let widths = table.column_max_content_widths();
    let (wanted, before) = widths.split_last().map_or((0, &[][..]), |(w, b)| (*w, b));
    let begin = before.iter().fold(0_u16, |sum, width| {
        sum.saturating_add(width.saturating_add(GAP))
    });
    let room = width.map_or(wanted, |width| width.saturating_sub(begin).min(wanted));
    (begin, wanted, room)
}

/// The lines of a table. Where they would be wider than `width` its last column is folded between words.
fn folded(mut table: Table, width: Option<u16>, rows: &[Vec<String>]) -> String {
    let count = table.column_count();
    for (at, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, if at + 1 < count { GAP } else { 0 }));
        column.set_constraint(ColumnConstraint::ContentWidth);
    }
    let (begin, wanted, room) = last_column(&table, width);
    if room < wanted {
        let words = rows
            .iter()
            .filter_map(|row| row.last())
            .flat_map(|cell| cell.split(' '));
        let longest = words.map(|word| word.chars().count()).max();
        let longest = u16::try_from(longest.unwrap_or_default()).unwrap_or(u16::MAX);
        let room = room.max(longest).max(1);
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(begin.saturating_add(room));
        if let Some(last) = table.column_iter_mut().last() {
            last.set_constraint(ColumnConstraint::Absolute(Width::Fixed(room)));
        }
    }
    let lines = table.lines().map(|line| line.trim_end().to_owned() + "\n");
    lines.collect()
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
        let rows = rows(&[
            &["3f9c", "python:3.11", "a day or two"],
            &["77ab", "", "2h"],
        ]);
        let shown = "3f9c\n  IMAGE    python:3.11\n  ENDS IN  a day or\n           two\n77ab\n  ENDS IN  2h\n";
        assert_eq!(table(&["ID", "IMAGE", "ENDS IN"], &rows, Some(20)), shown);
    }

    #[test]
    fn cells_of_any_width_lose_nothing() {
        let wide = "x".repeat(70_000);
        for cells in [[wide.as_str(), "b"], ["a", wide.as_str()]] {
            let rows = rows(&[&cells]);
            for width in [None, Some(1), Some(80), Some(u16::MAX)] {
                let shown = table(&["ID", "N"], &rows, width);
                assert_eq!(shown.matches('x').count(), wide.len(), "{width:?}");
            }
        }
    }
}
