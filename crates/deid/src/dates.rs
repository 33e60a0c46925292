//! Dates: moved by whole weeks, cut to their year, or replaced. Ages: capped at 90.
//!
//! Days are counted in the proleptic Gregorian calendar from 1970-01-01 by the era method (400 years are
//! 146,097 days); no clock is read.

/// Days of a Gregorian era of 400 years.
const ERA_DAYS: i64 = 146_097;
/// Years of an era.
const ERA_YEARS: i64 = 400;
/// Days from 0000-03-01 to 1970-01-01.
const EPOCH: i64 = 719_468;
/// Oldest age that is told, years (45 CFR 164.514(b)(2)(i)(C): all above are one group).
const OLDEST: u32 = 89;
/// What stands for every older age (VR AS).
pub(crate) const OVER_89: &str = "090Y";

/// A valid day of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Day {
    year: i64,
    month: i64,
    day: i64,
}

impl Day {
    /// Reads `YYYYMMDD`; `None` for anything else, and for a day that the calendar does not have.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 8 || !text.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let day = Self {
            year: text[..4].parse().ok()?,
            month: text[4..6].parse().ok()?,
            day: text[6..].parse().ok()?,
        };
        (day.year > 0 && Self::from_days(day.days()) == day).then_some(day)
    }

    /// Days from 1970-01-01. Months count from March, so that a leap day ends its year.
    fn days(self) -> i64 {
        let year = if self.month <= 2 { self.year - 1 } else { self.year };
        let month = (self.month + 9) % 12;
        let of_year = (153 * month + 2) / 5 + self.day - 1;
        let era = year.div_euclid(ERA_YEARS);
        let y = year.rem_euclid(ERA_YEARS);
        era * ERA_DAYS + y * 365 + y / 4 - y / 100 + of_year - EPOCH
    }

    fn from_days(days: i64) -> Self {
        let z = days + EPOCH;
        let era = z.div_euclid(ERA_DAYS);
        let of_era = z.rem_euclid(ERA_DAYS);
        let y = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * y + y / 4 - y / 100);
        let month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        Self { year: y + era * ERA_YEARS + i64::from(month <= 2), month, day }
    }

    fn text(self) -> String {
        format!("{:04}{:02}{:02}", self.year, self.month, self.day)
    }

    /// The day that many weeks earlier; `None` before year 1.
    fn back(self, weeks: i32) -> Option<Self> {
        let day = Self::from_days(self.days() - 7 * i64::from(weeks));
        (day.year > 0).then_some(day)
    }

    /// Whole years from this day to a later one.
    pub fn years_until(self, later: Self) -> i64 {
        later.year - self.year - i64::from((later.month, later.day) < (self.month, self.day))
    }
}

/// A date (VR DA) moved back; `None` for one that is partial or malformed.
pub(crate) fn shift_date(text: &str, weeks: i32) -> Option<String> {
    Some(Day::parse(text)?.back(weeks)?.text())
}

/// A date and time (VR DT) moved back, its time as it was; `None` for one that is partial or malformed.
pub(crate) fn shift_date_time(text: &str, weeks: i32) -> Option<String> {
    let (date, time) = text.split_at_checked(8)?;
    let date = shift_date(date, weeks)?;
    is_time_with_zone(time).then(|| date + time)
}

/// What is left of a date (VR DA) when only its year may stay.
pub(crate) fn year_of_date(text: &str) -> Option<String> {
    Some(format!("{:04}0101", Day::parse(text)?.year))
}

/// What is left of a date and time (VR DT) when only its year may stay: the VR allows a bare year.
pub(crate) fn year_of_date_time(text: &str) -> Option<String> {
    let (date, time) = text.split_at_checked(8)?;
    let day = Day::parse(date)?;
    is_time_with_zone(time).then(|| format!("{:04}", day.year))
}

/// Whether a text is a time of day (VR TM): `HH[MM[SS[.F{1,6}]]]`.
pub(crate) fn is_time(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(a, b)| (a, Some(b)));
    let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    let below = |range: std::ops::Range<usize>, limit: u32| {
        whole.get(range).is_none_or(|part| part.parse::<u32>().is_ok_and(|n| n < limit))
    };
    digits(whole)
        && matches!(whole.len(), 2 | 4 | 6)
        && below(0..2, 24)
        && below(2..4, 60)
        // A leap second.
        && below(4..6, 61)
        && fraction.is_none_or(|f| whole.len() == 6 && (1..=6).contains(&f.len()) && digits(f))
}

/// Whether a text is an offset from UTC, `+HHMM` or `-HHMM`.
pub(crate) fn is_zone(text: &str) -> bool {
    text.len() == 5
        && text.starts_with(['+', '-'])
        && text[1..].bytes().all(|b| b.is_ascii_digit())
        && text[1..].parse::<u32>().is_ok_and(|n| n <= 1400 && n % 100 < 60)
}

fn is_time_with_zone(text: &str) -> bool {
    let (time, zone) = text.find(['+', '-']).map_or((text, ""), |at| text.split_at(at));
    (time.is_empty() || is_time(time)) && (zone.is_empty() || is_zone(zone))
}

/// An age (VR AS, `nnnD|W|M|Y`) as it may be told: those over 89 years are one group. `None` for what is no
/// age. `years` is the age by birth and study where both are known: the older of the two counts.
pub(crate) fn cap_age(text: &str, years: Option<i64>) -> Option<String> {
    let (number, unit) = text.split_at_checked(3)?;
    if !number.bytes().all(|b| b.is_ascii_digit()) || !matches!(unit, "D" | "W" | "M" | "Y") {
        return None;
    }
    let own = unit == "Y" && number.parse::<u32>().is_ok_and(|n| n > OLDEST);
    let old = years.is_some_and(|y| y > i64::from(OLDEST));
    Some(if own || old { OVER_89.to_owned() } else { text.to_owned() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_days_are_known() {
        assert_eq!(Day::parse("19700101").unwrap().days(), 0);
        assert_eq!(Day::parse("20000229").unwrap().days(), 11_016);
        assert_eq!(Day::parse("19691231").unwrap().days(), -1);
        for wrong in
            ["20210229", "20211301", "20210100", "2021", "2021061", "2021.06.14", "20210614 ", "00000101"]
        {
            assert_eq!(Day::parse(wrong), None, "{wrong}");
        }
        assert_eq!(shift_date("20210614", 52).as_deref(), Some("20200615"), "a Monday stays one");
        assert_eq!(shift_date("00010301", 52), None);
    }

    #[test]
    fn a_time_stays_and_a_broken_one_does_not_pass() {
        let moved = |t| shift_date_time(t, 52);
        assert_eq!(moved("20210614").as_deref(), Some("20200615"));
        assert_eq!(moved("20210614093000.123456+0200").as_deref(), Some("20200615093000.123456+0200"));
        for wrong in ["2021", "202106", "20210614Smith", "2021061425", "20210614093000.+0200", "20210614+02"]
        {
            assert_eq!(moved(wrong), None, "{wrong}");
        }
        assert_eq!(year_of_date_time("20210614093000-0500").as_deref(), Some("2021"));
        assert_eq!(year_of_date("20210614").as_deref(), Some("20210101"));
        assert!(
            is_time("23") && is_time("235960") && !is_time("2400") && !is_time("1.5") && !is_time("9:30")
        );
    }

    #[test]
    fn the_old_are_one_group() {
        assert_eq!(cap_age("089Y", None).as_deref(), Some("089Y"));
        assert_eq!(cap_age("090Y", None).as_deref(), Some("090Y"));
        assert_eq!(cap_age("104Y", None).as_deref(), Some("090Y"));
        assert_eq!(cap_age("045Y", Some(95)).as_deref(), Some("090Y"), "the birth date says otherwise");
        assert_eq!(cap_age("018M", Some(1)).as_deref(), Some("018M"));
        assert_eq!(cap_age("45", None), None);
        let (birth, study) = (Day::parse("19300615").unwrap(), Day::parse("20200614").unwrap());
        assert_eq!(birth.years_until(study), 89);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// Intervals and weekdays survive; the date itself never does.
        #[test]
        fn a_shift_keeps_intervals(a in -200_000i64..60_000, b in -200_000i64..60_000, weeks in 52i32..=520) {
            let (first, second) = (Day::from_days(a), Day::from_days(b));
            let moved = |d: Day| Day::parse(&shift_date(&d.text(), weeks).unwrap()).unwrap();
            prop_assert_eq!(Day::parse(&first.text()), Some(first));
            prop_assert_eq!(moved(first).days() - moved(second).days(), a - b);
            prop_assert_eq!((a - moved(first).days()) % 7, 0);
            prop_assert_ne!(moved(first), first);
        }
    }
}
