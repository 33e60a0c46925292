//! Text in the character sets of Specific Character Set (PS3.3 C.12.1.1.2), with the escapes of ISO 2022
//! (PS3.5 6.1.2.5): a name that stands in another set than the one it was removed from is the same name.

use encoding_rs::{
    EUC_JP, EUC_KR, Encoding, GB18030, GBK, ISO_8859_2, ISO_8859_3, ISO_8859_4, ISO_8859_5, ISO_8859_6,
    ISO_8859_7, ISO_8859_8, ISO_8859_15, SHIFT_JIS, UTF_8, WINDOWS_874, WINDOWS_1252, WINDOWS_1254,
};

const ESC: u8 = 0x1B;

/// The character set that a text starts in.
#[derive(Clone, Copy)]
pub(crate) struct Charset {
    initial: &'static Encoding,
    declared: bool,
}

/// What bytes below 0x80 mean after an escape.
#[derive(Clone, Copy, PartialEq)]
enum Low {
    Ascii,
    /// JIS X 0208: two bytes a character.
    Kanji,
    /// JIS X 0212: two bytes a character.
    Supplement,
}

/// An escape: the bytes behind ESC, and what they switch to.
enum Switch {
    Low(Low),
    High(&'static Encoding),
}

/// Sets by their defined term without "ISO_IR " or "ISO 2022 IR ".
fn by_term(term: &str) -> Option<&'static Encoding> {
    let number = term.trim().trim_start_matches("ISO_IR ").trim_start_matches("ISO 2022 IR ");
    Some(match number {
        "6" | "100" => WINDOWS_1252,
        "101" => ISO_8859_2,
        "109" => ISO_8859_3,
        "110" => ISO_8859_4,
        "144" => ISO_8859_5,
        "127" => ISO_8859_6,
        "126" => ISO_8859_7,
        "138" => ISO_8859_8,
        "148" => WINDOWS_1254,
        "203" => ISO_8859_15,
        "166" => WINDOWS_874,
        "13" => SHIFT_JIS,
        "192" => UTF_8,
        "GB18030" => GB18030,
        "GBK" => GBK,
        // Only reached by escapes; the bytes before the first one are ASCII.
        "87" | "159" => EUC_JP,
        "149" => EUC_KR,
        "58" => GBK,
        _ => return None,
    })
}

fn switch(rest: &[u8]) -> Option<(usize, Switch)> {
    use Switch::{High, Low as L};
    Some(match *rest {
        [0x28, 0x42 | 0x4A, ..] => (2, L(Low::Ascii)),
        [0x24, 0x40 | 0x42, ..] => (2, L(Low::Kanji)),
        [0x24, 0x28, 0x44, ..] => (3, L(Low::Supplement)),
        [0x24, 0x29, 0x43, ..] => (3, High(EUC_KR)),
        [0x24, 0x29, 0x41, ..] => (3, High(GBK)),
        [0x29, 0x49, ..] => (2, High(SHIFT_JIS)),
        [0x2D, 0x41, ..] => (2, High(WINDOWS_1252)),
        [0x2D, 0x42, ..] => (2, High(ISO_8859_2)),
        [0x2D, 0x43, ..] => (2, High(ISO_8859_3)),
        [0x2D, 0x44, ..] => (2, High(ISO_8859_4)),
        [0x2D, 0x46, ..] => (2, High(ISO_8859_7)),
        [0x2D, 0x47, ..] => (2, High(ISO_8859_6)),
        [0x2D, 0x48, ..] => (2, High(ISO_8859_8)),
        [0x2D, 0x4C, ..] => (2, High(ISO_8859_5)),
        [0x2D, 0x4D, ..] => (2, High(WINDOWS_1254)),
        [0x2D, 0x54, ..] => (2, High(WINDOWS_874)),
        [0x2D, 0x62, ..] => (2, High(ISO_8859_15)),
        _ => return None,
    })
}

impl Charset {
    /// The set that Specific Character Set names; Latin-1 where it names none, because that is what files
    /// without the attribute hold in the field.
    pub fn of(terms: &[String]) -> Self {
        let initial = terms.first().and_then(|t| by_term(t));
        Self { initial: initial.unwrap_or(WINDOWS_1252), declared: initial.is_some() }
    }

    /// Whether bytes of this text can mean anything else than ASCII.
    pub fn is_foreign(raw: &[u8]) -> bool {
        raw.iter().any(|b| *b >= 0x80 || *b == ESC)
    }

    /// The text; `None` where bytes have no meaning in their set.
    pub fn decode(self, raw: &[u8]) -> Option<String> {
        if matches!(self.initial, e if e == UTF_8 || e == GB18030 || e == GBK) && !raw.contains(&ESC) {
            return self.initial.decode_without_bom_handling_and_without_replacement(raw).map(Into::into);
        }
        let mut out = String::with_capacity(raw.len());
        let (mut low, mut high) = (Low::Ascii, self.initial);
        let mut at = 0;
        while at < raw.len() {
            if raw[at] == ESC {
                let (length, to) = switch(&raw[at + 1..])?;
                match to {
                    Switch::Low(set) => low = set,
                    Switch::High(set) => high = set,
                }
                at += 1 + length;
                continue;
            }
            let foreign = raw[at] >= 0x80;
            let run = raw[at..].iter().take_while(|b| **b != ESC && (**b >= 0x80) == foreign).count();
            decode_run(&raw[at..at + run], low, high, &mut out)?;
            at += run;
        }
        Some(out)
    }

    /// The bytes of a text in this set, where that is simple: ASCII in any, everything in UTF-8 and Latin-1.
    pub fn encode(self, text: &str) -> Option<Vec<u8>> {
        if text.is_ascii() || self.initial == UTF_8 {
            return Some(text.as_bytes().to_vec());
        }
        let latin = self.initial == WINDOWS_1252 && self.declared;
        latin.then(|| text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect()).flatten()
    }
}

/// A run of bytes that are all below, or all at or above 0x80.
fn decode_run(raw: &[u8], low: Low, high: &'static Encoding, out: &mut String) -> Option<()> {
    let set = if raw[0] >= 0x80 { high } else { EUC_JP };
    let bytes: Vec<u8> = match (raw[0] >= 0x80, low) {
        (true, _) => raw.to_vec(),
        (false, Low::Ascii) => {
            out.extend(raw.iter().map(|b| char::from(*b)));
            return Some(());
        }
        // The same rows and cells, as EUC writes them.
        (false, Low::Kanji) => raw.iter().map(|b| if *b > 0x20 { b | 0x80 } else { *b }).collect(),
        (false, Low::Supplement) => {
            raw.chunks(2).flat_map(|pair| [0x8F].into_iter().chain(pair.iter().map(|b| b | 0x80))).collect()
        }
    };
    out.push_str(&set.decode_without_bom_handling_and_without_replacement(&bytes)?);
    Some(())
}

/// ASCII text that is written in UTF-16 of either byte order, without its zeros; `None` for anything else.
/// Such text stands in private and unknown values that Windows programs wrote.
pub(crate) fn without_zeros(raw: &[u8]) -> Option<Vec<u8>> {
    let pairs = raw.windows(2).filter(|w| w[0] == 0 && (0x20..0x7F).contains(&w[1])).count();
    (pairs >= MIN_WIDE).then(|| raw.iter().copied().filter(|b| *b != 0).collect())
}

/// Fewest characters behind zeros that make UTF-16 text.
const MIN_WIDE: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn of(terms: &str) -> Charset {
        Charset::of(&terms.split('\\').map(str::to_owned).collect::<Vec<_>>())
    }

    // The byte strings of the examples in PS3.5 Annexes H to K.
    #[test]
    fn the_standards_own_names_are_read() {
        let kanji = b"Yamada^Tarou=\x1B$B;3ED\x1B(B^\x1B$BB@O:\x1B(B=\x1B$B$d$^$@\x1B(B^\x1B$B$?$m$&\x1B(B";
        let name = of("\\ISO 2022 IR 87").decode(kanji).unwrap();
        assert_eq!(name, "Yamada^Tarou=山田^太郎=やまだ^たろう");
        let hangul =
            b"Hong^Gildong=\x1B$)C\xFB\xF3^\x1B$)C\xD1\xCE\xD4\xD7=\x1B$)C\xC8\xAB^\x1B$)C\xB1\xE6\xB5\xBF";
        assert_eq!(of("\\ISO 2022 IR 149").decode(hangul).unwrap(), "Hong^Gildong=洪^吉洞=홍^길동");
        let katakana = b"\xD4\xCF\xC0\xDE^\xC0\xDB\xB3";
        assert_eq!(of("ISO_IR 13").decode(katakana).unwrap(), "ﾔﾏﾀﾞ^ﾀﾛｳ");
        let chinese = b"Wang^XiaoDong=\xCD\xF5^\xD0\xA1\xB6\xAB=";
        assert_eq!(of("GB18030").decode(chinese).unwrap(), "Wang^XiaoDong=王^小东=");
        let russian = b"\xBB\xEE\xDA\x63\x65\xDC\xD1\xE3\xE0\xD3";
        assert_eq!(of("ISO_IR 144").decode(russian).unwrap(), "Люкceмбург");
        assert_eq!(of("ISO_IR 100").decode(b"Buc^J\xE9r\xF4me").unwrap(), "Buc^Jérôme");
        assert_eq!(of("ISO_IR 192").decode("Äneas^Rüdiger".as_bytes()).unwrap(), "Äneas^Rüdiger");
    }

    #[test]
    fn what_has_no_meaning_is_not_read() {
        assert_eq!(of("ISO_IR 192").decode(b"\xC3"), None);
        assert_eq!(of("").decode(b"\x1B\x7Eabc"), None);
        assert_eq!(of("ISO_IR 192").encode("Ä"), Some(vec![0xC3, 0x84]));
        assert_eq!(of("ISO_IR 100").encode("Ä"), Some(vec![0xC4]));
        assert_eq!(of("ISO_IR 144").encode("Л"), None);
    }

    #[test]
    fn wide_text_is_seen() {
        let wide = |order: fn(u16) -> [u8; 2]| "Marigold".encode_utf16().flat_map(order).collect::<Vec<_>>();
        assert_eq!(without_zeros(&wide(u16::to_le_bytes)).unwrap(), b"Marigold");
        assert_eq!(without_zeros(&wide(u16::to_be_bytes)).unwrap(), b"Marigold");
        assert_eq!(without_zeros(b"Marigold"), None);
        assert_eq!(without_zeros(&[0; 40]), None);
    }
}
