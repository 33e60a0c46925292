"""Makes instances.tsv: best assignments by scipy.optimize.linear_sum_assignment. Needs scipy.

A line: rows, columns, overlaps by rows, gate, sum of overlaps, number of pairs.
"""
import numpy as np
from scipy.optimize import linear_sum_assignment

rng = np.random.default_rng(9)
for rows, columns, filled in [(1, 1, 1.0), (4, 4, 1.0), (7, 3, 0.6), (3, 8, 0.5), (12, 12, 0.3), (30, 25, 0.2), (5, 5, 0.0)]:
    for gate in (0.1, 0.5):
        table = np.where(rng.random((rows, columns)) < filled, rng.random((rows, columns)), 0).round(4)
        gated = np.where(table >= gate, table, 0)
        a, b = linear_sum_assignment(gated, maximize=True)
        values = gated[a, b]
        print(rows, columns, ",".join(map(str, table.ravel())), gate, f"{values.sum():.12g}", (values > 0).sum(), sep="\t")
