// ChartSpec -> ECharts option. Pure: no document, no clock; the server's renderer runs this same file.

import { axisLabel, decimal, multiple, precise } from "./format.js";
import { statusWord } from "./metrics.js";

const DASHES = { benchmark: [6, 4], nav: [2, 3], parity: [1, 3] };
const OTHER_DASHES = ["solid", [10, 3, 2, 3], [2, 3], [6, 4]];
const WIDTHS = { fund: 2, benchmark: 2, nav: 2, parity: 1 };
const MANY_POINTS = 2000;
const TIME_LABELS = { year: "{yyyy}", month: "{MMM} {yy}", day: "{d} {MMM}" };

/**
 * The option ECharts draws.
 *
 * `span` is [first, last] as ISO dates: charts that share it share their zoom. `hidden` names the series
 * switched off, `tooltip` is what the page shows at the crosshair, `legend` draws one (the page has its own),
 * `width` in pixels decides how many dates are labelled.
 */
export function chartOption(spec, theme, { span = null, hidden = [], tooltip = null, legend = false, width = 600 } = {}) {
  const styles = seriesStyles(spec, theme);
  return {
    animation: false,
    useUTC: true,
    backgroundColor: "transparent",
    textStyle: { fontFamily: theme.font, fontSize: 12, color: theme.muted },
    grid: { left: 6, right: 6, top: legend ? 56 : 30, bottom: 4, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    legend: { show: legend, top: 0, left: 0, textStyle: { color: theme.text, fontFamily: theme.font }, selected: selection(spec, hidden) },
    tooltip: { trigger: "axis", confine: true, transitionDuration: 0, ...tooltip, axisPointer: pointer(theme) },
    xAxis: spec.across ? acrossAxis(spec, theme) : timeAxis(spec, theme, span, width),
    yAxis: spec.axes.map((axis, index) => valueAxis(axis, index, theme, spec)),
    dataZoom: spec.across ? [] : [zoom()],
    series: [
      ...spec.series.flatMap((series, index) => drawnSeries(spec, series, styles[index])),
      ...(spec.marks ?? []).map((mark) => drawnMark(mark, spec, theme)),
    ],
  };
}

/** How each series is drawn: a colour by role, and a dash so that colour is never the only sign. */
export function seriesStyles(spec, theme) {
  const seen = {};
  return spec.series.map(({ role }) => {
    const dashes = [DASHES[role] ?? "solid", ...OTHER_DASHES.filter((dash) => String(dash) !== String(DASHES[role] ?? "solid"))];
    seen[role] = (seen[role] ?? -1) + 1;
    return {
      color: theme.roles[role] ?? theme.muted,
      width: WIDTHS[role] ?? 1.5,
      dash: dashes[seen[role] % dashes.length],
    };
  });
}

/** Names of the series that start switched off. */
export function initiallyHidden(spec) {
  return spec.series.filter((series) => series.shown === false).map((series) => series.name);
}

export function isEmpty(spec) {
  return spec.series.every((series) => series.y.every((value) => value === null));
}

/** Every place of the chart: dates, rates or ages ascending, labels in their order. */
export function places(spec) {
  const found = [...new Set(spec.series.flatMap((series) => series.x))];
  if (spec.across?.unit === "label") return found;
  return spec.across ? found.sort((one, other) => one - other) : found.sort();
}

/** A place in words. */
export function placeText(spec, place) {
  if (spec.across?.unit === "rate") return precise(place, "rate");
  return spec.across?.unit === "years" ? decimal(place, 2) : place;
}

/** The place that the crosshair is at, from what ECharts says of a point. */
export function placeOf(spec, { axisValue, value }) {
  if (!spec.across) return isoDay(axisValue);
  return spec.across.unit === "label" ? axisValue : value[0];
}

/** The chart as a table: a header, and one row of text a place; series with no point there have null. */
export function tableOf(spec) {
  const columns = spec.series.map((series) => {
    const unit = unitOf(spec, series.axis);
    return new Map(series.x.map((day, index) => [day, cell(series, index, unit)]));
  });
  return {
    header: [spec.across?.title ?? "Date", ...spec.series.map((series) => series.name)],
    rows: places(spec).map((place) => [placeText(spec, place), ...columns.map((column) => column.get(place) ?? null)]),
  };
}

/** What the crosshair reads at a place: [{name, text, index}] of the series with a point there. */
export function readings(spec, place) {
  return spec.series.flatMap((series, index) => {
    const at = series.x.indexOf(place);
    return at < 0 ? [] : [{ name: series.name, index, text: cell(series, at, unitOf(spec, series.axis)) }];
  });
}

function isoDay(time) {
  return new Date(time).toISOString().slice(0, 10);
}

function cell(series, index, unit) {
  const value = series.y[index];
  const status = series.statuses?.[index];
  const text = precise(value, unit);
  return status && status !== "ok" ? `${text} (${statusWord(status)})` : text;
}

function unitOf(spec, id) {
  return spec.axes[axisIndex(spec, id)].unit;
}

function axisIndex(spec, id) {
  return Math.max(0, spec.axes.findIndex((axis) => axis.id === id));
}

function time(day) {
  return Date.parse(`${day}T00:00:00Z`);
}

function position(spec, place) {
  return spec.across ? place : time(place);
}

function selection(spec, hidden) {
  return Object.fromEntries(spec.series.map(({ name }) => [name, !hidden.includes(name)]));
}

function pointer(theme) {
  return { type: "line", snap: true, lineStyle: { color: theme.strong, width: 1, type: "solid" }, label: { show: false } };
}

function timeAxis(spec, theme, span, width) {
  const days = places(spec);
  const ends = [...days.slice(0, 1), ...days.slice(-1), ...(span ?? [])].sort();
  return {
    type: "time",
    splitNumber: width > 900 ? 7 : width > 420 ? 5 : 4,
    min: ends.length ? time(ends[0]) : undefined,
    max: ends.length ? time(ends[ends.length - 1]) : undefined,
    axisLine: { onZero: false, lineStyle: { color: theme.strong } },
    axisTick: { lineStyle: { color: theme.strong } },
    axisLabel: { color: theme.muted, hideOverlap: true, formatter: TIME_LABELS },
    splitLine: { show: false },
  };
}

function acrossAxis(spec, theme) {
  const isLabels = spec.across.unit === "label";
  const known = places(spec);
  return {
    type: isLabels ? "category" : "value",
    data: isLabels ? known : undefined,
    min: isLabels ? undefined : known[0],
    max: isLabels ? undefined : known[known.length - 1],
    axisLine: { onZero: false, lineStyle: { color: theme.strong } },
    axisTick: { show: !isLabels, lineStyle: { color: theme.strong } },
    axisLabel: { color: theme.muted, hideOverlap: true, showMinLabel: isLabels, showMaxLabel: isLabels, formatter: acrossLabel(spec.across.unit) },
    splitLine: { show: false },
  };
}

function acrossLabel(unit) {
  if (unit === "label") return undefined;
  return (value) => axisLabel(value, unit === "rate" ? "rate" : "level");
}

function valueAxis(axis, index, theme, spec) {
  const isRight = index > 0;
  const hasLabels = hasPoints(spec, axis);
  const isStacked = spec.series.some((series) => series.kind === "area" && series.axis === axis.id);
  return {
    type: "value",
    name: axis.title,
    nameGap: 12,
    nameTextStyle: { color: theme.muted, align: isRight ? "right" : "left", fontFamily: theme.font },
    position: isRight ? "right" : "left",
    scale: (axis.unit === "multiple" && !isStacked) || axis.unit === "level",
    alignTicks: isRight && axis.unit !== "rate" && !axis.span,
    interval: axis.step ?? undefined,
    splitNumber: 5,
    boundaryGap: hasLabels && !axis.span ? ["12%", "8%"] : [0, 0],
    min: axis.span ? axis.span[0] : axis.unit === "rate" ? floorOfRates : undefined,
    max: axis.span ? axis.span[1] : undefined,
    axisLine: { show: false, onZero: false },
    axisTick: { show: false },
    axisLabel: { color: theme.muted, formatter: (value) => axisLabel(value, axis.unit) },
    splitLine: { show: !isRight, lineStyle: { color: theme.line } },
  };
}

function hasPoints(spec, axis) {
  return (spec.marks ?? []).some((mark) => mark.kind === "point" && mark.axis === axis.id);
}

// No rate is below −100 %: neither is a label.
function floorOfRates({ min }) {
  return min >= -1 && min < -0.6 ? -1 : undefined;
}

function zoom() {
  return { type: "inside", zoomOnMouseWheel: "ctrl", moveOnMouseWheel: false, preventDefaultMouseMove: false, minValueSpan: 86400000 * 90 };
}

function drawnSeries(spec, series, style) {
  const yAxisIndex = axisIndex(spec, series.axis);
  const data = series.x.map((place, index) => [position(spec, place), series.y[index]]);
  const common = { name: series.name, yAxisIndex, itemStyle: { color: style.color }, emphasis: { disabled: true } };
  if (series.kind === "waterfall") return waterfall(series, common);
  if (series.kind === "bar") {
    return { ...common, type: "bar", data, barGap: "-100%", barMinWidth: 2, barMaxWidth: 12, large: data.length > MANY_POINTS };
  }
  return {
    ...common,
    type: "line",
    step: series.kind === "step" ? "end" : false,
    symbol: "circle",
    symbolSize: 4,
    data: data.map((point, index) => ({ value: point, symbol: symbolAt(series, index) })),
    connectNulls: false,
    sampling: data.length > MANY_POINTS ? "minmax" : undefined,
    lineStyle: { color: style.color, width: style.width, type: style.dash },
    ...(series.kind === "area" ? { areaStyle: { color: style.color, opacity: 0.35 }, stack: `area ${series.axis}`, z: 2 } : { z: 3 }),
  };
}

// Each step floats between two running totals: an unseen bar carries it, above and below zero apart.
// A step that is not known is a gap.
function waterfall(series, common) {
  const last = series.y.length - 1;
  let total = 0;
  const spans = series.y.map((value, index) => {
    const from = index === 0 || index === last ? 0 : total;
    if (value === null) return null;
    total = from + value;
    return [Math.min(from, total), Math.max(from, total)];
  });
  const part = (length) => spans.map((span) => (span === null ? null : length(...span)));
  const bars = { ...common, type: "bar", stack: "waterfall", barMaxWidth: 48 };
  const unseen = { ...bars, silent: true, itemStyle: { color: "transparent" }, tooltip: { show: false } };
  return [
    { ...unseen, data: part((from) => Math.max(from, 0)) },
    { ...bars, data: part((from, to) => Math.max(to, 0) - Math.max(from, 0)) },
    { ...unseen, data: part((from, to) => Math.min(to, 0)) },
    { ...bars, data: part((from, to) => Math.min(from, 0) - Math.min(to, 0)) },
  ];
}

/** A line shows no points, but for one that stands alone and one that is a choice among several roots. */
function symbolAt(series, index) {
  const isAlone = (series.y[index - 1] ?? null) === null && (series.y[index + 1] ?? null) === null;
  if (series.statuses?.[index] === "multiple") return "emptyCircle";
  return isAlone ? "circle" : "none";
}

function drawnMark(mark, spec, theme) {
  const color = theme.roles[mark.role] ?? theme.muted;
  const common = { yAxisIndex: axisIndex(spec, mark.axis), silent: true, tooltip: { show: false }, itemStyle: { color }, z: 4 };
  const label = { show: true, color: theme.muted, fontFamily: theme.font, fontSize: 11, textBorderColor: theme.card, textBorderWidth: 3 };
  return mark.kind === "level" ? { ...common, ...levelMark(mark, spec, color, label) } : { ...common, ...pointMark(mark, spec, color, label) };
}

// A level has a point on each day, so that zooming the days away does not take the line with them.
function levelMark(mark, spec, color, label) {
  const known = places(spec);
  const unit = unitOf(spec, mark.axis);
  const isTop = spec.series.filter(({ axis }) => axis === mark.axis).every(({ y }) => y.every((value) => value === null || value <= mark.value));
  const text = `${mark.label} ${unit === "multiple" ? multiple(mark.value) : axisLabel(mark.value, unit)}`;
  return {
    type: "line",
    symbol: "none",
    data: known.map((place) => [position(spec, place), mark.value]),
    lineStyle: { color, width: 1, type: DASHES.parity },
    endLabel: { ...label, show: mark.value !== 0, formatter: text, align: "right", verticalAlign: isTop ? "top" : "bottom", offset: [-6, isTop ? 2 : -2] },
  };
}

function pointMark(mark, spec, color, label) {
  return {
    type: "scatter",
    symbol: "circle",
    symbolSize: 7,
    data: [[position(spec, mark.x), mark.value]],
    itemStyle: { color, opacity: 1 },
    label: { ...label, formatter: mark.label, position: mark.value < 0 ? "bottom" : "top" },
  };
}
