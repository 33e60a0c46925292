//! Where in a YAML document each of its values stands.

use std::collections::HashMap;

use saphyr_parser::{Event, Marker, Parser, Span};

use super::Fault;

/// Deepest nesting that is followed.
const DEPTH_MAX: usize = 64;
/// Most values that are remembered.
const VALUES_MAX: usize = 100_000;
/// Longest path of a key, bytes. Each value keeps its own, so that a long key around many values would be kept as often.
const PATH_BYTES_MAX: usize = 512;

/// A place in a text: line and column, both from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl Position {
    fn of(marker: &Marker) -> Self {
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self { line: number(marker.line()), column: number(marker.col()).saturating_add(1) }
    }
}

/// Positions by path, as `stages[2].role`. A key stands for its value.
#[derive(Clone, Debug, Default)]
pub struct Positions(HashMap<String, Position>);

impl Positions {
    /// Where this path stands, or the nearest part of it that is in the document: what is missing is missing there.
    pub fn of(&self, path: &str) -> Position {
        let mut path = path.trim_start_matches('.');
        loop {
            if let Some(found) = self.0.get(path) {
                return *found;
            }
            match path.rfind(['.', '[']) {
                Some(end) => path = &path[..end],
                None => return Position { line: 1, column: 1 },
            }
        }
    }
}

/// A list or a map whose end has not come.
enum Open {
    List { path: String, next: usize },
    Map { path: String, key: Option<String> },
}

/// Reads the positions of a document.
///
/// # Errors
/// [`Fault`]s where it is not YAML, nests too deeply, or says a key twice.
pub fn positions(text: &str) -> Result<Positions, Vec<Fault>> {
    let mut found = Positions::default();
    let mut open: Vec<Open> = Vec::new();
    let mut twice = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            vec![Fault::at(Position::of(error.marker()), "", "bad_yaml", error.info().to_owned())]
        })?;
        match event {
            Event::SequenceEnd | Event::MappingEnd => {
                open.pop();
            }
            Event::Scalar(text, ..) => {
                if let Some(Open::Map { path, key: key @ None }) = open.last_mut() {
                    let full = joined(path, &text);
                    let position = start(&span);
                    if full.len() > PATH_BYTES_MAX {
                        let text = "a key, with those around it, is too long".into();
                        return Err(vec![Fault::at(position, "", "bad_yaml", text)]);
                    }
                    if found.0.insert(full.clone(), position).is_some() {
                        twice.push(Fault::at(position, &full, "duplicate_key", "is said twice".into()));
                    }
                    *key = Some(full);
                } else {
                    value(&mut open, &mut found, &span);
                }
            }
            // What an alias stands for has its positions at its anchor.
            Event::Alias(_) => drop(value(&mut open, &mut found, &span)),
            Event::SequenceStart(..) => {
                let path = value(&mut open, &mut found, &span);
                open.push(Open::List { path, next: 0 });
            }
            Event::MappingStart(..) => {
                let path = value(&mut open, &mut found, &span);
                open.push(Open::Map { path, key: None });
            }
            _ => {}
        }
        if open.len() > DEPTH_MAX || found.0.len() > VALUES_MAX {
            let text = "nests too deeply or holds too many values".into();
            return Err(vec![Fault::at(start(&span), "", "bad_yaml", text)]);
        }
    }
    if twice.is_empty() { Ok(found) } else { Err(twice) }
}

fn start(span: &Span) -> Position {
    Position::of(&span.start)
}

fn joined(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// The path of a value that begins here.
fn value(open: &mut [Open], found: &mut Positions, span: &Span) -> String {
    match open.last_mut() {
        Some(Open::List { path, next }) => {
            let full = format!("{path}[{next}]");
            *next += 1;
            found.0.insert(full.clone(), start(span));
            full
        }
        Some(Open::Map { path, key }) => key.take().unwrap_or_else(|| path.clone()),
        None => String::new(),
    }
}
