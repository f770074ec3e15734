"""The last years alone, and figures under other NAVs, indices and dates."""

import pmecalc as pme

fund = pme.Fund.of(
    flows=[("2012-06-30", 100, 0), ("2016-06-30", 0, 30), ("2019-06-30", 0, 45)],
    navs=[("2016-12-31", 110), ("2018-12-31", 120), ("2020-12-31", 105), ("2021-12-31", 118)],
)
world = pme.Benchmark.of(
    [(f"{year}-06-30", 100 * 1.07 ** (year - 2012)) for year in range(2012, 2023)]
)

for years, seen in pme.horizons(fund, years=(1, 3, 5)).items():
    print(f"{years} years to the as-of date: IRR {seen.irr:.2%}")
since = pme.horizon(fund, world, start="2016-12-31", max_staleness_days=None)
print(f"from 2016-12-31: KS-PME {since.ks_pme:.3f}")

for row in pme.sensitivity(fund, world, nav_haircuts=[0.1, -0.1], max_staleness_days=None):
    print(f"{row.label:<14} TVPI {row.metrics['tvpi'].number:.2f}")

# Output:
# 1 years to the as-of date: IRR 12.38%
# 3 years to the as-of date: IRR 14.79%
# 5 years to the as-of date: IRR 9.69%
# from 2016-12-31: KS-PME 1.099
# as reported    TVPI 1.93
# NAV 10 % lower TVPI 1.81
# NAV 10 % higher TVPI 2.05
