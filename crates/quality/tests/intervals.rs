//! Intervals of agreement hold what they promise, by simulation against the figures of the whole population and against known
//! values.

use countersign_quality::{
    Random, Read, Reads,
    agreement::{Counts, Interval, Level},
};

/// Shares of three classes, and how often a reader gives each for each.
const SHARES: [f64; 3] = [0.15, 0.3, 0.55];
const SAID: [[f64; 3]; 3] = [[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.05, 0.1, 0.85]];

fn drawn(random: &mut Random, shares: &[f64; 3]) -> u16 {
    let at = random.unit();
    u16::from(at >= shares[0]) + u16::from(at >= shares[0] + shares[1])
}

fn sample(random: &mut Random, items: u32) -> Counts {
    let mut list = Vec::new();
    for item in 0..items {
        let truth = drawn(random, &SHARES);
        list.extend((0..4).map(|reader| Read {
            item,
            reader,
            class: drawn(random, &SAID[usize::from(truth)]),
        }));
    }
    Counts::new(&Reads::new(items as usize, 4, 3, &list).unwrap())
}

/// What an endless number of items would give: percent agreement, kappa (alpha and Fleiss' are the same there), and the
/// agreement specific to each class.
fn population() -> (f64, f64, [f64; 3]) {
    let over = |class: usize, power: i32| -> f64 {
        SHARES.iter().zip(&SAID).map(|(share, said)| share * said[class].powi(power)).sum()
    };
    let percent: f64 = (0..3).map(|class| over(class, 2)).sum();
    let chance: f64 = (0..3).map(|class| over(class, 1).powi(2)).sum();
    (percent, (percent - chance) / (1.0 - chance), [0, 1, 2].map(|class| over(class, 2) / over(class, 1)))
}

#[test]
fn intervals_hold_the_figures_of_the_population_as_often_as_stated() {
    let (percent, kappa, specific) = population();
    let (items, runs, times) = (150, 500, 200);
    let names = ["percent", "alpha", "fleiss", "class 0", "class 1", "class 2"];
    let mut random = Random::new(8);
    let mut held = [0; 6];
    for run in 0..runs {
        let counts = sample(&mut random, items);
        let found = counts.resampled(Level::Nominal, 0.95, times, run);
        let fleiss = counts.fleiss().unwrap().interval(f64::from(items) - 1.0, 0.95);
        let all =
            [found.percent, found.alpha, fleiss, found.specific[0], found.specific[1], found.specific[2]];
        let truth = [percent, kappa, kappa, specific[0], specific[1], specific[2]];
        for ((held, interval), truth) in held.iter_mut().zip(all).zip(truth) {
            let Interval { low, high } = interval.unwrap();
            *held += i32::from(low <= truth && truth <= high);
        }
    }
    for (name, held) in names.iter().zip(held) {
        let share = f64::from(held) / runs as f64;
        // Three standard errors of 500 runs are 2.9 %; percentiles of 200 resamples of a skewed figure lose about one more.
        assert!((0.95 - 0.039..=0.95 + 0.029).contains(&share), "{name}: {share}");
    }
}

/// `a` items that both readers call 1, `b` and `c` that one does, `d` that neither does.
fn two_readers([a, b, c, d]: [u32; 4]) -> Counts {
    let kinds = [(a, 1, 1), (b, 1, 0), (c, 0, 1), (d, 0, 0)];
    let rows = kinds.iter().flat_map(|(n, first, second)| (0..*n).map(|_| [*first, *second]));
    let list: Vec<Read> = (0..)
        .zip(rows)
        .flat_map(|(item, row)| [0, 1].map(|reader| Read { item, reader, class: row[reader as usize] }))
        .collect();
    Counts::new(&Reads::new((a + b + c + d) as usize, 2, 2, &list).unwrap())
}

#[test]
fn specific_agreement_has_the_error_of_the_delta_method() {
    let cells = [40, 8, 12, 140];
    let found = two_readers(cells).resampled(Level::Nominal, 0.95, 4000, 1);
    let [a, b, c, d] = cells.map(f64::from);
    // Graham and Bull 1998: the variance of 2a / (2a + b + c) for multinomial cells; of the negative one with d for a.
    let reach = |a: f64| 1.96 * (4.0 * a * (b + c) * (a + b + c)).sqrt() / (2.0 * a + b + c).powi(2);
    for (interval, a) in [(found.specific[1], a), (found.specific[0], d)] {
        let Interval { low, high } = interval.unwrap();
        let (expected, width) = (2.0 * reach(a), high - low);
        assert!((width / expected - 1.0).abs() < 0.07, "{width}, by the delta method {expected}");
        let value = 2.0 * a / (2.0 * a + b + c);
        assert!(low < value && value < high);
    }
    // Percent agreement is a share of items.
    let Interval { low, high } = found.percent.unwrap();
    let expected = 2.0 * 1.96 * (0.9_f64 * 0.1 / 200.0).sqrt();
    assert!(((high - low) / expected - 1.0).abs() < 0.07, "{low} {high}, {expected}");
}

#[test]
fn what_does_not_exist_has_no_interval_and_the_same_seed_repeats() {
    let one_class = two_readers([0, 0, 0, 9]).resampled(Level::Nominal, 0.95, 50, 1);
    assert_eq!((one_class.alpha, one_class.specific[1]), (None, None));
    // Nine agreements of nine do not make a certainty.
    assert_eq!((one_class.percent, one_class.specific[0]), (None, None));
    let counts = two_readers([20, 5, 5, 20]);
    let found = counts.resampled(Level::Nominal, 0.9, 200, 3);
    assert_eq!(found, counts.resampled(Level::Nominal, 0.9, 200, 3));
    assert_eq!(found.alpha, counts.alpha_interval(Level::Nominal, 0.9, 200, 3));
    let negative = two_readers([3, 1, 1, 3]).with_values(&[-1.0, 1.0]).unwrap();
    assert_eq!(negative.alpha_interval(Level::Ratio, 0.95, 50, 1), None);
    assert_eq!(counts.resampled(Level::Nominal, 0.9, 0, 3).percent, None);
}
