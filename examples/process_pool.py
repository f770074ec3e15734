"""Reports from several processes, kept by the digest of what they answer."""

from concurrent.futures import ProcessPoolExecutor

import pmecalc as pme


def funds() -> list[pme.Fund]:
    """Two funds, one of them twice."""
    alpha = pme.Fund.of(name="Alpha", flows=[("2015-01-01", 100, 0), ("2020-01-01", 0, 180)])
    beta = pme.Fund.of(name="Beta", flows=[("2015-01-01", 100, 0), ("2020-01-01", 0, 130)])
    return [
        alpha,
        beta,
        pme.Fund.of(name="Alpha", flows=[("2020-01-01", 0, 180), ("2015-01-01", 100, 0)]),
    ]


def main() -> None:
    """Compute each different fund once, wherever it came from."""
    different = list(dict.fromkeys(funds()))
    with ProcessPoolExecutor(2) as pool:
        reports = list(pool.map(pme.evaluate, different))
    by_fund = {fund.digest: report for fund, report in zip(different, reports, strict=True)}
    for fund in funds():
        report = by_fund[fund.digest]
        print(
            f"{fund.name}: IRR {report.irr:.2%}, equal to a new one: {report == pme.evaluate(fund)}"
        )


if __name__ == "__main__":
    main()

# Output:
# Alpha: IRR 12.47%, equal to a new one: True
# Beta: IRR 5.38%, equal to a new one: True
# Alpha: IRR 12.47%, equal to a new one: True
