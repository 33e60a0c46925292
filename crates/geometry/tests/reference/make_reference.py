"""Makes reference.json: overlaps, masks and rotations as other libraries see them.

    python -m venv v && v/bin/pip install numpy==2.* scipy shapely pycocotools
    v/bin/python make_reference.py > reference.json

Seeded; the versions used are written into the file.
"""

import json

import numpy as np
import pycocotools
import scipy
import shapely
from pycocotools import mask as coco
from scipy.spatial.transform import Rotation, Slerp
from shapely import affinity
from shapely.geometry import Point, Polygon, box

rng = np.random.default_rng(20260101)


def short(value):
    return json.loads(json.dumps(value, default=lambda v: v.tolist()))


def star(cx, cy, n, radius):
    """A simple, usually concave polygon: random radii around a centre."""
    angles = np.sort(rng.uniform(0, 2 * np.pi, n))
    radii = rng.uniform(0.3, 1.0, n) * radius
    return [[round(float(cx + r * np.cos(a)), 3), round(float(cy + r * np.sin(a)), 3)] for a, r in zip(angles, radii)]


def polygons():
    cases = []
    while len(cases) < 25:
        a = star(50, 50, int(rng.integers(3, 14)), 45)
        b = star(*rng.uniform(30, 70, 2), int(rng.integers(3, 14)), 40)
        pa, pb = Polygon(a), Polygon(b)
        if not (pa.is_valid and pb.is_valid):
            continue
        common = pa.intersection(pb).area
        cases.append({"a": a, "b": b, "area_a": pa.area, "area_b": pb.area, "common": common, "iou": common / pa.union(pb).area})
    return cases


def validity():
    """Random chains of points: simple or not, as GEOS judges."""
    cases = []
    while len(cases) < 80:
        points = [[float(v) for v in rng.integers(0, 7, 2)] for _ in range(int(rng.integers(3, 8)))]
        if any(p == q for p, q in zip(points, points[1:] + points[:1])):
            continue  # GEOS drops repeated points, we refuse them
        cases.append({"points": points, "simple": bool(Polygon(points).is_valid and Polygon(points).exterior.is_simple)})
    return cases


def masks():
    cases = []
    for _ in range(12):
        h, w = (int(v) for v in rng.integers(1, 40, 2))
        a, b = (rng.random((h, w)) < rng.uniform(0, 1) for _ in range(2))
        ra, rb = (coco.encode(np.asfortranarray(m.astype(np.uint8))) for m in (a, b))
        cases.append({
            "height": h,
            "width": w,
            "a": "".join("01"[int(v)] for v in a.ravel()),
            "counts_a": ra["counts"].decode(),
            "counts_b": rb["counts"].decode(),
            "area_a": int(coco.area(ra)),
            "bbox_a": coco.toBbox(ra).tolist(),
            "iou": float(coco.iou([ra], [rb], [0])[0][0]) if a.any() or b.any() else 0.0,
        })
    # Long runs: differences that need several characters.
    big = np.zeros((700, 900), np.uint8)
    big[100:650, 37:800] = 1
    big[300:310] = 0
    r = coco.encode(np.asfortranarray(big))
    cases.append({"height": 700, "width": 900, "a": None, "counts_a": r["counts"].decode(), "counts_b": r["counts"].decode(),
                  "area_a": int(coco.area(r)), "bbox_a": coco.toBbox(r).tolist(), "iou": 1.0})
    return cases


def rasters():
    """Pixels whose centre is inside, by shapely; the area of COCO's own rasteriser beside it."""
    cases = []
    while len(cases) < 8:
        points = star(20, 16, int(rng.integers(3, 12)), 22)
        p = Polygon(points)
        if not p.is_valid:
            continue
        h, w = 32, 40
        inside = [[int(p.contains(Point(x + 0.5, y + 0.5))) for x in range(w)] for y in range(h)]
        own = coco.area(coco.merge(coco.frPyObjects([[v for q in points for v in q]], h, w)))
        rle = coco.encode(np.asfortranarray(np.array(inside, np.uint8)))
        cases.append({"points": points, "height": h, "width": w, "counts": rle["counts"].decode(), "coco_area": int(own)})
    return cases


def cuboids():
    """Footprint and upright overlaps, by shapely."""
    cases = []
    for i in range(30):
        def one():
            c = rng.uniform([-3, -3, -1], [3, 3, 1])
            s = rng.uniform([1, 0.5, 0.5], [6, 3, 3])
            return c, s, float(rng.uniform(-np.pi, np.pi))

        (ca, sa, ya), (cb, sb, yb) = one(), one()
        if i % 5 == 0:
            cb, sb, yb = ca.copy(), sa.copy(), ya + np.pi / 2

        def footprint(c, s, y):
            r = box(-s[0] / 2, -s[1] / 2, s[0] / 2, s[1] / 2)
            return affinity.translate(affinity.rotate(r, y, origin=(0, 0), use_radians=True), c[0], c[1])

        fa, fb = footprint(ca, sa, ya), footprint(cb, sb, yb)
        common = fa.intersection(fb).area
        z = max(0.0, min(ca[2] + sa[2] / 2, cb[2] + sb[2] / 2) - max(ca[2] - sa[2] / 2, cb[2] - sb[2] / 2))
        volume = common * z
        cases.append(short({
            "a": {"center": ca, "size": sa, "yaw": ya},
            "b": {"center": cb, "size": sb, "yaw": yb},
            "bev_iou": common / (fa.area + fb.area - common),
            "iou_3d": volume / (np.prod(sa) + np.prod(sb) - volume),
        }))
    return cases


def rotations():
    """Quaternions (w, x, y, z), matrices, products, arcs, by scipy (which has w last)."""
    cases = []
    for i in range(20):
        a = Rotation.random(random_state=rng.integers(1 << 31))
        b = Rotation.random(random_state=rng.integers(1 << 31))
        if i < 4:
            # Half turns, where the trace is -1 and naive conversions divide by zero.
            a = Rotation.from_rotvec(np.pi * np.eye(3)[i % 3] * (1 if i < 3 else 0.9999999))
        t = float(rng.uniform(0, 1))
        v = rng.uniform(-5, 5, 3)
        wxyz = lambda r: np.roll(r.as_quat(), 1)
        cases.append(short({
            "a": wxyz(a), "b": wxyz(b), "t": t, "v": v,
            "matrix_a": a.as_matrix(), "rotated": a.apply(v), "product": wxyz(a * b),
            "slerp": wxyz(Slerp([0, 1], Rotation.concatenate([a, b]))(t)), "angle": float((a.inv() * b).magnitude()),
        }))
    return cases


def projections():
    """Brown-Conrady by its formula, written out with numpy, independent of the code under test."""
    cases = []
    for _ in range(20):
        k1, k2, p1, p2, k3 = rng.uniform([-0.2, -0.05, -0.003, -0.003, -0.01], [0.2, 0.05, 0.003, 0.003, 0.01])
        fx, fy, cx, cy = rng.uniform([400, 400, 500, 300], [1200, 1200, 700, 400])
        p = rng.uniform([-2, -1, 4], [2, 1, 20])
        x, y = p[:2] / p[2]
        r2 = x * x + y * y
        radial = 1 + k1 * r2 + k2 * r2**2 + k3 * r2**3
        xd = x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x)
        yd = y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y
        k = np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]])
        uv = k @ [xd, yd, 1]
        cases.append(short({
            "camera": {"pinhole": {"fx": fx, "fy": fy, "cx": cx, "cy": cy},
                       "distortion": {"model": "plumb_bob", "k1": k1, "k2": k2, "p1": p1, "p2": p2, "k3": k3}},
            "point": p, "pixel": uv[:2],
        }))
    return cases


out = {
    "made_with": {"numpy": np.__version__, "scipy": scipy.__version__, "shapely": shapely.__version__,
                  "geos": shapely.geos_version_string, "pycocotools": __import__("importlib.metadata").metadata.version("pycocotools")},
    "polygons": polygons(), "validity": validity(), "masks": masks(), "rasters": rasters(),
    "cuboids": cuboids(), "rotations": rotations(), "projections": projections(),
}
text = json.dumps(out, indent=None, separators=(",", ":"))
print(text.replace('],"', '],\n"').replace('},{', '},\n{'))
