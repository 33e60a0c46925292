//! Which qualifications a stage asks for: a small language of names with `&`, `|`, `!` and parentheses.
//!
//! ```text
//! any  = all  { "|" all }
//! all  = part { "&" part }
//! part = "!" part | "(" any ")" | name        name = [a-z0-9_]+
//! ```

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Longest expression, bytes.
pub const QUALIFICATION_BYTES_MAX: usize = 400;
/// Most different names in one expression. Few enough to try all their combinations.
pub const QUALIFICATION_NAMES_MAX: usize = 12;
/// Longest name, bytes.
pub const QUALIFICATION_NAME_BYTES_MAX: usize = 40;
/// Deepest nesting of parentheses and `!`.
const DEPTH_MAX: usize = 16;

/// Which qualifications a person must hold, and must not: `radiologist & (chest_ct | chest_xray) & !in_training`.
/// Written and read as that text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum QualificationExpr {
    /// Holds this one.
    Name(String),
    /// Does not hold what is inside.
    Not(Box<QualificationExpr>),
    /// All of these; two or more.
    All(Vec<QualificationExpr>),
    /// One of these at least; two or more.
    Any(Vec<QualificationExpr>),
}

/// Why a text is no expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("qualification, at character {at}: {message}")]
pub struct QualificationError {
    /// Where, counted in characters from 1.
    pub at: usize,
    /// What is wrong there.
    pub message: String,
}

/// Whether the text may name a qualification.
pub fn is_qualification_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= QUALIFICATION_NAME_BYTES_MAX && text.bytes().all(is_name_byte)
}

const fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'
}

impl QualificationExpr {
    /// Whether somebody who holds exactly these qualifications, all of them valid now, may act.
    pub fn holds(&self, held: &BTreeSet<String>) -> bool {
        self.with(&|name| held.contains(name))
    }

    fn with(&self, held: &dyn Fn(&str) -> bool) -> bool {
        match self {
            Self::Name(name) => held(name),
            Self::Not(part) => !part.with(held),
            Self::All(parts) => parts.iter().all(|part| part.with(held)),
            Self::Any(parts) => parts.iter().any(|part| part.with(held)),
        }
    }

    /// Every name that is mentioned, wanted or not.
    pub fn names(&self) -> BTreeSet<&str> {
        let mut names = BTreeSet::new();
        self.collect(true, &mut |name, _| {
            names.insert(name);
        });
        names
    }

    /// The names that would help and are not held: what a refusal tells the person. Empty where the expression holds,
    /// and where only a name that must not be held stands in the way.
    pub fn missing(&self, held: &BTreeSet<String>) -> BTreeSet<&str> {
        let mut missing = BTreeSet::new();
        if !self.holds(held) {
            self.collect(true, &mut |name, wanted| {
                if wanted && !held.contains(name) {
                    missing.insert(name);
                }
            });
        }
        missing
    }

    /// Whether any set of qualifications could ever satisfy it; `a & !a` never does.
    pub fn can_hold(&self) -> bool {
        let names: Vec<&str> = self.names().into_iter().collect();
        (0_u32..1 << names.len()).any(|mask| {
            self.with(&|name| {
                names.iter().position(|known| *known == name).is_some_and(|i| mask >> i & 1 == 1)
            })
        })
    }

    fn collect<'a>(&'a self, wanted: bool, found: &mut dyn FnMut(&'a str, bool)) {
        match self {
            Self::Name(name) => found(name, wanted),
            Self::Not(part) => part.collect(!wanted, found),
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.collect(wanted, found)),
        }
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, inside: bool) -> fmt::Result {
        let (parts, mark) = match self {
            Self::Name(name) => return f.write_str(name),
            Self::Not(part) => {
                f.write_str("!")?;
                return part.write(f, true);
            }
            Self::All(parts) => (parts, " & "),
            Self::Any(parts) => (parts, " | "),
        };
        if inside {
            f.write_str("(")?;
        }
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                f.write_str(mark)?;
            }
            part.write(f, true)?;
        }
        if inside { f.write_str(")") } else { Ok(()) }
    }
}

impl fmt::Display for QualificationExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, false)
    }
}

impl From<QualificationExpr> for String {
    fn from(expr: QualificationExpr) -> Self {
        expr.to_string()
    }
}

impl TryFrom<String> for QualificationExpr {
    type Error = QualificationError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl FromStr for QualificationExpr {
    type Err = QualificationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() > QUALIFICATION_BYTES_MAX {
            let message = format!("longer than {QUALIFICATION_BYTES_MAX} bytes");
            return Err(QualificationError { at: 1, message });
        }
        let mut parser = Parser { text, at: 0 };
        let expr = parser.any(0)?;
        if parser.peek().is_some() {
            return Err(parser.expected("& or | before this"));
        }
        if expr.names().len() > QUALIFICATION_NAMES_MAX {
            let message = format!("more than {QUALIFICATION_NAMES_MAX} names");
            return Err(QualificationError { at: 1, message });
        }
        Ok(expr)
    }
}

struct Parser<'a> {
    text: &'a str,
    /// Byte position.
    at: usize,
}

impl Parser<'_> {
    fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while bytes.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    fn expected(&self, what: &str) -> QualificationError {
        let before = self.text.get(..self.at).map_or(self.at, |before| before.chars().count());
        QualificationError { at: before + 1, message: format!("expected {what}") }
    }

    fn any(&mut self, depth: usize) -> Result<QualificationExpr, QualificationError> {
        let parts = self.joined(b'|', |parser| parser.all(depth))?;
        Ok(one_or(parts, QualificationExpr::Any))
    }

    fn all(&mut self, depth: usize) -> Result<QualificationExpr, QualificationError> {
        let parts = self.joined(b'&', |parser| parser.part(depth))?;
        Ok(one_or(parts, QualificationExpr::All))
    }

    fn joined(
        &mut self,
        mark: u8,
        mut part: impl FnMut(&mut Self) -> Result<QualificationExpr, QualificationError>,
    ) -> Result<Vec<QualificationExpr>, QualificationError> {
        let mut parts = vec![part(self)?];
        while self.peek() == Some(mark) {
            self.at += 1;
            parts.push(part(self)?);
        }
        Ok(parts)
    }

    fn part(&mut self, depth: usize) -> Result<QualificationExpr, QualificationError> {
        let first = self.peek();
        if depth > DEPTH_MAX {
            return Err(self.expected("fewer parentheses inside each other"));
        }
        match first {
            Some(b'!') => {
                self.at += 1;
                Ok(QualificationExpr::Not(Box::new(self.part(depth + 1)?)))
            }
            Some(b'(') => {
                self.at += 1;
                let inside = self.any(depth + 1)?;
                if self.peek() != Some(b')') {
                    return Err(self.expected("a closing parenthesis"));
                }
                self.at += 1;
                Ok(inside)
            }
            Some(byte) if is_name_byte(byte) => self.name(),
            _ => Err(self.expected("a name of a-z, 0-9 and _, or ! or (")),
        }
    }

    fn name(&mut self) -> Result<QualificationExpr, QualificationError> {
        let rest = &self.text[self.at..];
        let end = rest.bytes().position(|byte| !is_name_byte(byte)).unwrap_or(rest.len());
        if end > QUALIFICATION_NAME_BYTES_MAX {
            return Err(self.expected("a shorter name"));
        }
        self.at += end;
        Ok(QualificationExpr::Name(rest[..end].to_owned()))
    }
}

fn one_or(
    mut parts: Vec<QualificationExpr>,
    many: fn(Vec<QualificationExpr>) -> QualificationExpr,
) -> QualificationExpr {
    if parts.len() == 1 { parts.remove(0) } else { many(parts) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn held(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn expr(text: &str) -> QualificationExpr {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn and_binds_before_or_and_not_before_both() {
        let mixed = expr("radiologist & chest_ct | !trainee&specialist");
        assert_eq!(mixed.to_string(), "(radiologist & chest_ct) | (!trainee & specialist)");
        assert!(mixed.holds(&held(&["radiologist", "chest_ct", "trainee"])));
        assert!(mixed.holds(&held(&["specialist"])));
        assert!(!mixed.holds(&held(&["specialist", "trainee"])));
        assert!(!expr("a & (b | c)").holds(&held(&["a"])));
        assert!(expr(" a&( b|c ) ").holds(&held(&["a", "c"])));
    }

    #[test]
    fn says_what_is_missing() {
        let chest = expr("radiologist & (chest_ct | chest_xray) & !in_training");
        assert_eq!(chest.missing(&held(&["radiologist"])), ["chest_ct", "chest_xray"].into());
        assert_eq!(chest.missing(&held(&["radiologist", "chest_ct", "in_training"])), ["chest_xray"].into());
        assert!(chest.missing(&held(&["radiologist", "chest_ct"])).is_empty());
        assert!(expr("!a").missing(&held(&["a"])).is_empty());
    }

    #[test]
    fn knows_what_nobody_can_hold() {
        assert!(!expr("a & !a").can_hold());
        assert!(!expr("(a | b) & !a & !b").can_hold());
        assert!(expr("!a").can_hold());
        assert!(expr("a | !a").can_hold());
    }

    #[test]
    fn names_the_character_that_is_wrong() {
        let at = |text: &str| text.parse::<QualificationExpr>().unwrap_err().at;
        assert_eq!(at(""), 1);
        assert_eq!(at("a &"), 4);
        assert_eq!(at("a b"), 3);
        assert_eq!(at("(a | b"), 7);
        assert_eq!(at("a & Chest"), 5);
        assert_eq!(at("a)"), 2);
        assert_eq!(at("\u{e9}"), 1);
        assert!("!".repeat(300).parse::<QualificationExpr>().is_err());
        assert!("(".repeat(399).parse::<QualificationExpr>().is_err());
        assert!("a".repeat(41).parse::<QualificationExpr>().is_err());
        let many: Vec<String> = (0..13).map(|i| format!("n{i}")).collect();
        assert!(many.join("|").parse::<QualificationExpr>().is_err());
        assert!("a ".repeat(201).parse::<QualificationExpr>().is_err());
    }

    fn any_expr() -> impl Strategy<Value = QualificationExpr> {
        let leaf = prop::sample::select(vec!["a", "b_2", "chest_ct", "d"])
            .prop_map(|name| QualificationExpr::Name(name.to_owned()));
        leaf.prop_recursive(3, 16, 3, |inner| {
            let many = || prop::collection::vec(inner.clone(), 2..4);
            prop_oneof![
                inner.clone().prop_map(|part| QualificationExpr::Not(Box::new(part))),
                many().prop_map(QualificationExpr::All),
                many().prop_map(QualificationExpr::Any),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(expr in any_expr(), mask in 0_u8..16) {
            let text = expr.to_string();
            prop_assume!(text.len() <= QUALIFICATION_BYTES_MAX);
            let back: QualificationExpr = text.parse().unwrap();
            prop_assert_eq!(&back, &expr);
            let names = ["a", "b_2", "chest_ct", "d"];
            let set = names.iter().enumerate().filter(|(i, _)| mask >> i & 1 == 1).map(|(_, n)| (*n).to_owned());
            let set: BTreeSet<String> = set.collect();
            if expr.holds(&set) {
                prop_assert!(expr.can_hold());
                prop_assert!(expr.missing(&set).is_empty());
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[a-z!&|() \u{e9}]{0,60}") {
            if let Err(error) = text.parse::<QualificationExpr>() {
                prop_assert!(error.at >= 1 && error.at <= text.chars().count() + 1);
            }
        }
    }
}
