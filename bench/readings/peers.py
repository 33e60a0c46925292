"""Runs in the peers' own environment: times one of them on raw arrays and prints JSON. usage: peers.py WHAT FILE NUMBERS…"""

import json
import os
import resource
import sys
import time
import warnings

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
warnings.filterwarnings("ignore")

import numpy as np  # noqa: E402


def best(run, runs):
    """The shortest wall and processor time, each by itself, and what came out."""
    wall, cpu = [], []
    for _ in range(runs):
        begun, used = time.perf_counter(), time.process_time()
        value = run()
        wall.append(time.perf_counter() - begun)
        cpu.append(time.process_time() - used)
    return {"seconds": min(wall), "cpu_seconds": min(cpu), "value": float(value)}


def ratings(file, readers):
    import krippendorff

    values = np.fromfile(file, "<f8").reshape(-1, readers).T
    return lambda level: krippendorff.alpha(values, value_domain=list(range(10)), level_of_measurement=level)


def alpha_interval(file, readers):
    of = ratings(file, readers)
    return best(lambda: of("interval"), 3)


def classes(file, readers):
    given = np.fromfile(file, "u1").reshape(-1, readers).astype(float)
    given[given == 255] = np.nan
    return given


def alpha_nominal(file, readers, number):
    import krippendorff

    values = classes(file, readers).T
    domain = list(range(number))
    return best(lambda: krippendorff.alpha(values, value_domain=domain, level_of_measurement="nominal"), 3)


def ac1(file, readers, number):
    import pandas
    from irrCAC.raw import CAC

    frame = pandas.DataFrame(classes(file, readers))
    made = lambda: CAC(frame, weights="identity", categories=list(range(number)), digits=12).gwet()
    return best(lambda: made()["est"]["coefficient_value"], 3)


def dawid_skene(file, items, readers, number, iterations):
    import pandas
    from crowdkit.aggregation import DawidSkene

    rows = np.fromfile(file, "<u4").reshape(-1, 3)
    frame = pandas.DataFrame(rows, columns=["task", "worker", "label"])
    made = lambda: DawidSkene(n_iter=iterations, tol=0).fit_predict_proba(frame).to_numpy().max(axis=1).sum()
    return best(made, 1)


def staple(file, readers, *shape):
    import SimpleITK as sitk

    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    masks = np.fromfile(file, "u1").reshape(readers, *shape)
    images = [sitk.GetImageFromArray(mask) for mask in masks]
    del masks
    made = lambda: (sitk.GetArrayFromImage(sitk.STAPLE(images, 1.0)) > 0.5).sum()
    return best(made, 1)


def label_errors(file, number):
    from cleanlab.filter import find_label_issues

    size = os.path.getsize(file) // (4 * number + 2)
    values = np.fromfile(file, "<f4", size * number).reshape(size, number)
    labels = np.fromfile(file, "<u2", offset=size * number * 4).astype(int)
    # Which ones, and not how many: the sum of their places, from 1.
    made = lambda: (np.flatnonzero(find_label_issues(labels, values, filter_by="confident_learning", n_jobs=1)) + 1).sum()
    return best(made, 1)


ALL = {
    "alpha-interval": alpha_interval, "alpha-nominal": alpha_nominal, "ac1": ac1, "dawid-skene": dawid_skene,
    "staple": staple, "label-errors": label_errors,
}
found = ALL[sys.argv[1]](sys.argv[2], *map(int, sys.argv[3:]))
print(json.dumps(found | {"peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6}))
