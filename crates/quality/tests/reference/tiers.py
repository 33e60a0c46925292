"""Makes tiers.tsv: what nobody saw and what a tier catches. Needs scipy.

capture: two independent looks drawn by the hypergeometric distribution of scipy.stats; the estimate of Chapman and the variance of
Seber have exactly the mean that they should have where both looks together are as large as what there is (Chapman 1951, Seber
1970), so their means over all outcomes are written beside the truth. Ends of the log-normal interval by scipy.stats.lognorm.
recall: binomtest(...).proportion_ci("exact") of scipy.stats.
"""
from math import log, sqrt
from scipy.stats import binomtest, hypergeom, lognorm

print("# capture\tfirst\tsecond\tboth\ttotal\tvariance\tlow\thigh")
for n1, n2, m in [(10, 15, 5), (100, 150, 20), (196, 90, 9), (240, 210, 168), (40, 40, 39), (7, 9, 0)]:
    total = (n1 + 1) * (n2 + 1) / (m + 1) - 1
    variance = (n1 + 1) * (n2 + 1) * (n1 - m) * (n2 - m) / ((m + 1) ** 2 * (m + 2))
    unseen = total - (n1 + n2 - m)
    sigma = sqrt(log(1 + variance / unseen**2))
    low, high = lognorm(sigma, scale=unseen).interval(0.95)
    print("capture", n1, n2, m, total, variance, low, high, sep="\t")

print("# mean\ttotal\tfirst\tsecond\tmean\tspread")
for total, n1, n2 in [(30, 20, 15), (50, 40, 30), (12, 6, 6), (200, 150, 160)]:
    law = hypergeom(total, n1, n2)
    mean = law.expect(lambda m: (n1 + 1) * (n2 + 1) / (m + 1) - 1)
    spread = law.expect(lambda m: ((n1 + 1) * (n2 + 1) / (m + 1) - 1 - mean) ** 2)
    print("mean", total, n1, n2, mean, spread, sep="\t")

print("# recall\tfound\tmissed\tlow\thigh")
for found, missed in [(50, 10), (0, 4), (9, 0), (1, 1), (333, 41)]:
    ends = binomtest(found, found + missed).proportion_ci(0.95, "exact")
    print("recall", found, missed, ends.low, ends.high, sep="\t")
