//! Who said what about which item: the table that agreement and consensus work from. Sparse: what was not read takes no
//! room, so missing reads need no value of their own.

/// Most reads in a table.
pub const READS_MAX: usize = 50_000_000;
/// Most classes in a table: confusions are classes x classes per reader.
pub const CLASSES_MAX: usize = 1_000;

/// One answer. The numbers are indices from 0 that the caller gave out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Read {
    /// Index of the item.
    pub item: u32,
    /// Index of the reader.
    pub reader: u32,
    /// Index of the class.
    pub class: u16,
}

/// Reads that make no table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadsError {
    /// Nothing to work with.
    #[error("there are no reads")]
    Empty,
    /// More than [`READS_MAX`].
    #[error("{0} reads are beyond the limit of {READS_MAX}")]
    TooMany(usize),
    /// An index beyond the size that was named.
    #[error("read {place}: an item, reader or class is beyond the stated sizes")]
    Index {
        /// Place of the read in the list, from 0.
        place: usize,
    },
    /// More than [`CLASSES_MAX`] classes.
    #[error("{0} classes are beyond the limit of {CLASSES_MAX}")]
    Classes(usize),
    /// A reader answered an item twice: which answer counts is not for arithmetic to decide.
    #[error("reader {reader} answered item {item} more than once")]
    Twice {
        /// Index of the item.
        item: u32,
        /// Index of the reader.
        reader: u32,
    },
}

/// A reader's vote within the row of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Vote {
    /// Index of the reader.
    pub reader: u32,
    /// Index of the class.
    pub class: u16,
}

/// Reads by item. Within an item votes are ordered by reader: results never depend on the order of arrival.
#[derive(Clone, Debug)]
pub struct Reads {
    starts: Vec<usize>,
    votes: Vec<Vote>,
    readers: usize,
    classes: usize,
}

impl Reads {
    /// Sorts reads into rows of `items` x at most `readers` votes of `classes` classes.
    ///
    /// # Errors
    /// [`ReadsError`] names the first read that does not fit.
    pub fn new(items: usize, readers: usize, classes: usize, list: &[Read]) -> Result<Self, ReadsError> {
        if list.is_empty() {
            return Err(ReadsError::Empty);
        }
        if list.len() > READS_MAX || items > READS_MAX || readers > READS_MAX {
            return Err(ReadsError::TooMany(list.len().max(items).max(readers)));
        }
        if classes > CLASSES_MAX {
            return Err(ReadsError::Classes(classes));
        }
        let mut starts = vec![0; items + 1];
        for (place, read) in list.iter().enumerate() {
            let fits = (read.reader as usize) < readers && usize::from(read.class) < classes;
            match starts.get_mut(read.item as usize + 1) {
                Some(count) if fits => *count += 1,
                _ => return Err(ReadsError::Index { place }),
            }
        }
        for item in 0..items {
            starts[item + 1] += starts[item];
        }
        let mut next = starts.clone();
        let mut votes = vec![Vote { reader: 0, class: 0 }; list.len()];
        for read in list {
            let place = &mut next[read.item as usize];
            votes[*place] = Vote { reader: read.reader, class: read.class };
            *place += 1;
        }
        for (item, ends) in starts.windows(2).enumerate() {
            let row = &mut votes[ends[0]..ends[1]];
            row.sort_unstable();
            if let Some(pair) = row.windows(2).find(|pair| pair[0].reader == pair[1].reader) {
                let item = u32::try_from(item).unwrap_or(u32::MAX);
                return Err(ReadsError::Twice { item, reader: pair[0].reader });
            }
        }
        Ok(Self { starts, votes, readers, classes })
    }

    /// The same reads but those of one reader; readers keep their indices.
    #[must_use]
    pub fn without(&self, reader: u32) -> Self {
        let mut votes = Vec::with_capacity(self.votes.len());
        let mut starts = Vec::with_capacity(self.starts.len());
        starts.push(0);
        for row in self.rows() {
            votes.extend(row.iter().filter(|vote| vote.reader != reader));
            starts.push(votes.len());
        }
        Self { starts, votes, readers: self.readers, classes: self.classes }
    }

    /// Number of items, including those that nobody read.
    #[must_use]
    pub const fn items(&self) -> usize {
        self.starts.len() - 1
    }

    /// Number of readers.
    #[must_use]
    pub const fn readers(&self) -> usize {
        self.readers
    }

    /// Number of classes.
    #[must_use]
    pub const fn classes(&self) -> usize {
        self.classes
    }

    /// Rows of votes, one per item, in the order of items.
    pub fn rows(&self) -> impl Iterator<Item = &[Vote]> {
        self.starts.windows(2).map(|ends| &self.votes[ends[0]..ends[1]])
    }
}
