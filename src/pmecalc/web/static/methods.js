// Every PME method side by side: what the server says of each, and in one sentence why they differ.

import { Offline, isIndexRefusal, methodsUrl, readMethods } from "./api.js";
import { el, fill, newId } from "./dom.js";
import { NOT_AVAILABLE, indexKind, precise, sentence } from "./format.js";
import { reason } from "./metrics.js";
import { errorPanel, estimatedMark, placeholder } from "./states.js";

const FORMULAS = {
  ks_pme: "(distributions at index growth + NAV) ÷ contributions at index growth",
  nfv: "distributions at index growth + NAV − contributions at index growth",
  direct_alpha: "the IRR of the flows carried to T at index growth, and the NAV",
  ln_spread: "net IRR − the IRR of the same flows with the index position in place of the NAV",
  pme_plus_spread: "net IRR − the IRR with distributions scaled so that the index ends at the NAV",
  mpme_spread: "net IRR − the IRR of the index sold in the fund’s proportions",
  scaled_pme_spread: "net IRR − the IRR with contributions scaled so that the index ends at the NAV",
};
const VERDICTS = { ahead: "▲ ahead", behind: "▼ behind", level: "level" };
const HEADER = [["Method", ""], ["Figure", "number"], ["Against the index", ""], ["The index earned", "number"], ["Take care", ""]];

export function createMethods() {
  const heading = newId("methods");
  const parts = {
    json: el("a", { class: "small button", target: "_blank", rel: "noopener", "aria-label": "JSON of the methods" }, "JSON"),
    body: el("div", {}, placeholder()),
  };
  const head = el("div", { class: "chart-head" }, el("h3", { id: heading }, "All methods"), el("div", { class: "actions" }, parts.json));
  const element = el("section", { class: "card methods", "aria-labelledby": heading, "data-state": "loading" }, head, parts.body);
  return { element, load: (question) => load(element, parts, question) };
}

async function load(element, parts, question) {
  element.dataset.state = "loading";
  parts.json.href = methodsUrl(question);
  try {
    const found = await readMethods(question);
    if (question.signal.aborted) return;
    fill(parts.body, el("p", { class: "said" }, found.sentence), table(found), el("p", { class: "notes" }, inputs(found)));
    element.dataset.state = "ready";
  } catch (error) {
    if (error.name === "AbortError" || question.signal.aborted) return;
    if (error instanceof Offline) throw error;
    const lack = lackOf(error);
    fill(parts.body, lack ? el("p", {}, lack) : errorPanel(error, { role: null }));
    element.dataset.state = lack ? "empty" : "error";
  }
}

function lackOf(error) {
  if (error.code === "NO_BENCHMARK") return "The methods need a benchmark.";
  return isIndexRefusal(error) ? `The methods need an index that covers the fund. ${error.message}` : null;
}

function table({ methods }) {
  const head = el("tr", {}, HEADER.map(([text, kind]) => el("th", { scope: "col", class: kind || null }, text)));
  const caption = el("caption", { class: "hush" }, "Every PME method side by side");
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "The methods as a table" }, el("table", {}, caption, el("thead", {}, head), el("tbody", {}, methods.map(row))));
}

function row(method) {
  const unit = method.unit === "rate" ? "alpha" : method.unit;
  return el(
    "tr", { "data-method": method.name },
    el("th", { scope: "row" }, method.title, el("span", { class: "formula" }, FORMULAS[method.name])),
    el("td", { class: method.value === null ? "number missing" : "number" }, method.estimated ? [estimatedMark(), " "] : null, precise(method.value, unit)),
    el("td", {}, VERDICTS[method.verdict] ?? NOT_AVAILABLE),
    el("td", { class: "number" }, method.rate ? precise(method.rate.value, "rate") : ""),
    el("td", {}, remarks(method)),
  );
}

function remarks(method) {
  const why = method.value === null ? [reason(method)] : [];
  return [...why, ...method.marks.map(({ message }) => message)].map(sentence).join(". ");
}

function inputs({ as_of: asOf, benchmark, inputs: used }) {
  const nav = used.nav_date ? `NAV of ${used.nav_date}` : "no NAV reported";
  const ahead = used.lookup_looks_ahead ? ", looks ahead" : "";
  const gap = used.max_index_gap_days ? `, at most ${used.max_index_gap_days} days old` : "";
  return `As of ${asOf}, against ${benchmark} (${indexKind(used.index_kind)}) · ${nav} · ${used.day_count} · index level ${used.lookup}${ahead}${gap} · flows of a day ${used.netting.replace("_", " ")}.`;
}
