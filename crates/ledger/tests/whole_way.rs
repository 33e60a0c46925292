//! The public interface in the order in which the product uses it: events, sequencer, release, offline checks.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io::Cursor;

use countersign_ledger::release::{
    CertificateFields, NOT_CLAIMED, ProtocolRef, Record, ReleaseWriter, STANDARD_CLAIMS, Signatory,
    verify_release,
};
use countersign_ledger::{
    Checkpoint, Entry, Hash, LogState, NoteSigner, SignedCheckpoint, TlogProof, commitment, compare_rows,
    verify_log,
};

const ORIGIN: &str = "hospital.example/countersign/2026";

/// Database and log folder of an installation, in memory.
struct Installation {
    signer: NoteSigner,
    rows: Vec<Vec<u8>>,
    folder: BTreeMap<String, Vec<u8>>,
    state: LogState,
}

impl Installation {
    fn record(&mut self, entry: &Entry) -> u64 {
        self.rows.push(entry.encode().expect("sound entry"));
        self.rows.len() as u64 - 1
    }

    fn sequence(&mut self) {
        let from = usize::try_from(self.state.size()).expect("small");
        let batch = self.state.append(&self.rows[from..]).expect("append");
        self.folder.extend(batch.files.into_iter().map(|f| (f.path, f.bytes)));
        let checkpoint = Checkpoint::new(ORIGIN, batch.size, batch.root).sign(&self.signer).expect("sign");
        self.folder.insert("checkpoint".into(), checkpoint.into_bytes());
        self.state = batch.next;
    }

    fn prove(&self, index: u64) -> TlogProof {
        let file = String::from_utf8(self.folder["checkpoint"].clone()).expect("text");
        let checkpoint = SignedCheckpoint::open(file.as_bytes(), self.signer.verifier()).expect("signed");
        let entry = &self.rows[usize::try_from(index).expect("small")];
        TlogProof::make(index, entry, &checkpoint, &file, &self.folder).expect("proof")
    }
}

fn event(number: i64, action: &str, object: (&str, &str)) -> Entry {
    let mut entry = Entry::new(1_795_392_000_000_000 + number, "u-7", action, object, "ok");
    entry.project = Some("p-1".into());
    entry.commit = Some(Hash(commitment(&[9; 32], &[1; 16], b"details that a person could be known by")));
    entry
}

#[test]
fn from_events_to_a_release_that_verifies_on_its_own() {
    let signer = NoteSigner::from_seed(ORIGIN, &[1; 32]).expect("signer");
    let mut house =
        Installation { signer, rows: Vec::new(), folder: BTreeMap::new(), state: LogState::new() };
    for number in 0..700 {
        house.record(&event(number, "read.submit", ("read", "r-1")));
        if number % 97 == 0 {
            house.sequence();
        }
    }

    // A restart: the state comes back from the files.
    house.state = LogState::resume(&house.folder, house.state.size()).expect("resume");

    // The release: content, root, event, proof, certificate.
    let content_hash = Hash::of(b"canonical content of the accepted read");
    let signatory = |meaning: &str, content_hash| Signatory {
        actor: format!("u-{meaning}"),
        printed_name: "Printed Name".into(),
        role: "specialist".into(),
        meaning: meaning.into(),
        at: "2026-11-23T09:00:00.000000Z".into(),
        content_hash,
    };
    let protocol = ProtocolRef { id: "radiology".into(), version: 1, content_hash: None };
    let mut writer = ReleaseWriter::new(Cursor::new(Vec::new())).expect("writer");
    writer
        .add_record(&Record {
            item: "i-1".into(),
            name: "Study".into(),
            assets: vec![Hash::of(b"asset")],
            annotations: Vec::new(),
            content_hash,
            protocol: protocol.clone(),
            authors: vec![signatory("authored", content_hash), signatory("approved", content_hash)],
        })
        .expect("record");
    writer.begin_file("coco.json").expect("begin");
    writer.write(b"{\"images\":[").expect("piece");
    writer.write(b"]}\n").expect("piece");
    writer.end_file().expect("end");
    let sealed = writer.seal().expect("seal");
    let root = sealed.root();
    let mut released = event(700, "release.created", ("release", "v1"));
    released.content_hash = Some(root);
    let index = house.record(&released);
    house.sequence();
    let statement = CertificateFields {
        project: "Chest CT".into(),
        project_id: "p-1".into(),
        release: "v1".into(),
        released_at: "2026-11-23T09:00:01.000000Z".into(),
        counts: BTreeMap::from([("items".into(), 1)]),
        protocols: vec![protocol],
        guideline: None,
        signatories: vec![signatory("released", root)],
        claims: STANDARD_CLAIMS.map(str::to_owned).to_vec(),
        not_claimed: NOT_CLAIMED.map(str::to_owned).to_vec(),
    };
    let (package, certificate) =
        sealed.finish(&house.signer, statement, &house.prove(index)).expect("finish");

    // Elsewhere, with nothing but the files and the published key.
    let key = house.signer.verifier();
    let report = verify_release(package, Some(key)).expect("sound package");
    assert_eq!((report.certificate, report.event), (certificate, released));
    let report = verify_log(&house.folder, key).expect("sound log");
    assert_eq!(report.size, 701);
    let rows = (0..).zip(&house.rows).map(Ok::<_, Infallible>);
    assert_eq!(compare_rows(&house.folder, report.size, rows), Ok(Ok(701)));
}
