"""Reference values for the drawing tools, from named implementations.

usage: python tools.py > tools.json   (numpy 2, scipy 1.17, scikit-image 0.26, shapely 2.1)

areas      shapely: join, cut and common part of two polygons
simplify   shapely: Douglas-Peucker without topology
ellipses   numpy: extent of a turned ellipse, from 200,000 points of its outline
boxes      numpy: corners of a turned box
floods     scikit-image: flood fill over sides within a tolerance
distances  scipy: squared Euclidean distance transform
walks      scikit-image: random walker, beta and the edge term as the tool has them
"""

import json

import numpy as np
import shapely
from scipy import ndimage
from skimage import segmentation

rng = np.random.default_rng(20261126)


def star(cx, cy, n):
    angles = np.sort(rng.uniform(0, 2 * np.pi, n))
    radii = rng.uniform(8, 30, n)
    return np.round(np.stack([cx + radii * np.cos(angles), cy + radii * np.sin(angles)], 1), 3)


areas = []
while len(areas) < 12:
    a, b = star(40, 40, 9), star(40 + rng.uniform(-25, 25), 40, 7)
    p, q = shapely.Polygon(a), shapely.Polygon(b)
    if not (p.is_valid and q.is_valid and p.intersects(q)):
        continue
    areas.append(
        {
            "a": a.tolist(),
            "b": b.tolist(),
            "join": p.union(q).area,
            "cut": p.difference(q).area,
            "common": p.intersection(q).area,
        }
    )

line = np.round(np.cumsum(rng.normal(size=(60, 2)), 0), 3)
simplify = [
    {
        "points": line.tolist(),
        "tolerance": t,
        "kept": np.asarray(shapely.LineString(line).simplify(t, preserve_topology=False).coords).tolist(),
    }
    for t in (0.5, 1.5, 4.0)
]

ellipses = []
for _ in range(6):
    cx, cy, rx, ry = rng.uniform(5, 50, 4)
    angle = rng.uniform(-3, 3)
    t = np.linspace(0, 2 * np.pi, 200_001)
    x = cx + rx * np.cos(t) * np.cos(angle) - ry * np.sin(t) * np.sin(angle)
    y = cy + rx * np.cos(t) * np.sin(angle) + ry * np.sin(t) * np.cos(angle)
    extent = [x.min(), y.min(), x.max(), y.max()]
    ellipses.append({"cx": cx, "cy": cy, "rx": rx, "ry": ry, "angle": angle, "extent": [float(v) for v in extent]})

boxes = []
for _ in range(6):
    cx, cy, w, h = rng.uniform(5, 50, 4)
    angle = rng.uniform(-3, 3)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    corners = np.array([[-w, -h], [w, -h], [w, h], [-w, h]]) / 2 @ turn.T + [cx, cy]
    boxes.append({"cx": cx, "cy": cy, "w": w, "h": h, "angle": angle, "corners": corners.tolist()})

picture = ndimage.gaussian_filter(rng.uniform(0, 255, (24, 32)), 1.5)
picture = np.round((picture - picture.min()) / np.ptp(picture) * 255).astype(int)
floods = []
for tolerance in (10, 30, 60):
    y, x = int(rng.integers(24)), int(rng.integers(32))
    found = segmentation.flood(picture, (y, x), tolerance=tolerance, connectivity=1)
    floods.append({"x": x, "y": y, "tolerance": tolerance, "rows": ["".join(map(str, r)) for r in found.astype(int)]})

spots = (rng.uniform(size=(15, 15)) > 0.9).astype(int)
distances = {
    "rows": ["".join(map(str, r)) for r in spots],
    "squared": np.round(ndimage.distance_transform_edt(1 - spots) ** 2).astype(int).tolist(),
}

# Two regions with noise; seeds in each. scikit-image divides beta by 10 times the standard deviation of the data, so the
# data are given such that its weights are exp(-300 * (difference / range)^2).
scene = np.where(np.hypot(*(np.mgrid[0:40, 0:40] - 19.5)) < 11, 180, 60) + rng.normal(0, 6, (40, 40))
scene = np.round(scene, 2)
labels = np.zeros((40, 40), int)
labels[20, 19] = 1
labels[3, 4] = labels[36, 35] = 2
scaled = (scene - scene.min()) / np.ptp(scene)
walk = segmentation.random_walker(
    scaled, labels, beta=300 * 10 * scaled.std(), mode="bf", return_full_prob=True
)
walks = {"rows": scene.tolist(), "chance": np.round(walk[0], 5).tolist()}

json.dump(
    {
        "areas": areas,
        "simplify": simplify,
        "ellipses": ellipses,
        "boxes": boxes,
        "picture": picture.tolist(),
        "floods": floods,
        "distances": distances,
        "walks": walks,
    },
    __import__("sys").stdout,
)
