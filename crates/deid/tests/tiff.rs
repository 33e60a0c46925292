//! TIFF files made for it: the pixels stay, the stories go.

use countersign_deid::{CleanedImage, Kind, clean_image};
use proptest::prelude::*;

/// Writes small TIFF files in any of the four layouts.
#[derive(Clone, Copy)]
struct Maker {
    big_endian: bool,
    big_tiff: bool,
}

const LAYOUTS: [Maker; 4] = [
    Maker { big_endian: false, big_tiff: false },
    Maker { big_endian: true, big_tiff: false },
    Maker { big_endian: false, big_tiff: true },
    Maker { big_endian: true, big_tiff: true },
];

type Tags = Vec<(u16, u16, u64, Vec<u8>)>;

impl Maker {
    fn number(self, n: u64, bytes: usize) -> Vec<u8> {
        let all = n.to_be_bytes()[8 - bytes..].to_vec();
        if self.big_endian { all } else { all.into_iter().rev().collect() }
    }

    fn short(self, tag: u16, n: u64) -> (u16, u16, u64, Vec<u8>) {
        (tag, 3, 1, self.number(n, 2))
    }

    fn long(self, tag: u16, n: u64) -> (u16, u16, u64, Vec<u8>) {
        (tag, 4, 1, self.number(n, 4))
    }

    fn text(self, tag: u16, text: &str) -> (u16, u16, u64, Vec<u8>) {
        (tag, 2, text.len() as u64 + 1, [text.as_bytes(), &[0]].concat())
    }

    /// Pages of 2 x 2 pixels of 8 bits: (tiled, pixels, compression, further tags).
    fn file(self, pages: &[(bool, &[u8], u64, Tags)]) -> Vec<u8> {
        let word = if self.big_tiff { 8 } else { 4 };
        let mut out = if self.big_endian { b"MM".to_vec() } else { b"II".to_vec() };
        out.extend(self.number(if self.big_tiff { 43 } else { 42 }, 2));
        if self.big_tiff {
            out.extend(self.number(8, 2));
            out.extend(self.number(0, 2));
        }
        let mut link = out.len();
        out.extend(self.number(0, word));
        for (tiled, pixels, compression, more) in pages {
            let at = out.len() as u64;
            out.extend_from_slice(pixels);
            let (offsets, counts) = if *tiled { (324, 325) } else { (273, 279) };
            let mut tags = vec![
                self.short(256, 2),
                self.short(257, 2),
                self.short(258, 8),
                self.short(259, *compression),
                self.short(262, 1),
                self.long(offsets, at),
                self.long(counts, pixels.len() as u64),
            ];
            tags.extend(more.iter().cloned());
            tags.sort();
            let mut entries = Vec::new();
            for (tag, kind, count, value) in tags {
                entries.extend(self.number(tag.into(), 2));
                entries.extend(self.number(kind.into(), 2));
                entries.extend(self.number(count, word));
                let mut inline = value.clone();
                if value.len() > word {
                    inline = self.number(out.len() as u64, word);
                    out.extend(value);
                }
                inline.resize(word, 0);
                entries.extend(inline);
            }
            let directory = self.number(out.len() as u64, word);
            out[link..link + word].copy_from_slice(&directory);
            let size = if self.big_tiff { 20 } else { 12 };
            out.extend(self.number((entries.len() / size) as u64, if self.big_tiff { 8 } else { 2 }));
            out.extend(entries);
            link = out.len();
            out.extend(self.number(0, word));
        }
        out
    }
}

fn holds(image: &CleanedImage, part: &[u8]) -> bool {
    image.bytes.windows(part.len()).any(|w| w == part)
}

#[test]
fn descriptions_go_and_pixels_stay() {
    for maker in LAYOUTS {
        let story: Tags = vec![
            maker.text(270, "Aperio Image|Date = 06/14/21|User = Jane Doe"),
            maker.text(305, "ScanScope Jane"),
            maker.text(306, "2021:06:14 09:30:00"),
            maker.text(315, "Jane Doe"),
            maker.text(316, "WARD-7-PC"),
            maker.text(700, "<x:xmpmeta>Jane</x:xmpmeta>"),
            maker.long(34_665, 8),
            maker.long(34_853, 8),
            maker.text(34_675, "profile of Jane"),
            maker.text(50_000, "private Jane"),
            maker.short(274, 6),
        ];
        let source = maker.file(&[(false, b"\x01\x02\x03\x04", 1, story)]);
        let cleaned = clean_image(&source).unwrap();
        assert_eq!((cleaned.kind, cleaned.width, cleaned.height), (Kind::Tiff, 2, 2));
        assert_eq!(cleaned.orientation, Some(6));
        assert!(holds(&cleaned, b"\x01\x02\x03\x04"));
        for gone in [&b"Jane"[..], b"2021:06", b"WARD", b"06/14/21"] {
            assert!(!holds(&cleaned, gone));
        }
        assert_eq!(cleaned.stripped.len(), 9);
        let again = clean_image(&cleaned.bytes).unwrap();
        assert_eq!(again.bytes, cleaned.bytes, "a clean image stays as it is");
        assert!(again.stripped.is_empty());
    }
}

#[test]
fn labels_of_slides_go_with_their_page() {
    for maker in LAYOUTS {
        let jpeg = b"\xFF\xD8\xFF\xFE\x00\x0AJane Doe\xFF\xDA\x00\x02\x11\x22\xFF\xD9";
        let source = maker.file(&[
            (true, jpeg, 7, vec![maker.text(270, "level 0")]),
            (false, b"thumbnail", 1, vec![]),
            (true, b"level", 1, vec![]),
            (false, b"DOE, JANE 17", 1, vec![maker.text(270, "Aperio\nlabel 387x463")]),
            (false, b"overview picture", 1, vec![maker.text(270, "Aperio\nmacro 1280x431")]),
        ]);
        let cleaned = clean_image(&source).unwrap();
        assert!(holds(&cleaned, b"\x11\x22\xFF\xD9") && holds(&cleaned, b"level"));
        for gone in [&b"thumbnail"[..], b"JANE", b"overview", b"Jane Doe"] {
            assert!(!holds(&cleaned, gone));
        }
        assert_eq!(cleaned.stripped.iter().filter(|s| s.part == "page").count(), 3);
    }
}

#[test]
fn what_cannot_be_followed_is_refused() {
    let maker = LAYOUTS[0];
    let good = maker.file(&[(false, b"\x01\x02\x03\x04", 1, vec![])]);
    let code = |bytes: &[u8]| clean_image(bytes).unwrap_err().code();
    assert_eq!(code(&good[..good.len() - 8]), "image-truncated");
    assert_eq!(code(b"II*\0\0\0\0\0"), "image-broken", "no page");
    let mut circle = good.clone();
    let directory = good[4..8].to_vec();
    let end = circle.len();
    circle[end - 4..].copy_from_slice(&directory);
    assert_eq!(code(&circle), "image-broken");
    assert_eq!(code(&maker.file(&[(false, b"abcd", 6, vec![])])), "image-broken", "old JPEG");
    assert_eq!(code(&maker.file(&[(false, b"abcd", 1, vec![maker.text(270, "label")])])), "image-broken");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Changed bytes end in a cleaned image or an error; what is cleaned does not grow, and stays as it is.
    #[test]
    fn mutated_files_end_in_an_image_or_an_error(
        layout in 0usize..4,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..5),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let maker = LAYOUTS[layout];
        let story = vec![maker.text(270, "a story of Jane"), maker.short(277, 1)];
        let mut raw = maker.file(&[(false, b"pixels", 1, story), (false, b"more pixels", 1, vec![])]);
        for (at, value) in changes {
            let at = at.index(raw.len());
            raw[at] = value;
        }
        if let Some(cut) = cut {
            raw.truncate(cut.index(raw.len() + 1));
        }
        if let Ok(cleaned) = clean_image(&raw) && cleaned.kind == Kind::Tiff {
            prop_assert!(cleaned.bytes.len() <= raw.len() + 1024);
            let again = clean_image(&cleaned.bytes);
            prop_assert_eq!(again.map(|c| c.bytes), Ok(cleaned.bytes));
        }
    }
}
