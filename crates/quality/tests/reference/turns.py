"""Makes turns.tsv: the order of a study by hashlib. python3 turns.py > turns.tsv

A line: hash of the plan, entropy, person, ids, seed, then for each trial the ids in order.
"""
import hashlib

for plan, entropy, person, trials, ids in [
    ("00" * 32, b"", "p", 2, ["a", "b"]),
    ("ab" * 32, b"dice: 4 2 6", "0190-one", 3, [f"part-{n}" for n in range(12)]),
    ("ab" * 32, b"dice: 4 2 6", "0190-two", 3, [f"part-{n}" for n in range(12)]),
    ("01" * 32, b"\xff", "p", 8, ["a", "b", "c"]),
]:
    seed = hashlib.sha256(b"countersign appraisal order 1\n" + bytes.fromhex(plan) + entropy).digest()
    rows = []
    for trial in range(1, trials + 1):
        row = sorted(ids, key=lambda name: hashlib.sha256(seed + f"{person}/{trial}/{name}".encode()).digest())
        if rows and rows[-1][-1] == row[0]:
            row[0], row[1] = row[1], row[0]
        rows.append(row)
    print(plan, entropy.hex(), person, ",".join(ids), seed.hex(), *[",".join(row) for row in rows], sep="\t")
