//! Time as the evidence log keeps it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A moment in UTC, in whole microseconds since 1970-01-01T00:00:00Z.
///
/// Microseconds because the two databases keep different precision and signed bytes must not depend on which one
/// is used; sensor time stays in int64 nanoseconds on the frame itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Instant(pub i64);

impl Instant {
    /// This moment plus a number of seconds.
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Microseconds since the epoch.
    pub const fn micros(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Instant {
    /// RFC 3339 with microseconds and `Z`. The civil date comes from days by Hinnant's `civil_from_days`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, micros) = (self.0.div_euclid(1_000_000), self.0.rem_euclid(1_000_000));
        let (days, second_of_day) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let (year, month, day) = civil_from_days(days);
        let (hour, minute, second) = (second_of_day / 3600, second_of_day / 60 % 60, second_of_day % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z")
    }
}

/// What a moment is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no moment in UTC such as 2026-12-01T06:00:00Z")]
pub struct BadInstant;

impl FromStr for Instant {
    type Err = BadInstant;

    /// RFC 3339 in UTC (`Z`, no other offset), to the minute, the second, or up to six digits below it; years 0 to 9999.
    fn from_str(text: &str) -> Result<Self, BadInstant> {
        let (day, clock) = text.strip_suffix('Z').and_then(|text| text.split_once('T')).ok_or(BadInstant)?;
        let (clock, below) = clock.split_once('.').unwrap_or((clock, "0"));
        let number = |text: &str, digits: usize| {
            let is_number = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse::<i64>().ok().filter(|_| is_number).ok_or(BadInstant)
        };
        let [year, month, day] = parts(day, '-').ok_or(BadInstant)?;
        let whole = if clock.len() == "06:00".len() { format!("{clock}:00") } else { clock.to_owned() };
        let [hour, minute, second] = parts(&whole, ':').ok_or(BadInstant)?;
        if below.len() > 6 || (clock.len() == "06:00".len() && text.contains('.')) {
            return Err(BadInstant);
        }
        let micros = number(&format!("{below:0<6}"), 6)?;
        let date = (number(year, 4)?, number(month, 2)?, number(day, 2)?);
        let (hour, minute, second) = (number(hour, 2)?, number(minute, 2)?, number(second, 2)?);
        let days = days_from_civil(date);
        // The 30th of February comes back as another day.
        if civil_from_days(days) != date || hour > 23 || minute > 59 || second > 59 {
            return Err(BadInstant);
        }
        Ok(Self(((days * 24 + hour) * 60 + minute) * 60_000_000 + second * 1_000_000 + micros))
    }
}

/// Exactly three parts.
fn parts(text: &str, separator: char) -> Option<[&str; 3]> {
    text.split(separator).collect::<Vec<_>>().try_into().ok()
}

/// The inverse of [`civil_from_days`], by the same paper; any month, the one after the last belongs to the next year.
const fn days_from_civil((year, month, day): (i64, i64, i64)) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_index = (month + 9) % 12;
    let day_of_year = (153 * month_index + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Year, month (1-12) and day (1-31) of a day counted from 1970-01-01 in the proleptic Gregorian calendar.
/// Formula: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms".
const fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

/// Where "now" comes from. A parameter everywhere; the binary owns the real one, tests own theirs.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Instant;

    /// Microseconds on a scale of its own that nobody can set: what [`Clock::now`] is compared with to notice that it was
    /// set. A clock without one never notices.
    fn steady_micros(&self) -> i64 {
        self.now().micros()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_prints_and_nothing_else() {
        for micros in [0, -1, 951_782_400_000_000, 1_795_392_000_123_456, 253_402_300_799_999_999] {
            assert_eq!(Instant(micros).to_string().parse(), Ok(Instant(micros)));
        }
        for day in -719_528..2_932_897_i64 {
            assert_eq!(days_from_civil(civil_from_days(day)), day);
        }
        let six = Ok(Instant(1_796_104_800_000_000));
        for text in ["2026-12-01T06:00Z", "2026-12-01T06:00:00Z", "2026-12-01T06:00:00.0Z"] {
            assert_eq!(text.parse(), six, "{text}");
        }
        for bad in [
            "",
            "2026-12-01",
            "2026-12-01T06:00",
            "2026-12-01T06:00+01:00",
            "2026-02-30T06:00Z",
            "2026-13-01T06:00Z",
            "2026-12-01T24:00Z",
            "2026-12-01T06:60Z",
            "2026-12-01T06:00:60Z",
            "2026-12-01T06:00.5Z",
            "2026-12-01T06:00:00.Z1",
            "2026-12-01T06:00:00.1234567Z",
            "26-12-01T06:00Z",
            "+026-12-01T06:00Z",
            "2026-12-01 06:00Z",
            "2026-12-01T06:00:00Z ",
        ] {
            assert_eq!(bad.parse::<Instant>(), Err(BadInstant), "{bad}");
        }
    }

    #[test]
    fn prints_known_moments() {
        assert_eq!(Instant(0).to_string(), "1970-01-01T00:00:00.000000Z");
        assert_eq!(Instant(951_782_400_000_000).to_string(), "2000-02-29T00:00:00.000000Z");
        assert_eq!(Instant(1_795_392_000_123_456).to_string(), "2026-11-23T00:00:00.123456Z");
        assert_eq!(Instant(-1).to_string(), "1969-12-31T23:59:59.999999Z");
    }
}
