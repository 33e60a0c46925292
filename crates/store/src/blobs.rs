//! Stored bytes.

use crate::Column;

/// Where bytes lie within a zone and project: 64 hexadecimal digits, HMAC-SHA256 under the installation's blob key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address(String);

impl Address {
    /// The 64 hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for Address {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() == 64 && text.bytes().all(is_digit) {
            Ok(Self(text.to_owned()))
        } else {
            Err("no address".to_owned())
        }
    }
}

impl Column for Address {
    type Raw = String;
    fn from_raw(raw: String) -> Result<Self, String> {
        raw.parse()
    }
    fn into_raw(self) -> String {
        self.0
    }
}
