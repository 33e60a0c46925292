//! Neighbourhood filters in linear time: running minimum and maximum, box mean, Otsu's threshold.

/// A plane of grey values in row order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plane {
    /// Width, in pixels.
    pub width: usize,
    /// Height, in pixels.
    pub height: usize,
    /// `width * height` values in row order.
    pub values: Vec<u8>,
}

impl Plane {
    /// The maximum over the square of `2 * radius + 1` pixels around each pixel.
    #[must_use]
    pub fn dilate(&self, radius: usize) -> Self {
        self.fold(radius, |a, b| a.max(b))
    }

    /// The minimum over the square of `2 * radius + 1` pixels around each pixel.
    #[must_use]
    pub fn erode(&self, radius: usize) -> Self {
        self.fold(radius, |a, b| a.min(b))
    }

    fn fold(&self, radius: usize, pick: impl Fn(u8, u8) -> u8 + Copy) -> Self {
        let mut across = self.values.clone();
        for (row, out) in
            self.values.chunks_exact(self.width.max(1)).zip(across.chunks_exact_mut(self.width.max(1)))
        {
            for shift in 1..=radius.min(self.width.saturating_sub(1)) {
                for (o, &v) in out.iter_mut().zip(&row[shift..]) {
                    *o = pick(*o, v);
                }
                for (o, &v) in out[shift..].iter_mut().zip(row) {
                    *o = pick(*o, v);
                }
            }
        }
        let mut down = across.clone();
        for shift in 1..=radius.min(self.height.saturating_sub(1)) {
            let offset = shift * self.width;
            for (o, &v) in down.iter_mut().zip(&across[offset..]) {
                *o = pick(*o, v);
            }
            for (o, &v) in down[offset..].iter_mut().zip(&across) {
                *o = pick(*o, v);
            }
        }
        Self { values: down, ..*self }
    }

    /// The mean over the square of `2 * radius + 1` pixels around each pixel, cut at the border.
    #[must_use]
    pub fn box_mean(&self, radius: usize) -> Vec<f32> {
        let (width, height) = (self.width, self.height);
        let mut columns = vec![0_u32; width];
        let mut means = vec![0.0_f32; width * height];
        // Sums may wrap: only differences over one window are used.
        let mut prefix = vec![0_u32; width + 1];
        let row = |y: usize| &self.values[y * width..(y + 1) * width];
        for y in 0..radius.min(height) {
            add(&mut columns, row(y));
        }
        for y in 0..height {
            if y + radius < height {
                add(&mut columns, row(y + radius));
            }
            if y > radius {
                subtract(&mut columns, row(y - radius - 1));
            }
            for (x, &sum) in columns.iter().enumerate() {
                prefix[x + 1] = prefix[x].wrapping_add(sum);
            }
            let rows = (y + radius).min(height - 1) - y.saturating_sub(radius) + 1;
            let out = &mut means[y * width..(y + 1) * width];
            let mut cut = |x: usize| {
                let (left, right) = (x.saturating_sub(radius), (x + radius + 1).min(width));
                out[x] = prefix[right].wrapping_sub(prefix[left]) as f32 / (rows * (right - left)) as f32;
            };
            (0..radius.min(width)).for_each(&mut cut);
            (width.saturating_sub(radius).max(radius.min(width))..width).for_each(&mut cut);
            let side = 2 * radius + 1;
            let share = 1.0 / (rows * side) as f32;
            if width >= side {
                let ends = prefix[..width + 1 - side].iter().zip(&prefix[side..]);
                for (mean, (left, right)) in out[radius..].iter_mut().zip(ends) {
                    *mean = right.wrapping_sub(*left) as f32 * share;
                }
            }
        }
        means
    }

    /// Otsu's threshold and the means of the values up to it and above it (Otsu 1979: the largest
    /// variance between two classes). A plane of one value gives equal means.
    #[must_use]
    pub fn otsu(&self) -> (u8, f64, f64) {
        let mut histogram = [0_u64; 256];
        for &value in &self.values {
            histogram[usize::from(value)] += 1;
        }
        let total: u64 = histogram.iter().sum();
        let all: f64 = histogram.iter().enumerate().map(|(v, &n)| v as f64 * n as f64).sum();
        let mean = if total == 0 { 0.0 } else { all / total as f64 };
        let (mut count, mut sum) = (0_u64, 0.0);
        let mut best = (-1.0, 0_u8, mean, mean);
        for (value, &n) in histogram.iter().enumerate() {
            count += n;
            sum += value as f64 * n as f64;
            if count == 0 || count == total {
                continue;
            }
            let (low, high) = (sum / count as f64, (all - sum) / (total - count) as f64);
            let between = count as f64 * (total - count) as f64 * (high - low).powi(2);
            if between > best.0 {
                best = (between, value as u8, low, high);
            }
        }
        (best.1, best.2, best.3)
    }
}

fn add(columns: &mut [u32], row: &[u8]) {
    for (sum, &value) in columns.iter_mut().zip(row) {
        *sum += u32::from(value);
    }
}

fn subtract(columns: &mut [u32], row: &[u8]) {
    for (sum, &value) in columns.iter_mut().zip(row) {
        *sum -= u32::from(value);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn neighbourhood(plane: &Plane, x: usize, y: usize, radius: usize) -> Vec<u8> {
        let mut found = Vec::new();
        for j in y.saturating_sub(radius)..(y + radius + 1).min(plane.height) {
            for i in x.saturating_sub(radius)..(x + radius + 1).min(plane.width) {
                found.push(plane.values[j * plane.width + i]);
            }
        }
        found
    }

    prop_compose! {
        fn planes()(width in 1..14_usize, height in 1..14_usize)
            (values in prop::collection::vec(any::<u8>(), width * height), width in Just(width), height in Just(height))
            -> Plane { Plane { width, height, values } }
    }

    proptest! {
        #[test]
        fn filters_agree_with_the_definition(plane in planes(), radius in 0..6_usize) {
            let (low, high, mean) = (plane.erode(radius), plane.dilate(radius), plane.box_mean(radius));
            for y in 0..plane.height {
                for x in 0..plane.width {
                    let around = neighbourhood(&plane, x, y, radius);
                    let at = y * plane.width + x;
                    prop_assert_eq!(Some(&low.values[at]), around.iter().min());
                    prop_assert_eq!(Some(&high.values[at]), around.iter().max());
                    let expected = around.iter().map(|&v| f64::from(v)).sum::<f64>() / around.len() as f64;
                    prop_assert!((f64::from(mean[at]) - expected).abs() < 1e-3);
                }
            }
        }

        #[test]
        fn otsu_separates_two_heaps(low in 0..100_u8, gap in 40..100_u8, n in 5..50_usize) {
            let mut values = vec![low; n];
            values.extend(vec![low + gap; 40]);
            let plane = Plane { width: values.len(), height: 1, values };
            let (threshold, dark, bright) = plane.otsu();
            prop_assert!(threshold >= low && threshold < low + gap);
            prop_assert_eq!((dark, bright), (f64::from(low), f64::from(low + gap)));
        }
    }
}
