// What the cards show: one row a measure, one row a status.

export const GROUPS = [
  { id: "performance", title: "Performance", keys: ["irr", "tvpi", "dpi", "rvpi"] },
  { id: "benchmark", title: "Against the benchmark", keys: ["ks_pme", "direct_alpha", "ln_irr", "pme_plus_irr"] },
  { id: "capital", title: "Capital", keys: ["paid_in", "distributed", "nav", "pic"] },
];

const FLOWS = ["as_of", "n_flows", "nav", "day_count"];
const RATIO = ["as_of", "n_flows", "nav", "netting"];
const INDEX = ["benchmark", "index_kind", "lookup", "max_index_gap_days"];

export const METRICS = {
  irr: {
    label: "Net IRR", unit: "rate", meaning: "a year, on the money while it was invested",
    formula: "the rate r with Σ flow ÷ (1 + r)^years + NAV ÷ (1 + r)^T = 0", inputs: FLOWS,
  },
  tvpi: {
    label: "TVPI", unit: "multiple", meaning: "received and still held, per 1 paid in",
    formula: "(distributed + NAV) ÷ paid in", inputs: RATIO,
  },
  dpi: {
    label: "DPI", unit: "multiple", meaning: "received back, per 1 paid in",
    formula: "distributed ÷ paid in", inputs: ["as_of", "n_flows", "netting"],
  },
  rvpi: {
    label: "RVPI", unit: "multiple", meaning: "still held, per 1 paid in",
    formula: "NAV ÷ paid in", inputs: RATIO,
  },
  ks_pme: {
    label: "KS-PME", unit: "multiple", meaning: "wealth against the same money in the index",
    formula: "(distributions at index growth + NAV) ÷ contributions at index growth",
    inputs: [...RATIO, ...INDEX], companions: ["fv_contributions", "fv_distributions"],
  },
  direct_alpha: {
    label: "Direct alpha", unit: "alpha", meaning: "a year, beyond the index",
    formula: "the IRR of the flows carried to T at index growth, and the NAV", inputs: [...FLOWS, ...INDEX],
  },
  ln_irr: {
    label: "LN-PME IRR", unit: "rate", meaning: "the index, bought and sold on the fund’s days",
    formula: "the IRR of the fund’s flows with the index position in place of the NAV",
    inputs: [...FLOWS, ...INDEX], companions: ["ln_nav", "ln_spread", "ln_short_from"],
  },
  pme_plus_irr: {
    label: "PME+ IRR", unit: "rate", meaning: "the index, distributions scaled to end at the NAV",
    formula: "the IRR of contributions, λ × distributions and the NAV; λ = (FC − NAV) ÷ FD",
    inputs: [...FLOWS, ...INDEX], companions: ["pme_plus_lambda", "pme_plus_spread"],
  },
  paid_in: { label: "Paid in", unit: "money", meaning: "all contributions so far", formula: "Σ contributions", inputs: ["as_of", "n_flows"] },
  distributed: { label: "Distributed", unit: "money", meaning: "all distributions so far", formula: "Σ distributions", inputs: ["as_of", "n_flows"] },
  nav: { label: "NAV", unit: "money", meaning: "what is still held", formula: "the NAV reported last, with the flows since", inputs: ["as_of", "nav"] },
  pic: { label: "Called", unit: "rate", meaning: "paid in, of the commitment", formula: "paid in ÷ commitment", inputs: ["as_of", "commitment"] },
};

/** Figures that stand behind a card, shown when it is opened. */
export const COMPANIONS = {
  fv_contributions: ["Contributions at index growth", "money"],
  fv_distributions: ["Distributions at index growth", "money"],
  ln_nav: ["Index position at the end", "money"],
  ln_spread: ["Net IRR less LN-PME IRR", "alpha"],
  ln_short_from: ["Index position short from", "text"],
  pme_plus_lambda: ["λ", "multiple"],
  pme_plus_spread: ["Net IRR less PME+ IRR", "alpha"],
};

export const ESTIMATED = "Estimated: it stands on a NAV that was rolled forward, or on cost in place of one";

// Warnings that turn the sense of their figure: they stand beside it.
const WARNING_WORDS = { RATE_AGAINST_GAIN: "against the gain" };

const STATUS_WORDS = {
  multiple: ["several roots", "several rates solve these flows"],
  no_root: ["no root", "no rate solves these flows"],
  total_loss: ["total loss", "nothing came back"],
  no_flows: ["no flows", "no money has moved by this date"],
  no_investment: ["no investment", "money came back but none was paid in"],
  no_contributions: ["nothing paid in", "nothing was paid in by this date"],
  no_distributions: ["no distributions", "nothing was distributed by this date"],
  zero_duration: ["one day", "all flows fall on one day"],
  overflow: ["too large", "the rate is too large to print"],
  no_index: ["no benchmark", "no benchmark is chosen"],
  no_commitment: ["no commitment", "the commitment of this fund is not recorded"],
  index_not_covered: ["index too short", "the index does not cover the fund"],
  index_stale: ["index too old", "the latest level of the index is too old"],
  no_nav: ["no NAV", "the NAV is not known"],
  too_young: ["too young", "the fund is younger than the horizon"],
  stale_start: ["old start", "the NAV that the horizon starts from is too old"],
  uncertified: ["not proved", "not every root can be proved in bounded time"],
  too_few_observations: ["too few values", "too few valuations"],
};

export function statusWord(status) {
  return STATUS_WORDS[status]?.[0] ?? status.replaceAll("_", " ");
}

/** What must be read together with a figure; null where it stands for itself. */
export function careWord(metric) {
  const words = (metric.warnings ?? []).map((code) => WARNING_WORDS[code]).filter(Boolean);
  if (metric.status !== "ok") words.unshift(metric.status === "multiple" ? "multiple" : statusWord(metric.status));
  return words.join(", ") || null;
}

/** Why there is no number, in the server's words if it gave any. */
export function reason(metric) {
  return metric.reason ?? STATUS_WORDS[metric.status]?.[1] ?? statusWord(metric.status);
}
