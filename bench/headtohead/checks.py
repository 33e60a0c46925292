"""After the load: what the server vouched for against what its database holds."""

import sqlite3
import uuid
from pathlib import Path

BOXES = 5
# One row per task: its id, state, the newest read of a person with hash and status, boxes stored.
ROWS = """
SELECT t.id, t.state, r.content_hash, r.status,
       (SELECT COUNT(*) FROM annotations a WHERE a.read_id = r.id AND a.body IS NOT NULL)
FROM tasks t JOIN reads r ON r.id = t.read_id
WHERE t.project_id = {project} AND t.stage = 0 AND t.state <> 'ready'
"""
CLAIMED_TWICE = """
SELECT COUNT(*) FROM (SELECT object_id FROM events WHERE action = 'task.claimed' AND project_id = {project}
GROUP BY object_id HAVING COUNT(*) > 1) c
"""
READ_BY_TWO = """
SELECT COUNT(*) FROM (SELECT item_id FROM reads WHERE project_id = {project} AND author_user IS NOT NULL
GROUP BY item_id HAVING COUNT(DISTINCT author_user) > 1) c
"""


def sqlite_rows(data):
    """A function from SQL to rows over a data directory, and how it names a project."""
    database = sqlite3.connect(f"file:{Path(data) / 'countersign.db'}?mode=ro", uri=True, timeout=60)

    def ask(sql, project):
        named = sql.format(project="X'" + uuid.UUID(project).hex + "'")
        return [tuple(str(uuid.UUID(bytes=v)) if isinstance(v, bytes) and len(v) == 16 else v for v in row)
                for row in database.execute(named)]

    return ask


def ours(ask, project, vouched):
    """Counts what must be zero: tasks given twice, submissions that were acknowledged and are not there."""
    rows = {row[0]: row[1:] for row in ask(ROWS, project)}
    lost = 0
    for task, content_hash in vouched:
        state, stored, status, boxes = rows.get(task, ("", "", "", 0))
        if (state, stored, status, int(boxes)) != ("done", content_hash, "submitted", BOXES):
            lost += 1
    tasks = [task for task, _ in vouched]
    return {
        "acknowledged": len(vouched),
        "lost": lost,
        "acknowledged_twice": len(tasks) - len(set(tasks)),
        "claimed_twice": int(ask(CLAIMED_TWICE, project)[0][0]),
        "read_by_two": int(ask(READ_BY_TWO, project)[0][0]),
    }
