"""Makes order.tsv: the order of an audit by hashlib. python3 order.py > order.tsv

A line: root, entropy, ids, seed, ids in order, hash of the order.
"""
import hashlib

for root, entropy, ids in [("00" * 32, b"", ["a"]), ("ab" * 32, b"dice: 4 2 6", [f"image-{n}" for n in range(12)]), ("01" * 32, b"\xff", ["\u00e4", "b", "", "bb"])]:
    seed = hashlib.sha256(b"countersign audit order 1\n" + bytes.fromhex(root) + entropy).digest()
    ordered = sorted(ids, key=lambda name: hashlib.sha256(seed + name.encode()).digest())
    whole = b"".join(len(name.encode()).to_bytes(8, "big") + name.encode() for name in ordered)
    print(root, entropy.hex(), ",".join(ids), seed.hex(), ",".join(ordered), hashlib.sha256(whole).hexdigest(), sep="\t")
