//! What a signature is held against.

use countersign_ledger::{Entry, Hash};
use countersign_store::{Conn, events, reads::Signature};

use crate::Result;

/// Whether the evidence of a signature is of this signature: by this person, on this item, with this meaning, over this
/// content. A row that was copied to another item or another person has no evidence that says so.
pub(crate) async fn is_bound(conn: &mut Conn, row: &Signature) -> Result<bool> {
    let Some(event) = events::by_id(conn, row.event_id).await? else { return Ok(false) };
    let Ok(entry) = Entry::decode(&event.entry) else { return Ok(false) };
    Ok(entry.object_kind == "signature"
        && entry.object_id == row.id.to_string()
        && entry.item == Some(row.item_id.to_string())
        && entry.actor == row.user_id.to_string()
        && entry.action == format!("signature.{}", row.meaning)
        && entry.content_hash == Hash::from_hex(&row.content_hash)
        && entry.at_us == row.at.micros())
}
