"""A Merkle log in pymerkle's SQLite form, in an environment of its own. Prints one JSON object.

usage: evidence_peer.py FOLDER SECONDS ENTRIES

Entries are as long as ours. SQLite as the package opens it: rollback journal, synchronous=FULL, a commit per append; so each
entry is durable when the call returns, as with us. The root is worked out once a second, as our checkpoints are.
"""

import json
import os
import sqlite3
import sys
import time
from pathlib import Path

import pymerkle

ENTRY_BYTES = 453
# What one commit holds when writers come together; ours has 64 of them.
BATCH = 64


def entries():
    number = 0
    while True:
        yield number.to_bytes(8, "big") + os.urandom(ENTRY_BYTES - 8)
        number += 1


def appended(path, seconds, batch):
    """Entries per second, and how long the root took that covers them, milliseconds at the end."""
    tree = pymerkle.SqliteTree(str(path))
    source, begun = entries(), time.monotonic()
    count, rooted, root_s = 0, begun, 0.0
    while time.monotonic() < begun + seconds:
        if batch == 1:
            tree.append_entry(next(source))
        else:
            tree.append_entries([next(source) for _ in range(batch)])
        count += batch
        if time.monotonic() >= rooted + 1:
            at = time.monotonic()
            tree.get_root()
            rooted = time.monotonic()
            root_s = rooted - at
    taken = time.monotonic() - begun
    tree.close()
    return {"events_per_s": count / taken, "entries": count, "root_ms": root_s * 1000}


def verified(path, count):
    """Entries per second of one core: every entry is hashed again, and the root worked out from these hashes."""
    tree = pymerkle.SqliteTree(str(path))
    source = entries()
    tree.append_entries(next(source) for _ in range(count))
    root = tree.get_root()
    tree.close()
    begun = time.process_time()
    again = pymerkle.InmemoryTree(algorithm="sha256")
    rows = sqlite3.connect(path).execute("SELECT entry, hash FROM leaf ORDER BY id")
    for entry, digest in rows:
        if again.hash_buff(entry) != digest:
            raise SystemExit("an entry does not have its hash")
        again.append_entry(entry)
    if again.get_root() != root:
        raise SystemExit("the entries do not have the root")
    return {"entries_per_processor_second": count / (time.process_time() - begun), "entries": count}


def main():
    folder, seconds, count = Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    folder.mkdir(parents=True)
    print(json.dumps({
        "version": pymerkle.__version__,
        "one_by_one": appended(folder / "one.db", seconds, 1),
        "in_batches": appended(folder / "batches.db", seconds, BATCH),
        "verify": verified(folder / "verify.db", count),
    }))


main()
