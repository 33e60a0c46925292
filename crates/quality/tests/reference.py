"""Makes reference.tsv: exact upper bounds for a finite lot. Needs scipy (made with 1.17.1)."""
from scipy.stats import hypergeom

print("# lot\tchecked\tfound\tconfidence\tupper")
for lot, checked, found in [
    (1, 1, 0), (1, 1, 1), (10, 3, 0), (10, 10, 2), (100, 30, 0), (100, 30, 2), (1000, 59, 0), (1000, 299, 0),
    (1000, 299, 3), (5000, 500, 25), (20000, 299, 0), (20000, 3000, 1), (100000, 2995, 0), (100000, 20000, 200),
]:
    for confidence in (0.9, 0.95, 0.99):
        low, high = found, lot - checked + found + 1
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if hypergeom(lot, middle, checked).cdf(found) > 1 - confidence else (low, middle)
        upper = low
        print(lot, checked, found, confidence, upper, sep="\t")
