"""Returns between NAVs, their risk, and what the appraisals hide."""

import pmecalc as pme

quarters = [f"{year}-{month:02}-28" for year in range(2016, 2020) for month in (3, 6, 9, 12)]
moves = [
    0.02,
    0.05,
    -0.04,
    0.03,
    0.06,
    -0.01,
    0.01,
    0.04,
    -0.06,
    0.02,
    0.03,
    0.05,
    -0.02,
    0.01,
    0.04,
]
levels, navs = [100.0], [50.0]
for before, move in zip([0.0, *moves], moves, strict=False):
    levels.append(levels[-1] * (1 + move))
    navs.append(navs[-1] * (1 + (move + before) / 2 + 0.005))

fund = pme.Fund.of(flows=[(quarters[0], 50, 0)], navs=list(zip(quarters, navs, strict=True)))
index = pme.Benchmark.of(list(zip(quarters, levels, strict=True)))
series = pme.return_series(fund, index, lookup="previous")

print(f"{len(series.returns)} returns, {series.periods_per_year:g} a year")
print(f"volatility {pme.volatility(series).value:.2%}")
print(f"deepest fall {pme.max_drawdown(series).value:.2%}")
print(f"beta {pme.beta(series).beta:.2f}, with one lag {pme.dimson_beta(series, lags=1).beta:.2f}")
print(f"Sharpe ratio, de-smoothed with 0.3: {pme.sharpe(series, phi=0.3).value:.2f}")

chained = pme.time_weighted_return(fund, index, flow_timing="end")
print(f"time-weighted {chained.annualised or 0:.2%} a year over {len(chained.sub_periods)} periods")

# Output:
# 15 returns, 4 a year
# volatility 3.90%
# deepest fall -1.99%
# beta 0.32, with one lag 1.00
# Sharpe ratio, de-smoothed with 0.3: 1.29
# time-weighted 7.74% a year over 15 periods
