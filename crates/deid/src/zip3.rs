//! The first three digits of a United States postal code, by the rule of 45 CFR 164.514(b)(2)(i)(B).

/// Version of the table of restricted prefixes: the census whose populations decide.
pub const ZIP3_TABLE: &str = "census-2000";

/// Prefixes whose areas hold 20,000 people or fewer in the 2000 census, as the guidance of the Office for
/// Civil Rights of 2012-11-26 on 45 CFR 164.514 lists them.
const RESTRICTED: [&str; 17] = [
    "036", "059", "063", "102", "203", "556", "692", "790", "821", "823", "830", "831", "878", "879", "884",
    "890", "893",
];
/// What stands for a restricted prefix.
const NOBODY: &str = "000";

/// The prefix of a code of five or nine digits (`60614`, `60614-1234`), `000` for a restricted one; `None`
/// for what is no such code.
#[must_use]
pub fn zip3(code: &str) -> Option<String> {
    let code = code.trim();
    let (five, four) = code.split_once('-').map_or((code, None), |(a, b)| (a, Some(b)));
    let digits = |t: &str, n: usize| t.len() == n && t.bytes().all(|b| b.is_ascii_digit());
    if !digits(five, 5) || four.is_some_and(|f| !digits(f, 4)) {
        return None;
    }
    let prefix = &five[..3];
    Some(if RESTRICTED.contains(&prefix) { NOBODY } else { prefix }.to_owned())
}

/// The prefix of the postal code at the end of a written address; `None` where there is none.
#[must_use]
pub fn zip3_of_address(address: &str) -> Option<String> {
    // A country may follow; a house number comes first and never last.
    let words: Vec<&str> =
        address.split([' ', ',', '^', '\r', '\n', '\t']).filter(|w| !w.is_empty()).collect();
    words.iter().skip(1).rev().take(3).find_map(|w| zip3(w))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_areas_have_no_prefix() {
        assert_eq!(zip3("60614"), Some("606".to_owned()));
        assert_eq!(zip3(" 00501-1234 "), Some("005".to_owned()));
        for restricted in RESTRICTED {
            assert_eq!(zip3(&format!("{restricted}12")), Some("000".to_owned()));
        }
        for other in ["", "6061", "606145", "60614-12", "K1A 0B1", "6061a", "60614-", "６０６１４"] {
            assert_eq!(zip3(other), None, "{other}");
        }
    }

    #[test]
    fn an_address_ends_in_its_code() {
        assert_eq!(zip3_of_address("12345 Main St, Springfield, IL 62704-1111"), Some("627".to_owned()));
        assert_eq!(zip3_of_address("1 Oak Ave^^Chicago^IL^60614^USA"), Some("606".to_owned()));
        assert_eq!(zip3_of_address("12345 Main St"), None);
        assert_eq!(zip3_of_address("62704"), None, "one number may be anything");
    }
}
