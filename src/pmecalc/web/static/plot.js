// One chart on the page: heading, legend, drawing, table twin, and the states between them.

import { Offline, chartUrl, isIndexRefusal, readChart } from "./api.js";
import { chartOption, initiallyHidden, isEmpty, placeOf, placeText, places, readings, seriesStyles, tableOf } from "./charts.js";
import { announce, el, fill, newId } from "./dom.js";
import { errorPanel } from "./states.js";
import * as themes from "./theme.js";

const GROUP = "page";
const DARK = window.matchMedia("(prefers-color-scheme: dark)");
let library = null;

/** Starts fetching the chart library; every chart awaits the same promise. */
export function loadLibrary() {
  library ??= new Promise((resolve, reject) => {
    const src = new URL("./vendor/echarts.common.min.js", import.meta.url).href;
    const script = el("script", { src, onload: () => resolve(window.echarts), onerror: () => reject(new Error("The chart library is missing.")) });
    document.head.append(script);
  });
  return library;
}

export function createPlot(id, title) {
  const parts = skeleton(id, title);
  const view = { id, parts, spec: null, drawing: null, hidden: [], span: null, range: null, cursor: -1 };
  const redraw = () => view.drawing && draw(view);
  DARK.addEventListener("change", redraw);
  const observer = new ResizeObserver(() => view.drawing?.resize());
  observer.observe(parts.canvas);
  parts.table.addEventListener("click", () => toggleTable(view));
  parts.canvas.addEventListener("keydown", (event) => moveCrosshair(view, event));
  return {
    element: parts.card,
    load: (query) => load(view, query),
    days: () => (view.spec && !view.spec.across ? places(view.spec) : []),
    setSpan: (span) => setSpan(view, span),
    setRange: (range) => { view.range = range; applyRange(view); },
    dispose() {
      DARK.removeEventListener("change", redraw);
      observer.disconnect();
      view.drawing?.dispose();
    },
  };
}

function skeleton(id, title) {
  const heading = newId("chart");
  const parts = {
    title: el("h3", { id: heading }, title),
    subtitle: el("p", { class: "subtitle" }),
    table: el("button", { type: "button", class: "small", "aria-pressed": "false" }, "Table"),
    json: el("a", { class: "small button", target: "_blank", rel: "noopener", "aria-label": `JSON of ${title}` }, "JSON"),
    legend: el("div", { class: "legend", role: "group", "aria-label": `Series of ${title}` }),
    canvas: el("div", { class: "canvas", role: "img", tabindex: "0", "aria-label": `${title}, loading` }),
    twin: el("div", { class: "twin", hidden: true, tabindex: "0", role: "region", "aria-label": `${title} as a table` }),
    message: el("div", { class: "message", hidden: true }),
    notes: el("p", { class: "notes" }),
  };
  const head = el("div", { class: "chart-head" }, el("div", {}, parts.title, parts.subtitle), el("div", { class: "actions" }, parts.table, parts.json));
  const stage = el("div", { class: "stage" }, parts.canvas, parts.twin, parts.message);
  parts.card = el("section", { class: "card chart", "data-chart": id, "data-state": "loading", "aria-labelledby": heading }, head, parts.legend, stage, parts.notes);
  return parts;
}

async function load(view, query) {
  const { parts } = view;
  parts.card.dataset.state = "loading";
  parts.card.setAttribute("aria-busy", "true");
  parts.json.href = chartUrl(view.id, query);
  try {
    const [{ spec, url }] = await Promise.all([readChart(view.id, query), loadLibrary()]);
    if (query.signal.aborted) return;
    parts.json.href = url;
    show(view, spec);
  } catch (error) {
    if (error.name === "AbortError" || query.signal.aborted) return;
    fail(view, error);
    if (error instanceof Offline) throw error;
  } finally {
    if (!query.signal.aborted) parts.card.removeAttribute("aria-busy");
  }
}

function show(view, spec) {
  const { parts } = view;
  const names = (chart) => chart?.series.map((series) => series.name).join("\n");
  if (names(view.spec) !== names(spec)) view.hidden = initiallyHidden(spec);
  Object.assign(view, { spec, span: null, cursor: -1 });
  parts.title.textContent = spec.title;
  parts.subtitle.textContent = parts.subtitle.title = spec.subtitle ?? "";
  fill(parts.notes, (spec.notes ?? []).map((note) => el("span", {}, note)));
  parts.canvas.setAttribute("aria-label", `${spec.title}. ${spec.summary ?? ""}`);
  if (isEmpty(spec)) return say(view, "empty", el("p", {}, "There is nothing to draw at this date."));
  showStage(view);
  draw(view);
  fillTable(view);
  parts.card.dataset.state = "ready";
}

// With no answer at all the last drawing stays: it is still true, and the banner says the rest.
function fail(view, error) {
  if (error instanceof Offline && view.spec) {
    view.parts.card.dataset.state = "ready";
    return;
  }
  if (error.code === "NO_BENCHMARK") return say(view, "empty", el("p", {}, "This chart needs a benchmark."));
  if (isIndexRefusal(error)) return say(view, "empty", [el("p", {}, "This chart needs an index that covers the fund."), el("p", {}, error.message)]);
  say(view, "error", errorPanel(error, { role: null, kept: "The other figures of this page are not affected." }));
}

function say(view, state, content) {
  const { parts } = view;
  parts.canvas.hidden = true;
  parts.twin.hidden = true;
  parts.table.disabled = true;
  parts.legend.replaceChildren();
  fill(parts.message, content).hidden = false;
  parts.card.dataset.state = state;
}

function showStage(view) {
  const { parts } = view;
  const isTable = parts.table.getAttribute("aria-pressed") === "true";
  parts.message.hidden = true;
  parts.table.disabled = false;
  parts.canvas.hidden = isTable;
  parts.twin.hidden = !isTable;
}

function draw(view) {
  const theme = DARK.matches ? themes.dark : themes.light;
  view.drawing ??= mount(view.parts.canvas, view.spec);
  const tooltip = {
    renderMode: "html", className: "tip", appendTo: null, backgroundColor: theme.card, borderColor: theme.strong, borderWidth: 1, padding: [8, 10],
    textStyle: { color: theme.text, fontFamily: theme.font, fontSize: 12 }, extraCssText: "box-shadow:none;border-radius:6px",
    formatter: (items) => tip(view, placeOf(view.spec, [items].flat()[0]), theme),
  };
  view.drawing.setOption(chartOption(view.spec, theme, { span: view.span, hidden: view.hidden, tooltip, width: view.parts.canvas.clientWidth }), { notMerge: true });
  applyRange(view);
  fillLegend(view, theme);
}

function setSpan(view, span) {
  if (!view.spec || view.spec.across || String(view.span) === String(span)) return;
  const own = places(view.spec);
  const isOwn = own[0] === span[0] && own[own.length - 1] === span[1];
  view.span = span;
  if (view.drawing && !isOwn) draw(view);
}

// Charts over dates share one crosshair and one zoom; the others stand alone.
function mount(canvas, spec) {
  const drawing = window.echarts.init(canvas, null, { renderer: "svg" });
  if (spec.across) return drawing;
  drawing.group = GROUP;
  window.echarts.connect(GROUP);
  return drawing;
}

function tip({ spec, hidden }, place, theme) {
  const styles = seriesStyles(spec, theme);
  const shown = readings(spec, place).filter(({ name }) => !hidden.includes(name));
  const rows = shown.map(({ name, text, index }) => el("div", { class: "tip-row" }, swatch(spec.series[index], styles[index]), el("span", {}, name), el("b", {}, text)));
  return el("div", { class: "tip-body" }, el("div", { class: "tip-day" }, placeText(spec, place)), rows);
}

function swatch(series, style) {
  const isBlock = ["bar", "waterfall", "area"].includes(series.kind);
  const mark = el("span", { class: isBlock ? "swatch block" : "swatch", "aria-hidden": "true" });
  mark.style.borderTopColor = style.color;
  mark.style.borderTopStyle = isBlock || style.dash === "solid" ? "solid" : (style.dash[0] < 4 ? "dotted" : "dashed");
  return mark;
}

function fillLegend(view, theme) {
  const styles = seriesStyles(view.spec, theme);
  fill(view.parts.legend, view.spec.series.map((series, index) => {
    const isShown = !view.hidden.includes(series.name);
    const attributes = { type: "button", "aria-pressed": String(isShown), onclick: () => toggleSeries(view, series.name, theme) };
    return el("button", attributes, swatch(series, styles[index]), series.name);
  }));
}

function toggleSeries(view, name, theme) {
  const isHidden = view.hidden.includes(name);
  view.hidden = isHidden ? view.hidden.filter((other) => other !== name) : [...view.hidden, name];
  // Not an action: connected charts would follow, and switch off their series of the same name.
  view.drawing.setOption({ legend: { selected: { [name]: isHidden } } });
  const at = view.spec.series.findIndex((series) => series.name === name);
  view.parts.legend.children[at].setAttribute("aria-pressed", String(isHidden));
}

function applyRange(view) {
  if (!view.drawing || !view.spec || view.spec.across) return;
  const part = view.range ? { startValue: view.range[0], endValue: view.range[1] } : { start: 0, end: 100 };
  view.drawing.dispatchAction({ type: "dataZoom", dataZoomIndex: 0, escapeConnect: true, ...part });
}

function toggleTable(view) {
  const isTable = view.parts.table.getAttribute("aria-pressed") !== "true";
  view.parts.table.setAttribute("aria-pressed", String(isTable));
  fillTable(view);
  showStage(view);
  if (!isTable) view.drawing?.resize();
}

// The twin is built when it is asked for: most readers look at the drawing.
function fillTable(view) {
  if (view.parts.table.getAttribute("aria-pressed") !== "true" || !view.spec) return;
  const { header, rows } = tableOf(view.spec);
  const [first, ...others] = header;
  const head = el("tr", {}, el("th", { scope: "col" }, first), others.map((name) => el("th", { scope: "col", class: "number" }, name)));
  const body = rows.map(([place, ...cells]) => el("tr", {}, el("th", { scope: "row" }, place), cells.map((text) => el("td", { class: "number" }, text ?? ""))));
  fill(view.parts.twin, el("table", {}, el("caption", { class: "hush" }, view.spec.title), el("thead", {}, head), el("tbody", {}, body)));
}

function moveCrosshair(view, event) {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!step || !view.drawing || !view.spec) return;
  event.preventDefault();
  const known = places(view.spec);
  const from = view.cursor < 0 ? (step > 0 ? -1 : known.length) : view.cursor;
  view.cursor = Math.min(Math.max(from + step, 0), known.length - 1);
  const place = known[view.cursor];
  const seriesIndex = view.spec.series.findIndex((series) => !view.hidden.includes(series.name) && series.x.includes(place));
  if (seriesIndex < 0) return;
  view.drawing.dispatchAction({ type: "showTip", seriesIndex, dataIndex: view.spec.series[seriesIndex].x.indexOf(place) });
  announce(`${placeText(view.spec, place)}: ${readings(view.spec, place).map(({ name, text }) => `${name} ${text}`).join(", ")}`);
}
