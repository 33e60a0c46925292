//! Tables of labels with a model's probabilities: columns item, label, then one per class whose title is its name.

use std::path::Path;

use countersign_quality::CLASSES_MAX;

use super::table::{ANSWER, ITEM, Rows};
use crate::fault::Outcome;

/// Most probabilities in a table: 2 GB.
const VALUES_MAX: usize = 500_000_000;

/// Labels and rows of probabilities, in the order of the file.
pub struct Probabilities {
    pub items: Vec<String>,
    pub labels: Vec<u16>,
    pub values: Vec<f32>,
    pub classes: Vec<String>,
}

/// Reads a table.
pub fn read(path: &Path) -> Outcome<Probabilities> {
    let mut rows = Rows::open(path)?;
    let (item, label) = (rows.need(ITEM)?, rows.need(ANSWER)?);
    let columns: Vec<usize> =
        (0..rows.titles().len()).filter(|column| ![item, label].contains(column)).collect();
    let classes: Vec<String> = columns.iter().map(|column| rows.titles()[*column].clone()).collect();
    if classes.len() > CLASSES_MAX {
        return Err(rows.fault("too_large", &format!("At most {CLASSES_MAX} classes can be told apart.")));
    }
    let mut found = Probabilities { items: Vec::new(), labels: Vec::new(), values: Vec::new(), classes };
    while rows.next()? {
        if found.values.len() + columns.len() > VALUES_MAX {
            return Err(rows.fault("too_large", &format!("A table has at most {VALUES_MAX} probabilities.")));
        }
        let label = rows.cell(label)?;
        let class = found.classes.iter().position(|class| class.as_bytes() == label);
        let class = class.and_then(|class| u16::try_from(class).ok());
        let class = class.ok_or_else(|| rows.fault("unknown_class", "The label is no title of a column."))?;
        found.labels.push(class);
        found.items.push(String::from_utf8_lossy(rows.cell(item)?).into_owned());
        let (start, mut sum) = (found.values.len(), 0.0);
        for column in &columns {
            let cell =
                std::str::from_utf8(rows.cell(*column)?).ok().and_then(|cell| cell.parse::<f32>().ok());
            let value = cell.filter(|value| (0.0..=1.001).contains(value));
            let value = value.ok_or_else(|| {
                let message = format!("`{}` holds no probability.", rows.titles()[*column]);
                rows.fault("bad_probability", &message)
            })?;
            sum += value;
            found.values.push(value);
        }
        if (sum - 1.0).abs() > 0.01 {
            found.values.truncate(start);
            return Err(
                rows.fault("bad_probability", &format!("The probabilities sum to {sum:.4}, not to 1."))
            );
        }
    }
    Ok(found)
}
