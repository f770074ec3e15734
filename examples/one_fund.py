"""Every measure of one fund against an index, and what to do where one has no value."""

import pmecalc as pme

fund = pme.Fund.of(
    name="Alpha",
    commitment=200,
    flows=[
        # date, contribution, distribution
        ("2015-03-31", 60, 0),
        ("2016-06-30", 50, 0),
        ("2018-09-30", 0, 40),
        ("2020-12-31", 0, 90),
    ],
    navs=[("2018-12-31", 120), ("2021-12-31", 55)],
)
index = pme.Benchmark.of(
    [
        ("2015-03-31", 1000),
        ("2016-06-30", 1040),
        ("2018-09-30", 1350),
        ("2018-12-31", 1190),
        ("2020-12-31", 1660),
        ("2021-12-31", 2040),
    ],
    name="World",
    kind="total_return",
)

report = pme.evaluate(fund, index, day_count="ACT/365F", lookup="previous")
print(f"as of {report.as_of}: IRR {report.irr:.2%}, TVPI {report.tvpi:.2f}")
print(f"KS-PME {report.ks_pme:.3f}, direct alpha {report.direct_alpha:+.2%}")

# A whole outcome says why there is no value, and carries warnings and every root.
outcome = report["ln_irr"]
print("LN-PME:", f"{outcome.number:.2%}" if outcome.value is not None else outcome.reason)

# A date may not exist: the type is `str | None`.
short_from = report.ln_short_from
print("index position short from", short_from or "never")

# Without an index the measures that need one raise; `evaluate` does not.
try:
    print(pme.ks_pme(fund))
except pme.NotDefinedError as error:
    print(f"{error.measure} has no value: {error.status}")

# Output:
# as of 2021-12-31: IRR 11.08%, TVPI 1.68
# KS-PME 1.025, direct alpha +0.52%
# LN-PME: 10.47%
# index position short from never
# ks_pme has no value: no_index
