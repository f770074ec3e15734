// One fund: header, cards, warnings, charts. The address holds what is asked; this page only shows answers.

import { Offline, listBenchmarks, readFund, readSummary, setDefaultBenchmark } from "./api.js";
import { createCards } from "./cards.js";
import { announce, el, fill } from "./dom.js";
import { indexKind, sentence } from "./format.js";
import { createMethods } from "./methods.js";
import { RANGES, createPickers, isDateRefused } from "./pickers.js";
import { createPlot, loadLibrary } from "./plot.js";
import { emptyPanel, errorPanel, placeholder } from "./states.js";

const OVERVIEW = {
  title: "Overview",
  charts: [["irr_pme", "IRR and KS-PME"], ["pme_progression", "PME through time"], ["cashflow_overview", "Cash flows and NAV"]],
};
const TABS = [
  ["", OVERVIEW],
  ["charts", {
    title: "More charts",
    charts: [
      ["twr_vs_index", "Time-weighted return and index"], ["multiples", "Multiples"], ["cashflow_pacing", "Pacing"],
      ["value_bridge", "Value bridge"], ["net_cf_market", "Net flows and market"],
    ],
  }],
  ["methods", { title: "Methods", charts: [["npv_profile", "NPV by discount rate"]], hasMethods: true }],
];

export function openFund(root, { id, query, go, offline }) {
  loadLibrary().catch(() => {});
  const view = { id, go, offline, query, fund: null, benchmarks: [], asOf: null, loading: null };
  view.cards = createCards();
  view.plots = [];
  view.methods = createMethods();
  view.pickers = createPickers((change) => go(addressOf(id, { ...view.query, ...change })));
  view.parts = build(root, view);
  loadDatasets(view);
  update(view, query);
  return {
    update: (next) => update(view, next),
    retry: () => { loadDatasets(view); return update(view, view.query, true); },
    leave() {
      view.loading.abort();
      view.plots.forEach((plot) => plot.dispose());
    },
  };
}

function addressOf(id, query) {
  const known = ["tab", "benchmark", "as_of", "range"].filter((name) => query[name]).map((name) => [name, query[name]]);
  const text = new URLSearchParams(known).toString();
  return `/funds/${encodeURIComponent(id)}${text ? `?${text}` : ""}`;
}

function build(root, view) {
  const parts = {
    name: el("h1", { tabindex: "-1" }, placeholder()),
    facts: el("p", { class: "facts" }, placeholder()),
    trouble: el("div", { class: "trouble" }),
    tabs: el("nav", { class: "tabs", "aria-label": "Views of the fund" }),
    quality: el("section", { class: "quality", "aria-label": "Data quality" }, placeholder()),
  };
  parts.charts = el("section", { class: "charts waiting", "aria-labelledby": "charts" }, el("h2", { id: "charts", class: "hush" }, "Charts"));
  fill(
    root,
    el("nav", { class: "crumbs", "aria-label": "Breadcrumb" }, el("a", { href: "/" }, "Funds")),
    el("div", { class: "fund-head" }, parts.name, parts.facts, view.pickers.element),
    parts.trouble,
    parts.tabs,
    view.cards.element,
    parts.quality,
    parts.charts,
  );
  return parts;
}

/** The fund's own facts and the stored benchmarks do not depend on the question. */
async function loadDatasets(view) {
  const tasks = [readFund(view.id), listBenchmarks()];
  const [fund, benchmarks] = await Promise.allSettled(tasks);
  if (fund.status === "fulfilled") view.fund = fund.value;
  if (benchmarks.status === "fulfilled") view.benchmarks = benchmarks.value;
  if (fund.reason instanceof Offline || benchmarks.reason instanceof Offline) view.offline();
  if (view.fund) showName(view, view.fund.name);
  view.pickers.show(view);
  if (view.report) showReport(view, view.report);
  else if (view.refusal) refuse(view, view.refusal);
}

function showName(view, name) {
  view.parts.name.textContent = name;
  document.title = `${name} · PME Calculator`;
}

async function update(view, query, again = false) {
  const isSameQuestion = !again && view.loading && query.as_of === view.query.as_of && query.benchmark === view.query.benchmark;
  view.query = query;
  if (!isSameQuestion) view.refusal = null;
  view.pickers.show(view);
  const isSameTab = showTab(view);
  if (isSameQuestion && isSameTab) return showRange(view);
  view.loading?.abort();
  view.loading = new AbortController();
  await answerQuestion(view, { fund: view.id, benchmark: query.benchmark, as_of: query.as_of, signal: view.loading.signal });
}

/** Puts the charts of the tab in place; false if they were not there. */
function showTab(view) {
  const [id, tab] = TABS.find(([name]) => name === view.query.tab) ?? TABS[0];
  const link = ([name, { title }]) => el("a", { href: addressOf(view.id, { ...view.query, tab: name }), "aria-current": name === id ? "page" : null }, title);
  fill(view.parts.tabs, TABS.map(link));
  if (tab === view.tab) return true;
  view.tab = tab;
  view.plots.forEach((plot) => plot.dispose());
  view.plots = tab.charts.map(([chart, title]) => createPlot(chart, title));
  fill(view.parts.charts, view.parts.charts.firstElementChild, tab.hasMethods ? view.methods.element : null, view.plots.map((plot) => plot.element));
  hideFigures(view, !view.report);
  return false;
}

// Cards and data quality belong to the overview.
function hideFigures(view, isHidden) {
  view.cards.element.hidden = view.parts.quality.hidden = isHidden || view.tab !== OVERVIEW;
}

async function answerQuestion(view, question) {
  view.cards.wait();
  const slow = setTimeout(() => announce("Loading the figures"), 300);
  const drawings = view.plots.map((plot) => plot.load(question));
  if (view.tab.hasMethods) drawings.push(view.methods.load(question));
  const results = await Promise.allSettled([loadReport(view, question), ...drawings]);
  clearTimeout(slow);
  if (question.signal.aborted) return;
  if (results.some(({ reason }) => reason instanceof Offline)) view.offline();
  const broken = results.find(({ reason }) => reason && !(reason instanceof Offline));
  if (broken) throw broken.reason;
  shareSpan(view);
}

// One zoom for all charts needs one time axis for all.
function shareSpan({ plots }) {
  const days = plots.flatMap((plot) => plot.days()).sort();
  if (days.length) plots.forEach((plot) => plot.setSpan([days[0], days[days.length - 1]]));
}

async function loadReport(view, question) {
  try {
    const report = await readSummary(question);
    if (!question.signal.aborted) showReport(view, report);
  } catch (error) {
    if (error.name === "AbortError" || question.signal.aborted) return;
    if (error instanceof Offline) throw error;
    refuse(view, error);
  } finally {
    // Warnings stand above the charts: shown together, nothing is pushed away from under the reader.
    view.parts.charts.classList.remove("waiting");
  }
}

function showReport(view, report) {
  const isNew = report !== view.report;
  Object.assign(view, { report, refusal: null, asOf: report.as_of });
  fill(view.parts.trouble, report.refusal ? indexNotice(view, report.refusal) : report.benchmark ? null : whichBenchmark(view));
  view.parts.charts.hidden = view.pickers.element.hidden = view.parts.tabs.hidden = false;
  hideFigures(view, false);
  showName(view, report.fund ?? view.fund?.name ?? "Fund");
  fill(view.parts.facts, facts(view, report));
  view.cards.show(report, view.fund);
  fill(view.parts.quality, quality(report));
  showRange(view);
  if (isNew) announce(`Figures of ${report.fund} as of ${report.as_of}`);
}

function facts({ fund }, report) {
  const lack = report.refusal ? "index not usable" : "no benchmark";
  const index = report.benchmark ? `against ${report.benchmark}, ${indexKind(report.inputs.index_kind)}` : lack;
  const words = [fund?.vintage && `Vintage ${fund.vintage}`, report.currency ?? "no currency given", `as of ${report.as_of}`, index];
  return words.filter(Boolean).map((word) => el("span", {}, word));
}

function quality({ inputs, warnings, notes }) {
  const rows = warnings.map(({ code, message }) => el("li", { class: "warning" }, el("span", {}, sentence(message)), el("code", {}, code)));
  const nav = inputs.nav_date ? `NAV of ${inputs.nav_date}` : "no NAV reported";
  const gap = inputs.max_index_gap_days ? `index levels at most ${inputs.max_index_gap_days} days old` : null;
  const base = [`${inputs.n_flows} flows`, nav, gap, warnings.length ? null : "no warnings"].filter(Boolean).join(" · ");
  const said = [...(notes?.fund ?? []).map((text) => ["Fund file", text]), ...(notes?.benchmark ?? []).map((text) => ["Index file", text])];
  return el("ul", {}, rows, el("li", {}, base), said.map(([file, text]) => el("li", { class: "note" }, `${file}: ${text}`)));
}

function showRange(view) {
  const years = RANGES.find(([id]) => id === (view.query.range ?? ""))?.[2];
  if (!view.asOf) return;
  const [year, month, day] = view.asOf.split("-").map(Number);
  const range = years ? [Date.UTC(year - years, month - 1, day), Date.UTC(year, month - 1, day)] : null;
  view.plots.forEach((plot) => plot.setRange(range));
}

// Figures of the question before must not stand under this one.
function refuse(view, error) {
  Object.assign(view, { report: null, refusal: error });
  hideFigures(view, true);
  view.parts.charts.hidden = view.parts.tabs.hidden = error.status === 404 || error.status === 422;
  view.pickers.element.hidden = error.status === 404 && !view.query.benchmark;
  view.parts.facts.replaceChildren();
  if (!view.fund) showName(view, error.status === 404 ? "Not found" : "Fund");
  view.pickers.show(view);
  fill(view.parts.trouble, errorPanel(error, { kept: [isDateRefused(error) ? `The date ${view.query.as_of} was refused.` : null, "Nothing stored was changed."].filter(Boolean).join(" "), actions: remedies(view) }));
}

// The figures that need no index stand; one sentence says why the others are missing.
function indexNotice(view, refusal) {
  const why = `The index figures are missing: ${refusal.message.replace(/^The /, "the ")}`;
  const hints = refusal.rows.map(({ hint }) => hint).filter(Boolean);
  return el(
    "div", { class: "panel notice", role: "status" },
    el("p", { class: "what" }, why, el("code", {}, refusal.code)),
    hints.map((hint) => el("p", {}, hint)),
    el("div", { class: "actions" }, otherQuestions(view)),
  );
}

function otherQuestions({ id, query }) {
  const link = (text, change) => el("a", { class: "button", href: addressOf(id, { ...query, ...change }) }, text);
  return [
    query.as_of ? link("Use the latest valuation", { as_of: "" }) : null,
    query.benchmark ? link("Use the default benchmark", { benchmark: "" }) : null,
  ];
}

function remedies(view) {
  return [...otherQuestions(view), el("a", { class: "button", href: "/" }, "Back to all funds")];
}

// Several benchmarks and no default among them: asked once, then kept with the fund.
function whichBenchmark(view) {
  if (view.benchmarks.length < 2) return null;
  return emptyPanel("Which benchmark?", el("p", {}, "The PME figures need one. The choice is kept with the fund."), el("div", { class: "actions" }, view.benchmarks.map((item) => defaultButton(view, item))));
}

function defaultButton(view, benchmark) {
  const choose = async () => {
    try {
      await setDefaultBenchmark(view.id, benchmark.id);
      await loadDatasets(view);
      await update(view, view.query, true);
    } catch (error) {
      if (error instanceof Offline) return view.offline();
      refuse(view, error);
    }
  };
  return el("button", { type: "button", onclick: choose }, `Always compare with ${benchmark.name}`);
}
