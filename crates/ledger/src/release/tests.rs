//! Packages from the inside: damage and forgery of every part must be found and named.

use std::collections::BTreeMap;
use std::io::{Cursor, Read, Seek, SeekFrom, Write};
use std::sync::OnceLock;

use proptest::prelude::*;

use super::layout::{Directory, Member};
use super::package::Package;
use super::*;
use crate::note::NoteSigner;
use crate::{Checkpoint, Entry, Hash, LogState, SignedCheckpoint, TlogProof};

fn signer() -> NoteSigner {
    NoteSigner::from_seed("log.example/2026", &[5; 32]).expect("signer")
}

fn signatory(meaning: &str, content: &str) -> Signatory {
    Signatory {
        actor: format!("u-{meaning}"),
        printed_name: format!("Printed {meaning}"),
        role: "reviewer".into(),
        meaning: meaning.into(),
        at: "2026-11-23T09:00:00.000000Z".into(),
        content_hash: Hash::of(content.as_bytes()),
    }
}

fn protocol() -> ProtocolRef {
    ProtocolRef { id: "radiology".into(), version: 3, content_hash: Some(Hash::of(b"protocol")) }
}

fn record(number: u32) -> Record {
    let content = format!("content {number}");
    Record {
        item: format!("i-{number}"),
        name: format!("Study {number}"),
        assets: vec![Hash::of(b"a"), Hash::of(b"b")],
        annotations: vec![AnnotationRef { id: format!("n-{number}"), version: 2 }],
        content_hash: Hash::of(content.as_bytes()),
        protocol: protocol(),
        authors: vec![signatory("authored", "earlier content"), signatory("approved", &content)],
    }
}

fn statement() -> CertificateFields {
    CertificateFields {
        project: "Chest CT".into(),
        project_id: "p-1".into(),
        release: "v1".into(),
        released_at: "2026-11-23T09:00:01.000000Z".into(),
        counts: BTreeMap::from([("items".into(), 3)]),
        protocols: vec![protocol()],
        guideline: Some("Guideline 2".into()),
        signatories: vec![signatory("released", "root")],
        claims: STANDARD_CLAIMS.map(str::to_owned).to_vec(),
        not_claimed: NOT_CLAIMED.map(str::to_owned).to_vec(),
    }
}

/// Puts the release event into a log behind 300 others and proves it.
fn prove(root: Hash, key: &NoteSigner, action: &str, project: &str) -> TlogProof {
    let mut event = Entry::new(1, "u-1", action, ("release", "r-1"), "ok");
    event.content_hash = Some(root);
    event.project = Some(project.into());
    let event = event.encode().expect("encode");
    let mut entries: Vec<_> = (0..300).map(|i| format!("entry {i}").into_bytes()).collect();
    entries.push(event.clone());
    let batch = LogState::new().append(&entries).expect("append");
    let files: BTreeMap<_, _> = batch.files.into_iter().map(|f| (f.path, f.bytes)).collect();
    let file = Checkpoint::new(key.verifier().name(), batch.size, batch.root).sign(key).expect("sign");
    let signed = SignedCheckpoint::open(file.as_bytes(), key.verifier()).expect("open");
    TlogProof::make(300, &event, &signed, &file, &files).expect("proof")
}

fn seal(exports: &[(&str, Vec<u8>)]) -> SealedRelease<Cursor<Vec<u8>>> {
    let mut writer = ReleaseWriter::new(Cursor::new(Vec::new())).expect("new");
    (0..3).for_each(|n| writer.add_record(&record(n)).expect("record"));
    for (name, bytes) in exports {
        writer.add_file(name, bytes.as_slice()).expect("file");
    }
    writer.seal().expect("seal")
}

fn finish(sealed: SealedRelease<Cursor<Vec<u8>>>) -> Vec<u8> {
    let proof = prove(sealed.root(), &signer(), "release.created", "p-1");
    sealed.finish(&signer(), statement(), &proof).expect("finish").0.into_inner()
}

fn large_file() -> Vec<u8> {
    (0..200_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

/// All files small.
fn small() -> &'static Vec<u8> {
    static PACKAGE: OnceLock<Vec<u8>> = OnceLock::new();
    PACKAGE.get_or_init(|| {
        let label = b"Car 0.00 0 1.55 614.24 181.78 727.31 284.77\n".to_vec();
        finish(seal(&[("kitti/label_2/000000.txt", label), ("kitti/calib/000000.txt", Vec::new())]))
    })
}

/// One file of four chunks.
fn large() -> &'static Vec<u8> {
    static PACKAGE: OnceLock<Vec<u8>> = OnceLock::new();
    PACKAGE
        .get_or_init(|| finish(seal(&[("coco.json", large_file()), ("kitti/000000.txt", b"Car\n".to_vec())])))
}

fn verify(bytes: &[u8]) -> Result<ReleaseReport, ReleaseFault> {
    verify_release(Cursor::new(bytes), Some(signer().verifier()))
}

/// Name, offset and data of every member.
fn parts(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut package = Package::open(Cursor::new(bytes)).expect("open");
    let members = structure::scan(&mut package).expect("scan");
    let data = |m: &Member| bytes[m.data() as usize..m.end() as usize].to_vec();
    members.iter().map(|m| (m.name.clone(), data(m))).collect()
}

/// A package with sound headers and checksums around any content: what a forger would write.
fn assemble(parts: &[(String, Vec<u8>)]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, data) in parts {
        let member = Member {
            name: name.clone(),
            size: data.len() as u64,
            crc: crc32fast::hash(data),
            offset: out.len() as u64,
        };
        out.extend(member.local_header());
        out.extend(data);
        directory.extend(member.central_record());
    }
    let end =
        Directory { members: parts.len() as u64, offset: out.len() as u64, bytes: directory.len() as u64 };
    out.extend(directory);
    out.extend(end.end_records());
    out
}

#[test]
fn a_package_verifies_and_ordinary_tools_open_it() {
    let report = verify(large()).expect("sound");
    assert_eq!((report.certificate.records.count, report.certificate.files.count), (3, 4));
    assert_eq!(
        (report.event.content_hash, report.certificate.log.index),
        (Some(report.certificate.root), 300)
    );
    assert!(report.is_key_expected);
    assert_eq!(report.one_actor_items, 0);
    assert!(!verify_release(Cursor::new(large()), None).expect("sound").is_key_expected);
    let mut archive = zip::ZipArchive::new(Cursor::new(large())).expect("an ordinary reader");
    let names: Vec<_> = archive.file_names().map(str::to_owned).collect();
    assert_eq!(&names[..3], [README, MANIFEST, "coco.json"]);
    let mut data = Vec::new();
    archive.by_name("coco.json").expect("member").read_to_end(&mut data).expect("checksum fits");
    assert_eq!(data, large_file());
    assert_eq!(assemble(&parts(large())), *large());
}

#[test]
fn records_are_handed_out_and_items_of_one_actor_are_counted() {
    let mut writer = ReleaseWriter::new(Cursor::new(Vec::new())).expect("new");
    let mut alone = record(1);
    alone.authors = vec![signatory("authored", "content 1"); 2];
    // Long enough that lines are read across the reader's own pieces.
    alone.name = "n".repeat(CHUNK_BYTES);
    let records = [record(0), alone, record(2)];
    records.iter().for_each(|r| writer.add_record(r).expect("record"));
    let package = finish(writer.seal().expect("seal"));
    let mut seen = Vec::new();
    let report =
        verify_release_with(Cursor::new(&package), None, &mut |r| seen.push(r.clone())).expect("sound");
    assert_eq!((report.one_actor_items, seen.as_slice()), (1, records.as_slice()));
}

#[test]
fn the_same_content_gives_the_same_bytes() {
    assert_eq!(finish(seal(&[("a.txt", b"x".to_vec())])), finish(seal(&[("a.txt", b"x".to_vec())])));
    assert_ne!(seal(&[("a.txt", b"x".to_vec())]).root(), seal(&[("a.txt", b"y".to_vec())]).root());
    assert_ne!(seal(&[("a.txt", b"x".to_vec())]).root(), seal(&[("b.txt", b"x".to_vec())]).root());
}

/// The fault must name a place that holds the flipped byte.
fn check_flip(package: &[u8], at: usize, bit: u8) -> ReleaseFault {
    let mut bad = package.to_vec();
    bad[at] ^= 1 << bit;
    let fault = verify(&bad).expect_err("a flip must be found");
    let range =
        fault.in_package.clone().unwrap_or_else(|| panic!("no place for byte {at} bit {bit}: {fault}"));
    assert!(range.contains(&(at as u64)), "byte {at} bit {bit}: {fault}");
    assert!(range.end - range.start <= CHUNK_BYTES as u64, "{fault}");
    fault
}

#[test]
fn every_flip_in_the_structure_is_named() {
    let mut data = vec![false; small().len()];
    let mut package = Package::open(Cursor::new(small())).expect("open");
    for member in structure::scan(&mut package).expect("scan") {
        data[member.data() as usize..member.end() as usize].fill(true);
    }
    for (at, _) in data.iter().enumerate().filter(|(_, is_data)| !**is_data) {
        let fault = check_flip(small(), at, (at % 8) as u8);
        assert_eq!(fault.kind, ReleaseFaultKind::Structure, "byte {at}: {fault}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_flip_is_named_with_its_place(at in any::<prop::sample::Index>(), bit in 0u8..8) {
        check_flip(small(), at.index(small().len()), bit);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_flip_in_a_long_file_is_named_by_its_chunk(at in 0usize..200_000, bit in 0u8..8) {
        let mut package = Package::open(Cursor::new(large())).expect("open");
        let coco = structure::scan(&mut package).expect("scan").into_iter().find(|m| m.name == "coco.json").expect("coco");
        let fault = check_flip(large(), coco.data() as usize + at, bit);
        prop_assert_eq!((fault.kind, fault.file.as_deref()), (ReleaseFaultKind::Altered, Some("coco.json")));
        let chunk = (at / CHUNK_BYTES * CHUNK_BYTES) as u64;
        prop_assert_eq!(fault.in_file, Some(chunk..(chunk + CHUNK_BYTES as u64).min(200_000)));
    }

    #[test]
    fn a_package_cut_short_is_found(at in any::<prop::sample::Index>()) {
        let cut = at.index(small().len());
        let fault = verify(&small()[..cut]).expect_err("a cut must be found");
        let range = fault.in_package.clone().expect("place");
        prop_assert!(range.start <= cut as u64 && range.end >= cut as u64, "cut at {cut}: {fault}");
        prop_assert!(matches!(fault.kind, ReleaseFaultKind::Truncated | ReleaseFaultKind::Structure), "{fault}");
    }

    #[test]
    fn bytes_taken_out_or_put_in_are_found(at in any::<prop::sample::Index>(), length in 1usize..50) {
        let from = at.index(small().len() - length);
        let mut without = small().clone();
        without.drain(from..from + length);
        let mut with = small().clone();
        with.splice(from..from, vec![b'x'; length]);
        for bad in [without, with] {
            let fault = verify(&bad).expect_err("must be found");
            // Bytes like their neighbours can be gone without a trace at their own place: the first byte that differs
            // is the place.
            let first = bad.iter().zip(small()).position(|(a, b)| a != b).unwrap_or(bad.len().min(small().len()));
            prop_assert!(fault.in_package.as_ref().is_some_and(|r| r.start <= first as u64), "{first}: {fault}");
        }
    }

    #[test]
    fn foreign_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), place in any::<prop::sample::Index>()) {
        prop_assert!(verify(&bytes).is_err());
        let mut bad = small().clone();
        let at = place.index(bad.len());
        let end = (at + bytes.len()).min(bad.len());
        bad[at..end].copy_from_slice(&bytes[..end - at]);
        prop_assert!(bad == *small() || verify(&bad).is_err());
    }
}

#[test]
fn bytes_behind_the_end_are_extra() {
    let mut bad = small().clone();
    let end = bad.len() as u64;
    bad.extend_from_slice(b"more");
    let fault = verify(&bad).expect_err("found");
    assert_eq!((fault.kind, fault.in_package), (ReleaseFaultKind::Extra, Some(end..end + 4)));
}

/// What the forger changed, and what must be said of it.
fn forge(change: impl FnOnce(&mut Vec<(String, Vec<u8>)>)) -> (ReleaseFaultKind, Option<String>) {
    let mut parts = parts(small());
    change(&mut parts);
    let fault = verify(&assemble(&parts)).expect_err("a forgery must be found");
    (fault.kind, fault.file)
}

fn position(parts: &[(String, Vec<u8>)], name: &str) -> usize {
    parts.iter().position(|p| p.0 == name).expect("member")
}

#[test]
fn files_missing_added_or_moved_with_sound_headers_are_named() {
    use ReleaseFaultKind::{Extra, Missing, Reordered};
    let named = |kind, name: &str| (kind, Some(name.to_owned()));
    let (label, calib) = ("kitti/label_2/000000.txt", "kitti/calib/000000.txt");
    assert_eq!(forge(|p| drop(p.remove(2))), named(Missing, label));
    assert_eq!(forge(|p| drop(p.remove(3))), named(Missing, calib));
    assert_eq!(forge(|p| p.swap(2, 3)), named(Reordered, calib));
    assert_eq!(forge(|p| p.insert(2, ("extra.txt".into(), vec![1]))), named(Extra, "extra.txt"));
    assert_eq!(forge(|p| p.insert(4, ("extra.txt".into(), vec![1]))), named(Extra, "extra.txt"));
    assert_eq!(forge(|p| p.push(("extra.txt".into(), vec![1]))), named(Reordered, FILES));
    assert_eq!(forge(|p| p[2].0 = "other.txt".into()), named(Missing, label));
    for name in HEAD.into_iter().chain(FOOT) {
        let drop_it = |p: &mut Vec<(String, Vec<u8>)>| drop(p.remove(position(p, name)));
        assert_eq!(forge(drop_it).0, Missing, "{name}");
    }
}

#[test]
fn forged_content_with_sound_headers_is_named() {
    use ReleaseFaultKind::{Altered, BadSignature, Extra, Malformed, NotCertified, Truncated, WrongKey};
    let named = |kind, name: &str| (kind, Some(name.to_owned()));
    let label = "kitti/label_2/000000.txt";
    assert_eq!(forge(|p| p[2].1[0] = b'T'), named(Altered, label));
    assert_eq!(forge(|p| assert!(p[2].1.pop().is_some())), named(Truncated, label));
    assert_eq!(forge(|p| p[2].1.push(b'x')), named(Extra, label));
    assert_eq!(forge(|p| p[1].1[20] ^= 1), named(Altered, MANIFEST));
    // File and its line changed together.
    let relist = |p: &mut Vec<(String, Vec<u8>)>| {
        let listed = position(p, FILES);
        let lines = p[..listed].iter().flat_map(|(name, data)| {
            let mut meter = super::package::Meter::default();
            meter.update(data);
            let mut line = meter.finish(name).line.encode();
            line.push(b'\n');
            line
        });
        p[listed].1 = lines.collect();
    };
    assert_eq!(
        forge(|p| {
            p[2].1[0] = b'T';
            relist(p);
        }),
        named(NotCertified, FILES)
    );
    let list = position(&parts(small()), FILES);
    assert_eq!(forge(|p| p[list].1[12] ^= 1), named(Altered, FILES));
    assert_eq!(forge(|p| assert!(p[list].1.pop().is_some())), named(Altered, FILES));
    assert_eq!(forge(|p| p[list].1.extend_from_slice(b"{}\n")), named(Altered, FILES));
    // Certificate, signature, proof, key.
    let swap = |p: &mut Vec<(String, Vec<u8>)>, from: &str, to: &str| {
        let at = position(p, CERTIFICATE);
        p[at].1 = String::from_utf8(p[at].1.clone()).expect("text").replace(from, to).into_bytes();
    };
    assert_eq!(forge(|p| swap(p, "Chest CT", "Chest MR")), named(BadSignature, CERTIFICATE));
    assert_eq!(forge(|p| p[list + 2].1.clear()), named(Malformed, SIGNATURE));
    assert_eq!(forge(|p| p[list + 3].1.push(b'\n')), named(Altered, LOG_PROOF));
    let other = NoteSigner::from_seed("log.example/2026", &[6; 32]).expect("signer");
    let other_key = format!("{}\n", other.verifier()).into_bytes();
    assert_eq!(forge(|p| p[list + 4].1 = other_key), named(WrongKey, LOG_KEY));
}

#[test]
fn a_package_wholly_remade_with_another_key_fails_against_the_expected_one_only() {
    let other = NoteSigner::from_seed("log.example/2026", &[6; 32]).expect("signer");
    let sealed = seal(&[]);
    let proof = prove(sealed.root(), &other, "release.created", "p-1");
    let (out, _) = sealed.finish(&other, statement(), &proof).expect("finish");
    let forged = out.into_inner();
    assert_eq!(verify(&forged).expect_err("other key").kind, ReleaseFaultKind::WrongKey);
    assert!(!verify_release(Cursor::new(&forged), None).expect("agrees with itself").is_key_expected);
}

#[test]
fn the_writer_refuses_what_would_not_verify() {
    let refused =
        |proof: TlogProof| seal(&[]).finish(&signer(), statement(), &proof).map(|_| ()).expect_err("refused");
    let root = seal(&[]).root();
    let other = |action, project, root| refused(prove(root, &signer(), action, project));
    assert!(matches!(other("release.created", "p-1", Hash::of(b"x")), WriteError::OtherEvent(_)));
    assert!(matches!(other("read.submit", "p-1", root), WriteError::OtherEvent(_)));
    assert!(matches!(other("release.created", "p-2", root), WriteError::OtherEvent(_)));
    let key = NoteSigner::from_seed("log.example/2026", &[6; 32]).expect("signer");
    assert!(matches!(refused(prove(root, &key, "release.created", "p-1")), WriteError::Proof(_)));

    let mut writer = ReleaseWriter::new(Cursor::new(Vec::new())).expect("new");
    let mut unsigned = record(1);
    unsigned.authors.pop();
    assert!(matches!(writer.add_record(&unsigned), Err(WriteError::Record(RecordError::NotSigned { .. }))));
    assert!(matches!(writer.write(b"x"), Err(WriteError::FileOrder)));
    for bad in ["", "/a", "a//b", "../a", "a/../b", "a\\b", ".a", "a.", "a b", "a\u{e4}", &"n".repeat(241)] {
        assert!(matches!(writer.begin_file(bad), Err(WriteError::BadName(_))), "{bad}");
    }
    writer.add_file("a/B.txt", &b"x"[..]).expect("file");
    for taken in ["a/b.TXT", README, FILES, "Log.pub"] {
        assert!(matches!(writer.begin_file(taken), Err(WriteError::NameTaken(_))), "{taken}");
    }
    assert!(matches!(writer.add_record(&record(2)), Err(WriteError::RecordAfterFile)));
    assert!(matches!(writer.end_file(), Err(WriteError::FileOrder)));
    writer.begin_file("b").expect("begin");
    assert!(matches!(writer.begin_file("c"), Err(WriteError::FileOrder)));
    assert!(matches!(writer.seal(), Err(WriteError::FileOrder)));
}

#[test]
fn hostile_archives_are_refused_before_anything_is_unpacked() {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    archive.start_file(README, options).expect("start");
    archive.write_all(&vec![0; 1 << 20]).expect("zeroes");
    let bomb = archive.finish().expect("finish").into_inner();
    assert_eq!(verify(&bomb).expect_err("packed").kind, ReleaseFaultKind::Structure);
    for name in ["../../etc/passwd", "/etc/passwd", "C:\\x", "con\u{0}"] {
        assert_eq!(forge(|p| p[2].0 = name.into()).0, ReleaseFaultKind::Structure, "{name}");
    }
    assert_eq!(forge(|p| p[2].0 = "Readme.TXT".into()).0, ReleaseFaultKind::Extra);
    let mut long = parts(small());
    long[2].0 = "n".repeat(NAME_BYTES_MAX + 1);
    assert_eq!(verify(&assemble(&long)).expect_err("long name").kind, ReleaseFaultKind::Structure);
    let line = vec![b'x'; FILE_LINE_BYTES_MAX + 200_000];
    let list = position(&parts(small()), FILES);
    assert_eq!(forge(|p| p[list].1 = line), (ReleaseFaultKind::Altered, Some(FILES.to_owned())));
    let certificate = vec![b'x'; CERTIFICATE_BYTES_MAX + 1];
    let kind = forge(|p| p[list + 1].1 = certificate);
    assert_eq!(kind, (ReleaseFaultKind::Limit, Some(CERTIFICATE.to_owned())));
}

/// A reader over a few pieces with zeroes between them: a package of many gigabytes that takes no room.
struct Sparse {
    pieces: Vec<(u64, Vec<u8>)>,
    len: u64,
    at: u64,
}

impl Read for Sparse {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = buffer.len().min(usize::try_from(self.len - self.at).unwrap_or(usize::MAX));
        buffer[..n].fill(0);
        for (start, bytes) in &self.pieces {
            let from = self.at.max(*start);
            let to = (self.at + n as u64).min(start + bytes.len() as u64);
            if from < to {
                let piece = &bytes[(from - start) as usize..(to - start) as usize];
                buffer[(from - self.at) as usize..(to - self.at) as usize].copy_from_slice(piece);
            }
        }
        self.at += n as u64;
        Ok(n)
    }
}

impl Seek for Sparse {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.at = match to {
            SeekFrom::Start(at) => at,
            SeekFrom::End(back) => self.len.saturating_add_signed(back),
            SeekFrom::Current(by) => self.at.saturating_add_signed(by),
        };
        Ok(self.at)
    }
}

#[test]
fn packages_over_four_gigabytes_use_wide_offsets_that_other_readers_understand() {
    let mut pieces = Vec::new();
    let (mut at, mut directory) = (0, Vec::new());
    for name in HEAD.into_iter().chain(FOOT) {
        // Only the first one is long; its checksum, which would take long to work out, is not asked for below.
        let size = if name == README { MEMBER_BYTES_MAX } else { 0 };
        let member = Member { name: name.into(), size, crc: 0, offset: at };
        pieces.push((at, member.local_header()));
        directory.extend(member.central_record());
        assert_eq!(Member::from_central(&member.central_record()), Some(member.clone()));
        at = member.end();
    }
    let end = Directory { members: 7, offset: at, bytes: directory.len() as u64 };
    directory.extend(end.end_records());
    let len = at + directory.len() as u64;
    pieces.push((at, directory));
    let sparse = |pieces: &[(u64, Vec<u8>)]| Sparse { pieces: pieces.to_vec(), len, at: 0 };
    let members = structure::scan(&mut Package::open(sparse(&pieces)).expect("open")).expect("sound");
    assert_eq!(members[6].end(), at);
    let archive = zip::ZipArchive::new(sparse(&pieces)).expect("an ordinary reader");
    assert_eq!(archive.len(), 7);
    let first = members[0].central_len() as usize;
    for place in first..pieces[7].1.len() {
        let mut bad = pieces.clone();
        bad[7].1[place] ^= 1;
        let fault = structure::scan(&mut Package::open(sparse(&bad)).expect("open")).expect_err("found");
        let range = fault.in_package.clone().expect("place");
        assert!(range.contains(&(at + place as u64)), "{place}: {fault}");
    }
}

#[test]
fn more_files_than_sixteen_bits_count_are_read_back() {
    let exports: Vec<_> = (0..66_000).map(|n| (format!("label_2/{n:06}.txt"), Vec::new())).collect();
    let bytes = assemble(&exports);
    assert_eq!(parts(&bytes).len(), 66_000);
    assert_eq!(zip::ZipArchive::new(Cursor::new(&bytes)).expect("an ordinary reader").len(), 66_000);
}
