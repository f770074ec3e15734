// The first page: files in, funds and benchmarks that are stored.

import { Offline, listBenchmarks, listFunds, readSummary, remove } from "./api.js";
import { ask } from "./dialog.js";
import { announce, el, fill } from "./dom.js";
import { NOT_AVAILABLE, formatted, indexKind } from "./format.js";
import { createImports } from "./imports.js";
import { METRICS, careWord, reason } from "./metrics.js";
import { emptyPanel, errorPanel, estimatedMark, placeholder } from "./states.js";

const FIGURES = [["irr", "Net IRR"], ["tvpi", "TVPI"], ["ks_pme", "KS-PME"]];
const AT_ONCE = 4;

export function openHome(root, { offline }) {
  document.title = "Funds · PME Calculator";
  const leaving = new AbortController();
  const view = { offline, leaving, visible: new AbortController(), funds: el("div", { class: "card list" }), benchmarks: el("div", { class: "card list" }) };
  fill(
    root,
    el("h1", { tabindex: "-1" }, "Funds and benchmarks"),
    createImports({ changed: () => refresh(view), offline, signal: leaving.signal }),
    el(
      "div", { class: "lists" },
      el("section", { "aria-labelledby": "funds" }, el("h2", { id: "funds" }, "Funds"), view.funds),
      el("section", { "aria-labelledby": "benchmarks" }, el("h2", { id: "benchmarks" }, "Benchmarks"), view.benchmarks),
    ),
  );
  for (const list of [view.funds, view.benchmarks]) fill(list, [1, 2, 3].map(() => el("p", { class: "waiting" }, placeholder())));
  refresh(view);
  return { update() {}, retry: () => refresh(view), leave: () => { leaving.abort(); view.visible.abort(); } };
}

async function refresh(view) {
  view.visible.abort();
  view.visible = new AbortController();
  const { signal } = view.visible;
  await Promise.all([
    into(view, view.funds, signal, async () => showFunds(view, await listFunds({ signal }), signal)),
    into(view, view.benchmarks, signal, async () => showBenchmarks(view, await listBenchmarks({ signal }))),
  ]);
}

async function into(view, list, signal, work) {
  try {
    await work();
  } catch (error) {
    if (signal.aborted) return;
    if (error instanceof Offline) view.offline();
    const retry = el("button", { type: "button", onclick: () => refresh(view) }, "Try again");
    if (!(error instanceof Offline && list.querySelector("table"))) fill(list, errorPanel(error, { actions: [retry] }));
  }
}

function showFunds(view, page, signal) {
  if (page.items.length === 0) {
    return fill(view.funds, emptyPanel("No fund yet", el("p", {}, "Drop a file above: dates with contributions and distributions, and the NAVs. Figures appear here at once."), el("p", {}, "To look around first, start the server with ", el("code", {}, "pme serve --demo"), ".")));
  }
  const headings = ["Name", "Vintage", "Currency", "As of", ...FIGURES.map(([, label]) => label)];
  const head = el("tr", {}, headings.map((text, at) => el("th", { scope: "col", class: at > 3 ? "number" : null }, text)), el("th", { scope: "col" }, el("span", { class: "hush" }, "Delete")));
  const body = el("tbody");
  const more = el("button", { type: "button", class: "more" }, "Show more funds");
  fill(view.funds, el("table", { class: "stacked", id: "fund-table" }, el("caption", { class: "hush" }, "Stored funds"), el("thead", {}, head), body), more);
  appendFunds(view, { body, more, page, signal, figures: figuresLoader(view, signal) });
}

function appendFunds(view, { body, more, page, signal, figures }) {
  for (const fund of page.items) {
    const row = fundRow(view, fund);
    body.append(row.element);
    figures.watch(row);
  }
  more.hidden = !page.next;
  more.onclick = () => into(view, view.funds, signal, async () => {
    const next = await listFunds({ signal, after: page.next });
    appendFunds(view, { body, more, page: next, signal, figures });
  });
}

function fundRow(view, fund) {
  const cells = {};
  for (const [key, label] of FIGURES) cells[key] = el("td", { class: "number", "data-label": label, "data-figure": key }, placeholder());
  cells.as_of = el("td", { "data-label": "As of" }, placeholder());
  const element = el(
    "tr", { "data-fund": fund.id },
    el("th", { scope: "row" }, el("a", { href: `/funds/${encodeURIComponent(fund.id)}` }, fund.name)),
    el("td", { "data-label": "Vintage" }, fund.vintage ? String(fund.vintage) : dash()),
    el("td", { "data-label": "Currency" }, fund.currency ?? dash()),
    cells.as_of, FIGURES.map(([key]) => cells[key]),
    el("td", { class: "act" }, deleteButton(view, fund)),
  );
  return { fund, element, cells };
}

/** Asks for a fund's figures when its row comes into sight, a few funds at a time. */
function figuresLoader(view, signal) {
  const rows = new Map();
  const waiting = [];
  let running = 0;
  const next = async () => {
    if (running >= AT_ONCE || waiting.length === 0 || signal.aborted) return;
    running += 1;
    await showFigures(view, waiting.shift(), signal);
    running -= 1;
    next();
  };
  const observer = new IntersectionObserver((entries) => {
    for (const { target } of entries.filter((entry) => entry.isIntersecting)) {
      observer.unobserve(target);
      waiting.push(rows.get(target));
      next();
    }
  }, { rootMargin: "200px" });
  signal.addEventListener("abort", () => observer.disconnect());
  return { watch(row) { rows.set(row.element, row); observer.observe(row.element); } };
}

async function showFigures(view, { fund, cells, element }, signal) {
  try {
    const report = await readSummary({ fund: fund.id, signal });
    cells.as_of.textContent = report.as_of;
    for (const [key] of FIGURES) fill(cells[key], figure(report.metrics[key], METRICS[key].unit));
    if (!report.benchmark && !report.refusal) fill(cells.ks_pme, el("a", { href: `/funds/${encodeURIComponent(fund.id)}` }, "choose a benchmark"));
    element.dataset.state = "ready";
  } catch (error) {
    if (signal.aborted) return;
    if (error instanceof Offline) view.offline();
    fill(cells.as_of, dash());
    for (const [key] of FIGURES) fill(cells[key], missing(error.message));
    element.dataset.state = "error";
  }
}

function figure(metric, unit) {
  if (!metric || metric.value === null) return missing(metric ? reason(metric) : "not computed");
  const care = careWord(metric);
  return [care ? el("span", { class: "badge" }, care) : null, metric.estimated ? estimatedMark() : null, el("span", { title: String(metric.value) }, formatted(metric.value, unit))];
}

function missing(why) {
  return el("span", { class: "missing", title: why }, NOT_AVAILABLE, el("span", { class: "hush" }, ` (${why})`));
}

function dash() {
  return el("span", { class: "missing" }, "–", el("span", { class: "hush" }, "not given"));
}

function showBenchmarks(view, items) {
  if (items.length === 0) {
    return fill(view.benchmarks, emptyPanel("No benchmark yet", el("p", {}, "Drop an index file (date, level) to compare a fund with the public market. A total-return index is the fair one.")));
  }
  fill(view.benchmarks, el("ul", { class: "rows" }, items.map((item) => el(
    "li", { "data-benchmark": item.id },
    el("div", {}, el("b", {}, item.name), el("p", {}, `${indexKind(item.index_kind)}${item.currency ? ` · ${item.currency}` : ""}`), el("p", {}, `${item.first_date} to ${item.last_date} · ${item.rows} levels`)),
    deleteButton(view, item),
  ))));
}

function deleteButton(view, item) {
  return el("button", { type: "button", class: "small", "aria-label": `Delete ${item.name}`, onclick: () => confirmDelete(view, item) }, "Delete");
}

async function confirmDelete(view, item) {
  const detail = item.kind === "fund"
    ? `Its ${item.rows} rows and all its revisions are removed from this server. Your own file stays as it is.`
    : "Funds compared with it lose their benchmark figures. Your own file stays as it is.";
  if (!(await ask({ title: `Delete “${item.name}”?`, detail, agree: "Delete" }))) return;
  try {
    await remove(item);
    announce(`${item.name} is deleted`);
    await refresh(view);
    document.querySelector("h1").focus();
  } catch (error) {
    if (error instanceof Offline) return view.offline();
    view[`${item.kind}s`].prepend(errorPanel(error, { kept: "It was not deleted." }));
  }
}
