"""Runs in the peers' environment: makes the arrays that both sides read. usage: make.py FOLDER SHARE (of the full size)"""

import sys
from pathlib import Path

import numpy as np

folder, share = Path(sys.argv[1]), float(sys.argv[2])
rng = np.random.default_rng(20261126)


def ratings():
    """A million ratings of five readers, a tenth missing, three in ten at random."""
    items = int(200_000 * share)
    truth = rng.integers(0, 10, items)
    said = np.where(rng.random((items, 5)) < 0.3, rng.integers(0, 10, (items, 5)), truth[:, None]).astype("<f8")
    said[rng.random(said.shape) < 0.1] = np.nan
    said.tofile(folder / "ratings.bin")
    np.where(np.isnan(said), 255, said).astype("u1").tofile(folder / "classes.bin")


def labels():
    """A million labels of ten classes by 500 readers, three per item."""
    items, readers = int(333_333 * share), 500
    truth = rng.integers(0, 10, items)
    who = (rng.integers(0, readers, items)[:, None] + np.array([0, 167, 333])) % readers
    right = rng.random(who.shape) < rng.uniform(0.4, 0.95, readers)[who]
    said = np.where(right, truth[:, None], rng.integers(0, 10, who.shape))
    rows = np.stack([np.repeat(np.arange(items), 3), who.ravel(), said.ravel()], 1)
    rows.astype("<u4").tofile(folder / "labels.bin")


def masks():
    """Five readers' masks of one lesion in a volume: other sizes, other centres, rough edges."""
    depth = max(2, int(64 * share))
    z, y, x = np.mgrid[:depth, :512, :512].astype("f4")
    with open(folder / "masks.bin", "wb") as out:
        for reader in range(5):
            cx, cy = 256 + rng.normal(0, 6, 2)
            far = np.sqrt((z - depth / 2) ** 2 * 25 + (y - cy) ** 2 + (x - cx) ** 2)
            (far + rng.normal(0, 2, far.shape) < 140 + 8 * reader).astype("u1").tofile(out)
    return depth


def probabilities():
    """A million items and the probabilities of a hundred classes, one label in twenty wrong."""
    items, classes, piece = int(1_000_000 * share), 100, 50_000
    truth = rng.integers(0, classes, items)
    given = np.where(rng.random(items) < 0.05, rng.integers(0, classes, items), truth)
    with open(folder / "probabilities.bin", "wb") as out:
        for start in range(0, items, piece):
            of = truth[start : start + piece]
            rows = rng.random((len(of), classes), dtype="f4")
            rows[np.arange(len(of)), of] += rng.random(len(of)) * 60
            (rows / rows.sum(1, keepdims=True)).tofile(out)
        given.astype("<u2").tofile(out)


ratings()
labels()
probabilities()
print(masks())
