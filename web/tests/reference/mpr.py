"""Reference values of planes through a volume: scipy.ndimage.map_coordinates (trilinear) at the places of each pixel.

usage: python mpr.py > mpr.json   (numpy 2, scipy 1.17)
"""

import json

import numpy as np
from scipy.ndimage import map_coordinates

rng = np.random.default_rng(20261126)
# Slices, rows, columns.
data = rng.integers(-1000, 2000, size=(6, 5, 7)).astype(np.int16)


def unit(v):
    return np.asarray(v, float) / np.linalg.norm(v)


# An oblique stack: the row direction leans by 20 degrees, the column direction stays perpendicular.
angle = np.radians(20)
row = unit([np.cos(angle), 0, np.sin(angle)])
column = unit([0, 1, 0])
normal = np.cross(row, column)
origin = np.array([-12.5, 30.25, 101.0])
spacing = (0.9, 0.7)  # between rows, between columns, mm
places = np.array([0.0, 2.0, 4.0, 7.0, 9.0, 11.0])  # one gap is wider


def cut(o, r, c, dx, dy, rows, columns):
    y, x = np.mgrid[0:rows, 0:columns]
    at = o[:, None, None] + r[:, None, None] * (x * dx) + c[:, None, None] * (y * dy) - origin[:, None, None]
    i = np.tensordot(row, at, 1) / spacing[1]
    j = np.tensordot(column, at, 1) / spacing[0]
    depth = np.tensordot(normal, at, 1)
    k = np.interp(depth, places, np.arange(len(places)))
    inside = (i >= 0) & (i <= 6) & (j >= 0) & (j <= 4) & (depth >= 0) & (depth <= places[-1])
    values = map_coordinates(data.astype(float), [k, j, i], order=1)
    return {
        "origin": o.tolist(), "row": r.tolist(), "column": c.tolist(), "dx": dx, "dy": dy, "rows": rows, "columns": columns,
        "values": [[float(v) if ok else None for v, ok in zip(vs, oks)] for vs, oks in zip(values, inside)],
    }


middle = origin + row * 3 * 0.7 + column * 2 * 0.9 + normal * 5.3
planes = [
    cut(middle - row * 2.1 - normal * 5, row, normal, 0.35, 0.5, 20, 12),
    cut(middle - np.array([2.0, 1.5, 0]), np.array([1.0, 0, 0]), np.array([0, 1.0, 0]), 0.4, 0.4, 8, 10),
    cut(middle - unit([1, 1, 1]) * 2, unit([1, 1, 1]), unit([1, -1, 0]), 0.3, 0.6, 4, 12),
]
print(json.dumps({
    "size": [7, 5, 6], "data": data.ravel().tolist(), "origin": origin.tolist(), "row": row.tolist(),
    "column": column.tolist(), "spacing": {"row": spacing[0], "column": spacing[1]}, "places": places.tolist(),
    "planes": planes,
}))
