//! The readable form of a copy: one page without scripts that prints well.

use std::{collections::BTreeMap, fmt::Write as _};

use countersign_ledger::inspection::{EventLine, LabelLine, ReleaseLine, Scope, SignatureLine, Why};
use countersign_model::Instant;
use countersign_store::inspection::LogPart;

use super::acts::Act;

/// Events on the page; the file of lines has all.
const EVENTS_MAX: usize = 20_000;
/// Versions of marks on the page; the file of lines has all.
const LABELS_MAX: usize = 10_000;
/// Longest description of a mark or of details on the page, characters.
const TEXT_CHARS_MAX: usize = 400;

const STYLE: &str = "body{font:14px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:78rem;padding:0 1rem;color:#111}\
h1{margin-bottom:.2rem}h2{margin-top:2.2rem}h3{margin:1.2rem 0 .3rem;font-size:14px}table{border-collapse:collapse;width:100%}\
th,td{text-align:left;vertical-align:top;padding:.25rem .6rem;border-bottom:1px solid #ccc;overflow-wrap:anywhere}\
th{background:#f2f2f2;white-space:nowrap}code{font-size:12px}.dim{color:#666}.void{color:#a00000;font-weight:600}\
@media print{body{margin:0;max-width:none}tr{break-inside:avoid}}";

/// How a signature stands when the copy is made.
#[derive(Clone, Copy)]
pub(super) enum Standing {
    Holds,
    Void,
    Erased,
}

impl Standing {
    pub const fn of(is_unchanged: bool) -> Self {
        if is_unchanged { Self::Holds } else { Self::Void }
    }
}

/// A table with a limit on its rows.
struct Rows {
    text: String,
    rows: usize,
    limit: usize,
}

impl Rows {
    const fn new(limit: usize) -> Self {
        Self { text: String::new(), rows: 0, limit }
    }

    fn row(&mut self, cells: &[&str]) {
        self.rows += 1;
        if self.rows > self.limit {
            return;
        }
        self.text.push_str("<tr>");
        for cell in cells {
            let _ = write!(self.text, "<td>{cell}</td>");
        }
        self.text.push_str("</tr>\n");
    }

    fn table(&self, titles: &[&str], file: &str) -> String {
        if self.rows == 0 {
            return "<p class=\"dim\">None.</p>".to_owned();
        }
        let head: String = titles.iter().map(|title| format!("<th>{title}</th>")).collect();
        let more = if self.rows > self.limit {
            format!("<p class=\"dim\">{} more are in {file}.</p>", self.rows - self.limit)
        } else {
            String::new()
        };
        format!("<table><thead><tr>{head}</tr></thead><tbody>\n{}</tbody></table>{more}", self.text)
    }
}

/// The page while its rows come in.
pub(super) struct Page {
    head: String,
    signatures: Rows,
    acts: Rows,
    releases: Rows,
    /// What has no file of its own under `proofs/`, in words.
    unproven: Vec<String>,
    labels: Marks,
    events: Rows,
}

/// A version of a mark: its number, what it is, the row.
type Version = (i64, Option<serde_json::Value>, String);

/// The versions of marks, mark by mark.
#[derive(Default)]
struct Marks {
    /// By item and mark.
    versions: BTreeMap<(String, String), Vec<Version>>,
    rows: usize,
}

impl Marks {
    /// Keeps a version. A read begins with the marks of the one before: what was taken over is there already.
    fn add(&mut self, line: &LabelLine, row: impl FnOnce() -> String) {
        // Beyond what the page shows they are counted only: memory does not grow with the marks of a copy.
        if self.rows >= LABELS_MAX {
            self.rows += 1;
            return;
        }
        let versions = self.versions.entry((line.item.clone(), line.mark.clone())).or_default();
        if versions.iter().any(|(version, what, _)| (version, what) == (&line.version, &line.what)) {
            return;
        }
        self.rows += 1;
        versions.push((line.version, line.what.clone(), row()));
    }

    fn text(&self) -> String {
        if self.rows == 0 {
            return "<p class=\"dim\">None.</p>".to_owned();
        }
        let mut text = String::new();
        for ((item, mark), versions) in &self.versions {
            let (item, mark) = (escaped(item), escaped(mark));
            let rows: String = versions.iter().map(|(_, _, row)| row.as_str()).collect();
            let _ = write!(
                text,
                "<section aria-label=\"Mark {mark} of item {item}\"><h3>Mark <code>{mark}</code> of item \
                 <code>{item}</code></h3><table><thead><tr><th>Version</th><th>Drawn (UTC)</th>\
                 <th>Handed in (UTC)</th><th>Who</th><th>What</th><th>Why</th><th>Index</th></tr></thead><tbody>\n\
                 {rows}</tbody></table></section>\n"
            );
        }
        if self.rows > LABELS_MAX {
            let more = self.rows - LABELS_MAX;
            let _ = write!(text, "<p class=\"dim\">{more} more lines are in labels.jsonl.</p>");
        }
        text
    }
}

impl Page {
    pub fn begin(scope: &Scope, now: Instant, part: &LogPart) -> Self {
        let about = match scope {
            Scope::Project { name, id } => format!("Project {} <code>{}</code>", escaped(name), escaped(id)),
            Scope::Installation => "The whole installation".to_owned(),
        };
        let signed = &part.signed;
        let stamped = signed
            .signed_at_seconds
            .map_or_else(|| "not stated".to_owned(), |seconds| Instant(0).plus_seconds(seconds).to_string());
        let witnesses = match signed.other_signatures {
            0 => "none: self-attested".to_owned(),
            count => format!("{count} signature lines beside the log's own; checked with --witness-key"),
        };
        let head = format!(
            "<p>{about}</p><table><tbody>\
             <tr><th>Made</th><td>{now}</td></tr>\
             <tr><th>Log</th><td><code>{}</code></td></tr>\
             <tr><th>Entries in the log</th><td>{}</td></tr>\
             <tr><th>Entries in this copy</th><td>{}</td></tr>\
             <tr><th>Root</th><td><code>{}</code></td></tr>\
             <tr><th>Signed</th><td>{stamped}</td></tr>\
             <tr><th>Witnesses</th><td>{witnesses}</td></tr></tbody></table>\
             <p>This page is for reading. What proves it is checked offline by \
             <code>countersign verify COPY.zip --key log.pub</code>; README.txt says how. All times are UTC.</p>",
            escaped(&signed.checkpoint.origin),
            signed.checkpoint.size,
            part.indices.len(),
            signed.checkpoint.root,
        );
        Self {
            head,
            signatures: Rows::new(usize::MAX),
            acts: Rows::new(usize::MAX),
            releases: Rows::new(usize::MAX),
            unproven: Vec::new(),
            labels: Marks::default(),
            events: Rows::new(EVENTS_MAX),
        }
    }

    pub fn signature(&mut self, line: &SignatureLine, standing: Standing) {
        let state = match standing {
            Standing::Holds => "holds",
            Standing::Void => "<span class=\"void\">void: content changed</span>",
            Standing::Erased => "content erased",
        };
        let (name, hash) =
            (escaped(&line.printed_name), format!("<code>{}</code>", escaped(&line.content_hash)));
        let item = format!("<code>{}</code>", escaped(&line.item));
        let index = line.index.to_string();
        self.signatures.row(&[
            &name,
            &escaped(&line.meaning),
            &escaped(&line.at),
            &item,
            &hash,
            state,
            &index,
        ]);
    }

    pub fn act(&mut self, act: &Act) {
        self.acts.row(&[
            &escaped(&act.printed_name),
            &escaped(&act.meaning),
            &escaped(&act.at),
            &escaped(&act.action),
            &format!("<code>{}</code>", escaped(&act.object)),
            &act.index.to_string(),
        ]);
    }

    pub fn release(&mut self, line: &ReleaseLine) {
        let root = format!("<code>{}</code>", escaped(line.root.as_deref().unwrap_or("-")));
        let by = |name: &Option<String>| escaped(name.as_deref().unwrap_or("-"));
        let (items, index) = (line.items.to_string(), line.index.to_string());
        self.releases.row(&[
            &escaped(&line.name),
            &escaped(&line.state),
            &escaped(&line.at),
            &by(&line.begun_by),
            &by(&line.countersigned_by),
            &items,
            &root,
            &index,
        ]);
    }

    /// Says how many of some kind have no proof that stands alone in this copy.
    pub fn proven(&mut self, what: &str, all: usize, limit: usize) {
        if all > limit {
            self.unproven.push(format!(
                "<p>The first {limit} of {all} {what} have a file of their own in proofs/, which stands alone. The other {} \
                 do not: their entries are in the log of this copy, and are checked with it.</p>",
                all - limit
            ));
        }
    }

    pub fn label(&mut self, line: &LabelLine) {
        self.labels.add(line, || {
            let what = line.what.as_ref().map_or_else(|| "removed".to_owned(), |what| cut(&what.to_string()));
            let why: Vec<String> = line.why.iter().map(said).collect();
            let index = line.index.map(|index| index.to_string()).unwrap_or_default();
            format!(
                "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td><code>{what}</code></td><td>{}</td><td>{index}</td></tr>\n",
                line.version,
                escaped(&line.at),
                escaped(line.bound_at.as_deref().unwrap_or("-")),
                escaped(&line.who),
                why.join("<br>"),
            )
        });
    }

    pub fn event(&mut self, line: &EventLine) {
        let who = escaped(line.name.as_deref().unwrap_or(&line.actor));
        let why = line.reason.as_deref().map(escaped).unwrap_or_default();
        let details = line.details.as_ref().map(|details| cut(details.get())).unwrap_or_default();
        let object = format!("{} <code>{}</code>", escaped(&line.object_kind), escaped(&line.object_id));
        let item = format!("<code>{}</code>", escaped(line.item.as_deref().unwrap_or("-")));
        self.events.row(&[
            &line.index.to_string(),
            &escaped(&line.at),
            &who,
            &escaped(&line.action),
            &object,
            &item,
            &escaped(&line.outcome),
            &format!("{why} <span class=\"dim\">{details}</span>"),
        ]);
    }

    pub fn finish(self) -> String {
        let signatures = ["Name", "Meaning", "When (UTC)", "Item", "Content", "State", "Index"];
        let acts = ["Name", "Meaning", "When (UTC)", "What", "Object", "Index"];
        let releases =
            ["Release", "State", "Begun (UTC)", "By", "Countersigned by", "Items", "Root", "Index"];
        let events = ["Index", "When (UTC)", "Who", "What", "Object", "Item", "Outcome", "Why"];
        format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
             <title>Evidence</title><style>{STYLE}</style></head><body>\n<h1>Evidence</h1>\n{}\n\
             <h2>Signatures</h2>\n{}\n<h2>Signed acts</h2>\n{}\n<h2>Releases</h2>\n{}\n{}<h2>Marks, version by version</h2>\n{}\n\
             <h2>Everything that happened</h2>\n{}\n</body></html>\n",
            self.head,
            self.signatures.table(&signatures, "signatures.jsonl"),
            self.acts.table(&acts, "events.jsonl"),
            self.releases.table(&releases, "releases.jsonl"),
            self.unproven.concat(),
            self.labels.text(),
            self.events.table(&events, "events.jsonl"),
        )
    }
}

/// A reason, with the place of its entry.
fn said(why: &Why) -> String {
    let reason = why.reason.as_deref().map(|reason| format!(" {}", escaped(reason))).unwrap_or_default();
    let words = why.words.as_deref().map(|words| format!(" <q>{}</q>", cut(words))).unwrap_or_default();
    format!("{}{reason}{words} <span class=\"dim\">(index {})</span>", escaped(&why.action), why.index)
}

/// Text that cannot be markup.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// The beginning of a long text, escaped.
fn cut(text: &str) -> String {
    let short: String = text.chars().take(TEXT_CHARS_MAX).collect();
    let more = if short.len() < text.len() { " …" } else { "" };
    format!("{}{more}", escaped(&short))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_people_wrote_becomes_markup() {
        assert_eq!(escaped("<b a=\"1\" c='2'>&"), "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;");
        assert!(cut(&"<".repeat(TEXT_CHARS_MAX + 1)).ends_with(" …"));
    }

    #[test]
    fn what_has_no_proof_of_its_own_is_counted() {
        let rows = || Rows::new(1);
        let mut page = Page {
            head: String::new(),
            signatures: rows(),
            acts: rows(),
            releases: rows(),
            unproven: Vec::new(),
            labels: Marks::default(),
            events: rows(),
        };
        page.proven("signatures", 2_000, 2_000);
        page.proven("releases", 2_003, 2_000);
        let text = page.finish();
        assert!(text.contains("The first 2000 of 2003 releases have a file of their own"), "{text}");
        assert!(!text.contains("signatures have a file"), "{text}");
    }

    #[test]
    fn long_tables_say_how_much_is_elsewhere() {
        let mut rows = Rows::new(2);
        (0..5).for_each(|n| rows.row(&[&n.to_string()]));
        let table = rows.table(&["N"], "n.jsonl");
        assert!(table.contains("<td>1</td>") && !table.contains("<td>2</td>"), "{table}");
        assert!(table.contains("3 more are in n.jsonl"), "{table}");
    }
}
