// The one place that calls the server.

const JSON_TYPES = /^application\/(problem\+)?json/;

/** An answer that says no: what happened, where, and the id to quote. */
export class Problem extends Error {
  constructor(status, body, id) {
    super(body.detail || body.title || `The server answered ${status}.`);
    this.status = status;
    this.code = body.code ?? null;
    this.title = body.title ?? null;
    this.rows = body.errors ?? [];
    this.total = body.total ?? this.rows.length;
    this.dataset = body.dataset ?? null;
    this.choices = body.choices ?? [];
    this.option = body.option ?? null;
    this.id = id || body.instance || null;
  }
}

/** What the window hears when an answer says that nobody is signed in. */
export const SIGNED_OUT = "pme-signed-out";

/** No answer at all. */
export class Offline extends Error {}

const INDEX_REFUSALS = new Set(["INDEX_NOT_COVERED", "INDEX_STALE"]);
const WITHOUT_INDEX = "none";

/** An index that does not answer for this fund at this date. */
export const isIndexRefusal = (error) => INDEX_REFUSALS.has(error.code);

export const TEMPLATE_URL = "/v1/imports/template.csv";

export const listFunds = (options) => get("/v1/funds", options);
export const readFund = (id, options) => get(`/v1/funds/${encodeURIComponent(id)}`, options);
export const readSession = () => get("/v1/session");
export const signIn = (key) => call("/v1/session", { method: "POST", headers: { Accept: "application/json", Authorization: `Bearer ${key}` } });
export const signOut = () => call("/v1/session", { method: "DELETE" });
export const isAlive = () => get("/healthz");
export const readSystem = (options) => get("/v1/system/cache", options);

/** The figures of a fund. Where the index is refused, those that need none; `refusal` is the error. */
export async function readSummary({ signal, ...query }) {
  const read = (asked) => get(address("/v1/metrics/summary", asked), { signal });
  try {
    return { ...(await read(query)), refusal: null };
  } catch (error) {
    if (!isIndexRefusal(error)) throw error;
    const report = await read({ ...query, benchmark: WITHOUT_INDEX });
    return { ...report, refusal: error, metrics: withReason(report.metrics, error) };
  }
}

function withReason(metrics, { code, message }) {
  const said = (metric) => (metric.status === "no_index" ? { ...metric, status: code.toLowerCase(), reason: message } : metric);
  return Object.fromEntries(Object.entries(metrics).map(([name, metric]) => [name, said(metric)]));
}

export async function listBenchmarks({ signal } = {}) {
  const items = [];
  let after = null;
  do {
    const page = await get("/v1/benchmarks", { signal, after });
    items.push(...page.items);
    after = page.next;
  } while (after);
  return items;
}

/** `{ spec, url }`: a chart, or the part of it that needs no index where the index is refused; its JSON. */
export async function readChart(chart, { fund, benchmark, as_of, signal }) {
  const path = `/v1/funds/${encodeURIComponent(fund)}/charts/${chart}`;
  const read = async (asked) => ({
    spec: await get(address(path, { format: "spec", benchmark: asked, as_of }), { signal }),
    url: chartUrl(chart, { fund, benchmark: asked, as_of }),
  });
  try {
    return await read(benchmark);
  } catch (error) {
    if (!isIndexRefusal(error) && error.code !== "NO_BENCHMARK") throw error;
    return await read(WITHOUT_INDEX).catch((second) => { throw second.code === "NO_BENCHMARK" ? error : second; });
  }
}

export const readMethods = ({ signal, ...query }) => get(methodsUrl(query), { signal });

export function methodsUrl({ fund, benchmark, as_of }) {
  return address(`/v1/funds/${encodeURIComponent(fund)}/methods`, { benchmark, as_of });
}

export function chartUrl(chart, { fund, benchmark, as_of }) {
  return address(`/v1/metrics/${chart}`, { fund, benchmark, as_of });
}

/** `answers` are options of the import, such as `{ sign: "gp" }`. */
export function importFile(file, { dataset = null, answers = {}, signal } = {}) {
  const body = new FormData();
  body.append("file", file, file.name);
  return call(address("/v1/imports", { commit: "true", dataset, ...answers }), { method: "POST", body, signal });
}

/** Makes a benchmark the one a fund is compared with unless another is asked for. */
export function setDefaultBenchmark(fund, benchmark) {
  const headers = { Accept: "application/json", "Content-Type": "application/json" };
  return call(`/v1/funds/${encodeURIComponent(fund)}`, { method: "PATCH", headers, body: JSON.stringify({ benchmark }) });
}

export function remove(item) {
  return call(`/v1/${item.kind}s/${encodeURIComponent(item.id)}`, { method: "DELETE" });
}

function get(path, { signal, after } = {}) {
  return call(address(path, { after }), { signal });
}

function address(path, query) {
  const known = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const text = new URLSearchParams(known).toString();
  if (!text) return path;
  return path + (path.includes("?") ? "&" : "?") + text;
}

async function call(path, options) {
  const response = await answer(path, options);
  const body = await content(response);
  if (response.status === 401) dispatchEvent(new Event(SIGNED_OUT));
  if (!response.ok) throw new Problem(response.status, body, response.headers.get("X-Request-Id"));
  return body;
}

async function answer(path, options) {
  try {
    return await fetch(path, { headers: { Accept: "application/json" }, ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Offline("The server does not answer.");
  }
}

async function content(response) {
  const isJson = JSON_TYPES.test(response.headers.get("Content-Type") ?? "");
  if (response.status === 204 || !isJson) return {};
  return response.json();
}
