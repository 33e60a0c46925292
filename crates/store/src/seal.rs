//! The form of sealed bytes: AES-256-GCM over chunks of constant size, so that a part can be read without the rest.
//!
//! A header of [`HEADER_BYTES`] names the key; each chunk is followed by its tag. The key of a file is derived from the
//! subject's key, the place of the file and a salt of its own, so that no two files share a key and the number of the
//! chunk can be its nonce. Every chunk is bound to the header, which holds the length: none can be cut off, moved or
//! taken from another file unnoticed.

use std::ops::Range;

use aes_gcm::{
    Aes256Gcm, KeyInit, Nonce, Tag,
    aead::{AeadInOut, inout::InOutBuf},
};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::keys::{Key, keyed_hash};

/// Plain bytes of one chunk.
pub(crate) const CHUNK_BYTES: u64 = 64 * 1024;
/// Bytes of the tag behind each chunk.
const TAG_BYTES: u64 = 16;
/// Bytes of the header.
pub(crate) const HEADER_BYTES: u64 = 64;
/// Bytes of the salt of a file.
pub(crate) const SALT_BYTES: usize = 16;
/// How sealed bytes begin.
const MAGIC: [u8; 16] = *b"countersign/seal";
/// Version of this form.
const FORM: u32 = 1;

/// Sealed bytes that are not what was sealed: damaged, exchanged, or under another key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Broken;

/// What stands before the chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// Whose key.
    pub key_id: Uuid,
    /// Which version of that key.
    pub key_version: u32,
    salt: [u8; SALT_BYTES],
    /// Length of the plain bytes.
    pub plain_bytes: u64,
}

impl Header {
    /// The header of sealed bytes; `None` for bytes that were never sealed.
    ///
    /// # Errors
    /// [`Broken`] for a header that is cut off or of a form that is not known here.
    pub fn parse(bytes: &[u8]) -> Result<Option<Self>, Broken> {
        if !bytes.starts_with(&MAGIC) {
            return Ok(None);
        }
        let bytes: &[u8; HEADER_BYTES as usize] = bytes.first_chunk().ok_or(Broken)?;
        let word = |at: usize| u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        if word(16) != FORM {
            return Err(Broken);
        }
        let (mut key_id, mut salt, mut length) = ([0; 16], [0; SALT_BYTES], [0; 8]);
        key_id.copy_from_slice(&bytes[24..40]);
        salt.copy_from_slice(&bytes[40..56]);
        length.copy_from_slice(&bytes[56..64]);
        Ok(Some(Self {
            key_id: Uuid::from_bytes(key_id),
            key_version: word(20),
            salt,
            plain_bytes: u64::from_be_bytes(length),
        }))
    }

    fn bytes(&self) -> [u8; HEADER_BYTES as usize] {
        let mut bytes = [0; HEADER_BYTES as usize];
        bytes[..16].copy_from_slice(&MAGIC);
        bytes[16..20].copy_from_slice(&FORM.to_be_bytes());
        bytes[20..24].copy_from_slice(&self.key_version.to_be_bytes());
        bytes[24..40].copy_from_slice(self.key_id.as_bytes());
        bytes[40..56].copy_from_slice(&self.salt);
        bytes[56..64].copy_from_slice(&self.plain_bytes.to_be_bytes());
        bytes
    }

    fn chunks(&self) -> u64 {
        self.plain_bytes.div_ceil(CHUNK_BYTES).max(1)
    }

    /// Length of the whole file; `None` for a length that no file has.
    pub fn sealed_bytes(&self) -> Option<u64> {
        let tags = self.chunks().checked_mul(TAG_BYTES)?;
        HEADER_BYTES.checked_add(self.plain_bytes)?.checked_add(tags)
    }

    /// Where in the file the chunks lie that hold a range of the plain bytes, and the number of the first.
    /// `None` when the range is empty or reaches beyond the end.
    pub fn span(&self, range: &Range<u64>) -> Option<(Range<u64>, u64)> {
        if range.start >= range.end || range.end > self.plain_bytes {
            return None;
        }
        let (first, last) = (range.start / CHUNK_BYTES, (range.end - 1) / CHUNK_BYTES);
        let stride = CHUNK_BYTES + TAG_BYTES;
        let end = (HEADER_BYTES + (last + 1).checked_mul(stride)?).min(self.sealed_bytes()?);
        Some((HEADER_BYTES + first * stride..end, first))
    }

    fn cipher(&self, key: &Key, place: &[&[u8]]) -> Aes256Gcm {
        let mut parts: Vec<&[u8]> = vec![b"seal", &self.salt];
        parts.extend(place);
        let derived = Zeroizing::new(keyed_hash(key, &parts));
        Aes256Gcm::new((&*derived).into())
    }
}

fn nonce(chunk: u64) -> [u8; 12] {
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&chunk.to_be_bytes());
    nonce
}

/// Seals bytes for a place; the place must be named alike to open them.
pub(crate) fn seal(
    key: &Key,
    key_id: Uuid,
    salt: [u8; SALT_BYTES],
    place: &[&[u8]],
    plain: &[u8],
) -> Result<Vec<u8>, Broken> {
    let header = Header { key_id, key_version: 1, salt, plain_bytes: plain.len() as u64 };
    let (head, cipher) = (header.bytes(), header.cipher(key, place));
    let mut sealed = Vec::with_capacity(plain.len() + (HEADER_BYTES + header.chunks() * TAG_BYTES) as usize);
    sealed.extend_from_slice(&head);
    for chunk in 0..header.chunks() {
        let from = (chunk * CHUNK_BYTES) as usize;
        let to = (from + CHUNK_BYTES as usize).min(plain.len());
        let begin = sealed.len();
        sealed.extend_from_slice(&plain[from..to]);
        let body = InOutBuf::from(&mut sealed[begin..]);
        let tag =
            cipher.encrypt_inout_detached(&Nonce::from(nonce(chunk)), &head, body).map_err(|_| Broken)?;
        sealed.extend_from_slice(&tag);
    }
    Ok(sealed)
}

/// Opens a whole file.
///
/// # Errors
/// [`Broken`] when any byte of it is not what was sealed.
pub(crate) fn open(key: &Key, header: &Header, place: &[&[u8]], sealed: &[u8]) -> Result<Vec<u8>, Broken> {
    if header.sealed_bytes() != Some(sealed.len() as u64) {
        return Err(Broken);
    }
    open_chunks(key, header, place, &sealed[HEADER_BYTES as usize..], 0)
}

/// Opens a part: the bytes that [`Header::span`] named, cut to the range.
///
/// # Errors
/// [`Broken`] as [`open`].
pub(crate) fn open_range(
    key: &Key,
    header: &Header,
    place: &[&[u8]],
    chunks: &[u8],
    range: &Range<u64>,
) -> Result<Vec<u8>, Broken> {
    let (span, first) = header.span(range).ok_or(Broken)?;
    if span.end - span.start != chunks.len() as u64 {
        return Err(Broken);
    }
    let mut plain = open_chunks(key, header, place, chunks, first)?;
    let begin = first * CHUNK_BYTES;
    plain.truncate((range.end - begin) as usize);
    plain.drain(..(range.start - begin) as usize);
    Ok(plain)
}

fn open_chunks(
    key: &Key,
    header: &Header,
    place: &[&[u8]],
    mut sealed: &[u8],
    first: u64,
) -> Result<Vec<u8>, Broken> {
    let (head, cipher) = (header.bytes(), header.cipher(key, place));
    let mut plain = Vec::with_capacity(sealed.len());
    let mut chunk = first;
    while !sealed.is_empty() {
        let (this, rest) = sealed.split_at(sealed.len().min((CHUNK_BYTES + TAG_BYTES) as usize));
        let (body, tag) = this.split_last_chunk::<{ TAG_BYTES as usize }>().ok_or(Broken)?;
        let begin = plain.len();
        plain.extend_from_slice(body);
        let (nonce, tag) = (Nonce::from(nonce(chunk)), Tag::from(*tag));
        cipher
            .decrypt_inout_detached(&nonce, &head, InOutBuf::from(&mut plain[begin..]), &tag)
            .map_err(|_| Broken)?;
        (sealed, chunk) = (rest, chunk + 1);
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key = [7; 32];
    const ID: Uuid = Uuid::from_u128(5);

    fn sealed(plain: &[u8]) -> Vec<u8> {
        seal(&KEY, ID, [3; SALT_BYTES], &[b"place"], plain).unwrap()
    }

    fn opened(bytes: &[u8], key: &Key, place: &[u8]) -> Result<Vec<u8>, Broken> {
        let header = Header::parse(bytes)?.ok_or(Broken)?;
        open(key, &header, &[place], bytes)
    }

    fn plain(length: usize) -> Vec<u8> {
        (0..length).map(|n| (n * 7 % 251) as u8).collect()
    }

    #[test]
    fn what_was_sealed_opens_at_every_length_around_a_chunk() {
        let chunk = CHUNK_BYTES as usize;
        for length in [0, 1, 15, 16, chunk - 1, chunk, chunk + 1, 3 * chunk, 3 * chunk + 5] {
            let (plain, sealed) = (plain(length), sealed(&plain(length)));
            let header = Header::parse(&sealed).unwrap().unwrap();
            assert_eq!((header.key_id, header.plain_bytes), (ID, length as u64));
            assert_eq!(header.sealed_bytes(), Some(sealed.len() as u64));
            assert_eq!(opened(&sealed, &KEY, b"place").unwrap(), plain);
        }
    }

    #[test]
    fn a_range_needs_only_its_chunks() {
        let (plain, chunk) = (plain(3 * CHUNK_BYTES as usize + 100), CHUNK_BYTES);
        let sealed = sealed(&plain);
        let header = Header::parse(&sealed).unwrap().unwrap();
        for range in [
            0..1,
            5..chunk,
            chunk..chunk + 1,
            chunk - 1..chunk + 1,
            0..plain.len() as u64,
            3 * chunk + 99..3 * chunk + 100,
        ] {
            let (span, _) = header.span(&range).unwrap();
            let part = &sealed[span.start as usize..span.end as usize];
            let found = open_range(&KEY, &header, &[b"place"], part, &range).unwrap();
            assert_eq!(found, &plain[range.start as usize..range.end as usize], "{range:?}");
        }
        let one = header.span(&(chunk..chunk + 1)).unwrap().0;
        assert_eq!(one.end - one.start, chunk + TAG_BYTES);
        #[expect(clippy::reversed_empty_ranges, reason = "such a range must be refused")]
        for range in [0..0, 9..3, 0..plain.len() as u64 + 1, u64::MAX - 1..u64::MAX] {
            assert_eq!(header.span(&range), None);
        }
    }

    #[test]
    fn any_change_another_key_or_another_place_opens_nothing() {
        let whole = sealed(&plain(2 * CHUNK_BYTES as usize + 40));
        // Past the magic: without it the bytes are not sealed ones at all.
        for at in (16..whole.len()).step_by(97) {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            assert_eq!(opened(&bytes, &KEY, b"place"), Err(Broken), "byte {at}");
        }
        assert_eq!(opened(&whole[..whole.len() - 1], &KEY, b"place"), Err(Broken));
        assert_eq!(opened(&whole[..40], &KEY, b"place"), Err(Broken));
        assert_eq!(opened(&whole, &[8; 32], b"place"), Err(Broken));
        assert_eq!(opened(&whole, &KEY, b"elsewhere"), Err(Broken));
        // Chunks that change places.
        let (mut swapped, stride) = (whole.clone(), (CHUNK_BYTES + TAG_BYTES) as usize);
        let head = HEADER_BYTES as usize;
        swapped[head..head + stride].copy_from_slice(&whole[head + stride..head + 2 * stride]);
        swapped[head + stride..head + 2 * stride].copy_from_slice(&whole[head..head + stride]);
        assert_eq!(opened(&swapped, &KEY, b"place"), Err(Broken));
    }

    #[test]
    fn plain_bytes_are_told_apart_and_a_declared_length_allocates_nothing() {
        assert_eq!(Header::parse(b"\x89PNG"), Ok(None));
        let mut lying = sealed(b"short");
        lying[56..64].copy_from_slice(&u64::MAX.to_be_bytes());
        assert_eq!(opened(&lying, &KEY, b"place"), Err(Broken));
    }

    #[test]
    fn the_same_bytes_look_different_each_time() {
        let one = seal(&KEY, ID, [1; SALT_BYTES], &[b"place"], b"the same").unwrap();
        let two = seal(&KEY, ID, [2; SALT_BYTES], &[b"place"], b"the same").unwrap();
        assert_ne!(one[HEADER_BYTES as usize..], two[HEADER_BYTES as usize..]);
    }
}
