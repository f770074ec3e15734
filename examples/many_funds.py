"""Many funds from flat columns at once: measures, ranks, and a summary by vintage year."""

import numpy as np

import pmecalc as pme

table = {
    "fund": np.repeat(["Alpha", "Beta", "Gamma", "Delta"], 3),
    "date": np.tile(np.array(["2016-01-01", "2019-01-01", "2022-01-01"], "datetime64[D]"), 4),
    "contribution": np.tile([100.0, 0.0, 0.0], 4),
    "distribution": [0.0, 40, 0, 0, 60, 0, 0, 20, 0, 0, 90, 0],
    "nav": [np.nan, 90, 130, np.nan, 80, 50, np.nan, 85, 60, np.nan, 60, 100],
}
made = pme.batch(table, measures=["tvpi", "irr"], netting="same_day")
ranks = pme.ranking(made["irr"].tolist())
for name, tvpi, irr, rank in zip(
    made.labels.tolist(), made["tvpi"].tolist(), made["irr"].tolist(), ranks.ranks, strict=True
):
    quartile = rank.quartile if rank is not None else None
    print(f"{name:<6} TVPI {tvpi:.2f}  IRR {irr:6.2%}  quartile {quartile}")

funds = [
    pme.Fund.of(name=f"Fund {year}", flows=[(f"{year}-01-01", 100, 0)], navs=[("2022-01-01", nav)])
    for year, nav in ((2015, 210), (2015, 150), (2017, 140))
]
for row in pme.by_vintage(funds, as_of="2022-01-01", metric="tvpi", rule="first_contribution"):
    print(f"{row.vintage}: n = {row.n}, pooled TVPI {row.pooled.number:.2f}")

# Output:
# Alpha  TVPI 1.70  IRR 10.72%  quartile 2
# Beta   TVPI 1.10  IRR  2.22%  quartile 3
# Gamma  TVPI 0.80  IRR -4.13%  quartile 4
# Delta  TVPI 1.90  IRR 15.63%  quartile 1
# 2015: n = 2, pooled TVPI 1.80
# 2017: n = 1, pooled TVPI 1.40
