// The metric cards of a fund, and what stands behind each figure.

import { el, fill } from "./dom.js";
import { NOT_AVAILABLE, decimal, formatted, indexKind, moneyFull, precise, sentence } from "./format.js";
import { COMPANIONS, ESTIMATED, GROUPS, METRICS, careWord, reason } from "./metrics.js";
import { estimatedMark, placeholder } from "./states.js";

const NOT_COMPUTED = { value: null, status: "not_computed" };
const INPUTS = {
  as_of: ["As of", ({ report }) => report.as_of],
  n_flows: ["Days with flows", ({ inputs }) => inputs.n_flows],
  nav: ["NAV", ({ inputs }) => (inputs.nav === null ? "none reported" : `${moneyFull(inputs.nav)}, reported ${inputs.nav_date ?? "never"}`)],
  day_count: ["Day count", ({ inputs }) => inputs.day_count],
  netting: ["Flows of one day", ({ inputs }) => (inputs.netting === "gross" ? "kept apart (gross)" : "netted")],
  benchmark: ["Benchmark", ({ report }) => report.benchmark ?? "none"],
  index_kind: ["Kind of index", ({ inputs }) => indexKind(inputs.index_kind)],
  lookup: ["Index level used", ({ inputs }) => (inputs.lookup === "previous" ? "the latest on or before the day" : inputs.lookup)],
  max_index_gap_days: ["Oldest level used", ({ inputs }) => `${inputs.max_index_gap_days} days before its flow`],
  commitment: ["Commitment", ({ fund }) => (fund?.commitment ? moneyFull(fund.commitment) : "not recorded")],
};

export function createCards() {
  const cards = new Map();
  const about = newAbout();
  const titles = {};
  const groups = GROUPS.map(({ id, title, keys }) => {
    titles[id] = el("h2", { id: `group-${id}` }, title);
    return el("section", { class: "group", "aria-labelledby": `group-${id}` }, titles[id], el("div", { class: "cards" }, keys.map((key) => newCard(key, cards, about))));
  });
  const element = el("div", { class: "groups", "aria-busy": "true" }, groups, about);
  return {
    element,
    wait: () => element.setAttribute("aria-busy", "true"),
    show(report, fund) {
      element.removeAttribute("aria-busy");
      titles.benchmark.textContent = report.benchmark ? `Against ${report.benchmark}` : "Against a benchmark";
      titles.capital.textContent = report.currency ? `Capital, ${report.currency}` : "Capital";
      for (const [key, card] of cards) showMetric(card, key, report, fund);
    },
  };
}

function newCard(key, cards, about) {
  const { label, meaning } = METRICS[key];
  const card = { wasOpen: false, report: null, fund: null };
  card.value = el("span", { class: "value" }, placeholder());
  card.badge = el("span", { class: "badge", hidden: true });
  card.estimated = estimatedMark();
  card.estimated.hidden = true;
  card.meaning = el("p", { class: "meaning" }, meaning);
  card.info = el("button", { type: "button", class: "info", "aria-label": `About ${label}`, "aria-haspopup": "dialog", disabled: true }, "i");
  card.info.addEventListener("pointerdown", () => { card.wasOpen = isOpen(card); });
  card.info.addEventListener("click", () => toggleAbout(about, key, card));
  card.element = el(
    "article", { class: "card metric", "data-metric": key, "aria-label": label },
    el("div", { class: "metric-head" }, el("h3", {}, label), card.info),
    el("p", { class: "figure" }, card.value, card.estimated, card.badge),
    card.meaning,
  );
  cards.set(key, card);
  return card.element;
}

function showMetric(card, key, report, fund) {
  const metric = report.metrics[key] ?? NOT_COMPUTED;
  const { unit, meaning } = METRICS[key];
  const isMissing = metric.value === null;
  Object.assign(card, { report, fund });
  card.info.disabled = false;
  card.element.dataset.status = metric.status;
  card.value.textContent = formatted(metric.value, unit);
  card.value.title = isMissing ? "" : String(metric.value);
  card.value.classList.toggle("missing", isMissing);
  card.estimated.hidden = !metric.estimated;
  const care = careWord(metric);
  fill(card.badge, care ?? quietText(key, metric));
  card.badge.hidden = false;
  card.badge.className = care ? "badge" : "badge quiet";
  card.meaning.textContent = isMissing ? sentence(reason(metric)) : (rootsText(metric, unit) ?? meaning);
}

function quietText(key, metric) {
  if (key !== "ks_pme") return "ok";
  if (metric.value === 1) return "at parity";
  return metric.value > 1 ? "▲ above parity" : "▼ below parity";
}

function rootsText(metric, unit) {
  if (metric.status !== "multiple" || !metric.roots?.length) return null;
  return `${sentence(reason(metric))}. Rates: ${metric.roots.map((root) => formatted(root, unit)).join(" · ")}`;
}

function newAbout() {
  const about = el("div", { id: "about", popover: "auto", role: "dialog", tabindex: "-1", "aria-label": "About this figure" });
  about.addEventListener("toggle", ({ newState }) => {
    if (newState === "open") return;
    const opened = about.parentElement.querySelector('.info[aria-expanded="true"]');
    opened?.setAttribute("aria-expanded", "false");
  });
  return about;
}

function isOpen(card) {
  return card.info.getAttribute("aria-expanded") === "true";
}

// The pointer has already dismissed the box it went down outside of; a second click must not open it again.
function toggleAbout(about, key, card) {
  const wasOpen = card.wasOpen || isOpen(card);
  card.wasOpen = false;
  about.hidePopover();
  if (wasOpen) return;
  fillAbout(about, key, card);
  about.showPopover();
  place(about, card.info);
  about.focus();
  card.info.setAttribute("aria-expanded", "true");
}

function fillAbout(about, key, card) {
  const { label, formula, meaning, unit } = METRICS[key];
  const metric = card.report.metrics[key] ?? NOT_COMPUTED;
  fill(
    about,
    el("h2", {}, label),
    el("p", {}, metric.value === null ? `${sentence(reason(metric))}.` : `${sentence(meaning)}.`),
    el("p", { class: "formula" }, formula),
    el("dl", {}, figures(key, metric, card).flatMap(([term, text]) => [el("dt", {}, term), el("dd", {}, String(text))])),
    metric.roots?.length > 1 ? el("p", {}, `All roots: ${metric.roots.map((root) => precise(root, unit)).join(", ")}. `, profileLink(key)) : null,
    metric.estimated ? el("p", {}, `${ESTIMATED}.`) : null,
    (metric.warnings ?? []).map((code) => el("p", {}, `${warningText(card.report, code)}. `, el("code", {}, code))),
  );
}

function warningText({ warnings }, code) {
  return sentence(warnings.find((warning) => warning.code === code)?.message ?? code);
}

// The profile is of the fund's own stream: it shows why its IRR is not unique.
function profileLink(key) {
  if (key !== "irr") return null;
  const query = new URLSearchParams(location.search);
  query.set("tab", "methods");
  return el("a", { href: `${location.pathname}?${query}` }, "See the NPV at every rate");
}

function figures(key, metric, { report, fund }) {
  const scope = { report, fund, inputs: report.inputs ?? {} };
  const own = [["Value", metric.value === null ? NOT_AVAILABLE : String(metric.value)], ["Status", metric.status]];
  const companions = (METRICS[key].companions ?? []).map((name) => [COMPANIONS[name][0], companion(report.metrics[name], COMPANIONS[name][1])]);
  return [...own, ...companions, ...METRICS[key].inputs.map((name) => [INPUTS[name][0], INPUTS[name][1](scope) ?? "unknown"])];
}

function companion(metric, unit) {
  if (!metric || metric.value === null) return unit === "text" ? "never" : NOT_AVAILABLE;
  if (unit === "text") return metric.value;
  return unit === "multiple" ? decimal(metric.value, 4) : precise(metric.value, unit);
}

// Below its button if there is room, else beside it.
function place(box, anchor) {
  const { left, right, bottom } = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = box;
  const fitsBelow = bottom + 6 + height < innerHeight - 8;
  const beside = left - width - 6 > 8 ? left - width - 6 : right + 6;
  const x = fitsBelow ? right - width : beside;
  const y = fitsBelow ? bottom + 6 : innerHeight - height - 8;
  box.style.left = `${Math.max(8, Math.min(x, innerWidth - width - 8))}px`;
  box.style.top = `${Math.max(8, y)}px`;
}
