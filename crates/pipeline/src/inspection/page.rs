//! The readable form of a copy: one page without scripts that prints well.

use std::fmt::Write as _;

use countersign_ledger::inspection::{EventLine, Scope, SignatureLine};
use countersign_model::Instant;
use countersign_store::inspection::LogPart;

use super::{LabelLine, ReleaseLine};

/// Events on the page; the file of lines has all.
const EVENTS_MAX: usize = 20_000;
/// Versions of marks on the page; the file of lines has all.
const LABELS_MAX: usize = 10_000;
/// Longest description of a mark or of details on the page, characters.
const TEXT_CHARS_MAX: usize = 400;

const STYLE: &str = "body{font:14px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:78rem;padding:0 1rem;color:#111}\
h1{margin-bottom:.2rem}h2{margin-top:2.2rem}table{border-collapse:collapse;width:100%}\
th,td{text-align:left;vertical-align:top;padding:.25rem .6rem;border-bottom:1px solid #ccc;overflow-wrap:anywhere}\
th{background:#f2f2f2}code{font-size:12px}.dim{color:#666}.void{color:#a00000;font-weight:600}\
@media print{body{margin:0;max-width:none}tr{break-inside:avoid}}";

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
    releases: Rows,
    labels: Rows,
    events: Rows,
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
            releases: Rows::new(usize::MAX),
            labels: Rows::new(LABELS_MAX),
            events: Rows::new(EVENTS_MAX),
        }
    }

    pub fn signature(&mut self, line: &SignatureLine) {
        let state = if line.content_now.as_ref() == Some(&line.content_hash) {
            "holds"
        } else {
            "<span class=\"void\">void: content changed</span>"
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

    pub fn label(&mut self, line: &LabelLine) {
        let what = line.what.as_ref().map_or_else(|| "removed".to_owned(), |what| cut(&what.to_string()));
        self.labels.row(&[
            &format!("<code>{}</code>", escaped(&line.item)),
            &format!("<code>{}</code>", escaped(&line.mark)),
            &line.version.to_string(),
            &escaped(&line.at),
            &escaped(&line.who),
            &format!("<code>{what}</code>"),
        ]);
    }

    pub fn event(&mut self, line: &EventLine) {
        let who = escaped(line.name.as_deref().unwrap_or(&line.actor));
        let why = line.reason.as_deref().map(escaped).unwrap_or_default();
        let details = line.details.as_ref().map(|details| cut(&details.to_string())).unwrap_or_default();
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
        let releases =
            ["Release", "State", "Begun (UTC)", "By", "Countersigned by", "Items", "Root", "Index"];
        let labels = ["Item", "Mark", "Version", "When (UTC)", "Who", "What"];
        let events = ["Index", "When (UTC)", "Who", "What", "Object", "Item", "Outcome", "Why"];
        format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
             <title>Evidence</title><style>{STYLE}</style></head><body>\n<h1>Evidence</h1>\n{}\n\
             <h2>Signatures</h2>\n{}\n<h2>Releases</h2>\n{}\n<h2>Marks, version by version</h2>\n{}\n\
             <h2>Everything that happened</h2>\n{}\n</body></html>\n",
            self.head,
            self.signatures.table(&signatures, "signatures.jsonl"),
            self.releases.table(&releases, "releases.jsonl"),
            self.labels.table(&labels, "labels.jsonl"),
            self.events.table(&events, "events.jsonl"),
        )
    }
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
    fn long_tables_say_how_much_is_elsewhere() {
        let mut rows = Rows::new(2);
        (0..5).for_each(|n| rows.row(&[&n.to_string()]));
        let table = rows.table(&["N"], "n.jsonl");
        assert!(table.contains("<td>1</td>") && !table.contains("<td>2</td>"), "{table}");
        assert!(table.contains("3 more are in n.jsonl"), "{table}");
    }
}
