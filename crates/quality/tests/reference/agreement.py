"""Makes agreement.tsv: small tables and what named packages say of them.

python3 -m venv V && V/bin/pip install krippendorff irrCAC scikit-learn statsmodels
V/bin/python agreement.py > agreement.tsv

A line: name, classes, table (units by ';', raters by ',', '.' is missing), then key=value with 17 digits.
"""
import krippendorff
import numpy as np
import pandas as pd
from irrCAC.raw import CAC
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import cohens_kappa, fleiss_kappa, to_table


def table(rng, units, raters, classes, noise, missing):
    truth = rng.integers(0, classes, units)
    said = np.where(rng.random((units, raters)) < noise, rng.integers(0, classes, (units, raters)), truth[:, None])
    said = said.astype(float)
    said[rng.random((units, raters)) < missing] = np.nan
    return said


def facts(said, classes):
    out = {}
    domain = list(range(classes))
    for level in ["nominal", "ordinal", "interval"]:
        try:
            out[level] = krippendorff.alpha(said.T, value_domain=domain, level_of_measurement=level)
        except (ValueError, ZeroDivisionError):
            out[level] = np.nan
    worth = 1.0 + 0.7 * np.arange(classes)
    worded = np.where(np.isnan(said), np.nan, 1.0 + 0.7 * said)
    for name, level in [("ratio", "ratio"), ("interval_values", "interval")]:
        try:
            out[name] = krippendorff.alpha(worded.T, value_domain=list(worth), level_of_measurement=level)
        except (ValueError, ZeroDivisionError):
            out[name] = np.nan
    read = said[~np.isnan(said).all(axis=1)]
    if said.shape[1] > 1:
        for name, weights in [("ac1", "identity"), ("linear", "linear"), ("ac2", "quadratic")]:
            cac = CAC(pd.DataFrame(read), weights=weights, categories=domain, digits=16)
            found = cac.gwet()["est"]
            out[name], out[name + "_se"] = found["coefficient_value"], found["se"]
    both = ~np.isnan(said[:, :2]).any(axis=1)
    if said.shape[1] > 1 and len(np.unique(said[both][:, :2])) > 1:
        a, b = said[both][:, 0].astype(int), said[both][:, 1].astype(int)
        out["kappa"] = cohen_kappa_score(a, b, labels=domain)
        out["kappa1"] = cohen_kappa_score(a, b, labels=domain, weights="linear")
        out["kappa2"] = cohen_kappa_score(a, b, labels=domain, weights="quadratic")
        counts = np.zeros((classes, classes))
        np.add.at(counts, (a, b), 1)
        out["kappa_se"] = np.sqrt(cohens_kappa(counts).var_kappa)
    if said.shape[1] > 1 and not np.isnan(said).any():
        rows = np.stack([(said == c).sum(axis=1) for c in domain], axis=1)
        out["fleiss"] = fleiss_kappa(rows)
        if len(np.unique(said)) > 1:
            found = CAC(pd.DataFrame(said), weights="identity", categories=domain, digits=16).fleiss()["est"]
            assert abs(found["coefficient_value"] - out["fleiss"]) < 1e-12
            out["fleiss_se"] = found["se"]
    return {k: v for k, v in out.items() if np.isfinite(v)}


def main():
    rng = np.random.default_rng(7)
    one_class = np.zeros((12, 3))
    ties = np.array([[0, 1], [1, 0], [0, 1], [1, 1], [0, 0], [2, 1]] * 3, float)
    tables = [
        ("complete", 3, table(rng, 40, 5, 3, 0.3, 0.0)),
        ("missing", 4, table(rng, 60, 5, 4, 0.4, 0.25)),
        ("sparse", 5, table(rng, 50, 4, 5, 0.5, 0.6)),
        ("two", 2, table(rng, 80, 2, 2, 0.2, 0.0)),
        ("ties", 3, ties),
        ("one_class", 2, one_class),
        ("one_rater", 2, table(rng, 20, 1, 2, 0.0, 0.0)),
    ]
    for name, classes, said in tables:
        text = ";".join(",".join("." if np.isnan(v) else str(int(v)) for v in row) for row in said)
        print("\t".join([name, str(classes), text] + [f"{k}={v:.17g}" for k, v in facts(said, classes).items()]))


main()
