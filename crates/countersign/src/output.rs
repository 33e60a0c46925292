//! What the program says: results on standard output, everything else on standard error.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;
use serde_json::json;

use crate::fault::Fault;

/// How results are printed.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    /// One JSON object per line instead of text.
    pub json: bool,
}

impl Output {
    /// A result: the object for machines, the text for people.
    pub fn result(self, object: &impl Serialize, text: &str) {
        if !self.json {
            return say(text);
        }
        match serde_json::to_string(object) {
            Ok(line) => say(&line),
            Err(error) => self.fault(&Fault::new("internal", error.to_string())),
        }
    }

    /// What went wrong.
    pub fn fault(self, fault: &Fault) {
        if self.json {
            say(&json!({ "error": fault }).to_string());
        } else {
            note(&format!("countersign: {fault}"));
        }
    }
}

/// A line for standard output. Who closed the pipe has read enough.
fn say(line: &str) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// A line for standard error.
pub fn note(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Whether somebody looks at standard error.
pub fn is_watched() -> bool {
    io::stderr().is_terminal()
}

/// Columns padded to their widest cell, the first row being their titles.
pub fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|r| r.get(column)).map(|c| c.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let lines = rows.iter().map(|row| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        format!("  {}", cells.collect::<Vec<_>>().join("  ")).trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// `1 file`, `2 files`.
pub fn count(number: u64, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_line_up() {
        let rows = [vec!["A".to_owned(), "long".to_owned()], vec!["wide".to_owned(), "b".to_owned()]];
        assert_eq!(table(&rows), "  A     long\n  wide  b");
        assert_eq!((count(1, "item"), count(0, "item")), ("1 item".to_owned(), "0 items".to_owned()));
    }
}
