// As-of date, benchmark and range: the questions a fund page is asked.

import { el, fill } from "./dom.js";
import { indexKind } from "./format.js";

export const RANGES = [["1y", "1Y", 1], ["3y", "3Y", 3], ["5y", "5Y", 5], ["", "SI", null]];

export function createPickers(change) {
  const valuation = el("select", { id: "as-of", disabled: true, onchange: () => change({ as_of: valuation.value }) });
  const anyDay = el("input", { type: "date", id: "any-day", "aria-label": "As of any other date", disabled: true });
  const benchmark = el("select", { id: "benchmark", disabled: true, onchange: () => change({ benchmark: benchmark.value }) });
  anyDay.addEventListener("change", () => anyDay.value && anyDay.validity.valid && change({ as_of: anyDay.value }));
  const ranges = RANGES.map(([id, label, years]) => {
    const attributes = { type: "button", "data-range": id, "aria-pressed": "false", onclick: () => change({ range: id }) };
    return el("button", { ...attributes, "aria-label": years ? `Last ${years} ${years === 1 ? "year" : "years"}` : "Since inception" }, label);
  });
  const parts = { valuation, anyDay, benchmark, ranges };
  const element = el(
    "form", { class: "pickers", "aria-label": "What the figures answer", onsubmit: (event) => event.preventDefault() },
    el("div", { class: "field" }, el("label", { for: "as-of" }, "As of"), el("div", { class: "pair" }, valuation, anyDay)),
    el("div", { class: "field" }, el("label", { for: "benchmark" }, "Benchmark"), benchmark),
    el("div", { class: "field" }, el("span", { class: "label", id: "range-label" }, "Range of the charts"), el("div", { class: "segments", role: "group", "aria-labelledby": "range-label" }, ranges)),
  );
  return { element, show: (state) => show(parts, state) };
}

/** Whether an error is about the as-of date. */
export function isDateRefused(error) {
  return error?.rows?.some(({ column }) => column === "as_of") ?? false;
}

function show(parts, { fund, benchmarks, query, refusal }) {
  showDates(parts, fund, isDateRefused(refusal) ? null : query.as_of ?? "");
  showBenchmarks(parts, fund, benchmarks, query.benchmark ?? "");
  for (const button of parts.ranges) button.setAttribute("aria-pressed", String(button.dataset.range === (query.range ?? "")));
}

// A refused date (null) is not in force: the fields are empty, and the error says which date it was.
function showDates({ valuation, anyDay }, fund, asOf) {
  const [latest, ...older] = [...(fund?.nav_dates ?? [])].reverse();
  const options = [["", latest ? `${latest} · latest` : "latest"], ...older.map((day) => [day, day])];
  if (asOf && !older.includes(asOf)) options.splice(1, 0, [asOf, asOf === latest ? latest : `${asOf} · no NAV`]);
  const none = asOf === null ? el("option", { value: "refused", disabled: true }, "choose a date") : null;
  fill(valuation, none, options.map(([value, text]) => el("option", { value }, text)));
  valuation.value = asOf ?? "refused";
  anyDay.value = asOf === null ? "" : (/^\d{4}-\d\d-\d\d$/.test(asOf) ? asOf : (latest ?? ""));
  for (const field of [valuation, anyDay]) field.setAttribute("aria-invalid", String(asOf === null));
  anyDay.min = fund?.first_date ?? "";
  valuation.disabled = anyDay.disabled = !fund;
}

function showBenchmarks({ benchmark }, fund, benchmarks, chosen) {
  const ids = benchmarks.map((item) => item.id);
  const only = ids.length === 1 ? ids[0] : null;
  const inUse = chosen || (ids.includes(fund?.benchmark) ? fund.benchmark : only) || "";
  const options = benchmarks.map((item) => [item.id, `${item.name} (${indexKind(item.index_kind)})`]);
  if (chosen && !ids.includes(chosen)) options.unshift([chosen, "unknown benchmark"]);
  if (!inUse) options.unshift(["", ids.length ? "choose one" : "none stored"]);
  fill(benchmark, options.map(([value, text]) => el("option", { value }, text)));
  benchmark.value = inUse;
  benchmark.disabled = ids.length === 0;
}
