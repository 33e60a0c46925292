"""Makes acceptance.tsv: operating curves by scipy. Needs scipy.

`single` and `double`: numbers of the plan, then units and wrong (or `-` and a share), probability to accept.
`design`: good, bad, producer, consumer, sample, accept, by trying every sample in turn.
"""
from scipy.stats import binom, hypergeom


def law(units, wrong, n):
    return binom(n, wrong) if units is None else hypergeom(units, wrong, n)


def main():
    sources = [(None, 0.01), (None, 0.065), (500, 5), (500, 30), (None, 0.2)]
    for units, wrong in sources:
        place = ("-" if units is None else units, wrong)
        for n, c in [(80, 2), (200, 5), (13, 0)]:
            print("single", n, c, *place, f"{law(units, wrong, n).cdf(c):.15g}", sep="\t")
        for n1, c1, r1, n2, c2 in [(50, 1, 4, 50, 4), (20, 0, 2, 20, 1)]:
            accept = law(units, wrong, n1).cdf(c1)
            for k in range(c1 + 1, r1):
                if units is None:
                    rest = binom(n2, wrong).cdf(c2 - k)
                else:
                    rest = hypergeom(units - n1, max(wrong - k, 0), n2).cdf(c2 - k) if wrong >= k else 0
                accept += law(units, wrong, n1).pmf(k) * rest
            print("double", n1, c1, r1, n2, c2, *place, f"{accept:.15g}", sep="\t")
    for good, bad, producer, consumer in [(0.01, 0.05, 0.05, 0.1), (0.005, 0.02, 0.05, 0.05), (0.001, 0.1, 0.1, 0.1)]:
        c, n = 0, 1
        while True:
            while binom(n, bad).cdf(c) > consumer:
                n += 1
            if binom(n, good).cdf(c) >= 1 - producer:
                break
            c += 1
        print("design", good, bad, producer, consumer, n, c, sep="\t")


main()
