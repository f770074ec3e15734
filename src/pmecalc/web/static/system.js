// How the service fares: health, versions, the tiers of the cache and their breakers.

import { Offline, isAlive, readSystem } from "./api.js";
import { el, fill } from "./dom.js";
import { NOT_AVAILABLE, bytes, count, duration, rate } from "./format.js";
import { emptyPanel, errorPanel, placeholder } from "./states.js";

const EVERY_MS = 5000;
const OUTCOMES = ["memory", "redis", "computed", "joined"];
const TIERS = [["memory", "Memory"], ["redis", "Redis"]];
const STATES = {
  ready: ["ready", "well"],
  closed: ["in use", "well"],
  open: ["not answering", "ill"],
  off: ["not set up", "quiet"],
};

export function openSystem(root, { offline }) {
  document.title = "System · PME Calculator";
  const view = { offline, leaving: new AbortController(), timer: null, body: el("div", { class: "system", "aria-busy": "true" }) };
  fill(root, el("h1", { tabindex: "-1" }, "System"), el("p", { class: "facts" }, "Figures of all workers, every five seconds."), view.body);
  fill(view.body, el("div", { class: "tiles" }, [1, 2, 3, 4].map(() => tile(placeholder(), placeholder()))), el("div", { class: "card waiting" }, placeholder()));
  refresh(view);
  return { update() {}, retry: () => refresh(view), leave: () => { view.leaving.abort(); clearTimeout(view.timer); } };
}

async function refresh(view) {
  const { signal } = view.leaving;
  clearTimeout(view.timer);
  try {
    const [health, said] = await Promise.all([isAlive(), readSystem({ signal })]);
    if (signal.aborted) return;
    show(view, health, said);
    view.timer = setTimeout(() => refresh(view), EVERY_MS);
  } catch (error) {
    if (!signal.aborted) complain(view, error);
  }
}

/** What was shown last stays readable while nothing answers. */
function complain(view, error) {
  if (error instanceof Offline) view.offline();
  if (error instanceof Offline && view.body.dataset.state === "ready") return;
  const retry = el("button", { type: "button", onclick: () => refresh(view) }, "Try again");
  view.body.dataset.state = "error";
  fill(view.body, el("div", { class: "card" }, errorPanel(error, { actions: [retry] })));
}

function show(view, health, said) {
  view.body.setAttribute("aria-busy", "false");
  view.body.dataset.state = "ready";
  fill(
    view.body,
    redisWarning(said.redis),
    el(
      "div", { class: "tiles" },
      tile("Service", state(health.status === "ok" ? "well" : "ill", health.status), `up ${duration(Math.max(...said.workers.map((each) => each.uptime_s)))}`),
      tile("Versions", said.versions.pmecalc, `engine ${said.versions.engine}, loops ${loops(said.workers)} · Python ${said.versions.python} · numpy ${said.versions.numpy}`),
      tile("Memory of the workers", memory(said.workers), `${processes(said.workers)} · ${duration(total(said.workers, "cpu_s"))} of processor time`),
      tile("Loop lag, last minute", `${said.loop.lag_max_1m_ms.toFixed(1)} ms`, "the longest that an event loop was not free"),
    ),
    section("tiers", "Cache tiers", tiers(said)),
    section("breakers", "Redis", redis(said.redis)),
    section("answers", "Answers by view", answers(said.answers)),
  );
}

function total(workers, name) {
  return workers.reduce((sum, each) => sum + each[name], 0);
}

/** Not every system tells the memory of a process. */
function memory(workers) {
  return workers.some((each) => each.rss_bytes === null) ? NOT_AVAILABLE : bytes(total(workers, "rss_bytes"));
}

function loops(workers) {
  return [...new Set(workers.map((each) => each.loops))].sort().join(", ");
}

function processes(workers) {
  return workers.length === 1 ? `process ${workers[0].pid}` : `${count(workers.length)} processes`;
}

function redisWarning(redis) {
  if (redis.state !== "open") return null;
  return el("div", { class: "quality" }, el("p", { class: "warning", role: "status" }, "Redis does not answer. No request fails by it: what memory does not hold is computed.", el("code", {}, "breaker open")));
}

function tile(title, value, note = null) {
  return el("div", { class: "card tile" }, el("h2", {}, title), el("p", { class: "value" }, value), el("p", { class: "meaning" }, note));
}

function section(id, title, content) {
  return el("section", { "aria-labelledby": id }, el("h2", { id }, title), el("div", { class: "card list" }, content));
}

function state(kind, text) {
  return el("span", { class: `state ${kind}` }, text);
}

function seen(held) {
  if (!held) return NOT_AVAILABLE;
  return held.age_s === undefined ? "now" : `${Math.round(held.age_s)} s ago`;
}

function tiers(said) {
  const rows = TIERS.map(([name, title]) => {
    const tier = said[name];
    const [text, kind] = STATES[tier.state] ?? [tier.state, "quiet"];
    const held = name === "redis" ? tier.server : tier;
    return [
      title, state(kind, text), share(tier.hit_ratio_1m), share(tier.hit_ratio_5m), share(tier.hit_ratio_60m),
      held ? [bytes(held.bytes), held.max_bytes ? ` of ${bytes(held.max_bytes)}` : null] : NOT_AVAILABLE,
      number(held?.entries), number(held?.evictions), seen(held),
    ];
  });
  return table("Tiers of the cache", ["Tier", "State", "Hits, 1 min", "Hits, 5 min", "Hits, 60 min", "Bytes", "Entries", "Evicted", "Seen"], rows);
}

function redis(said) {
  if (said.state === "off") return emptyPanel("There is no Redis", el("p", {}, "Answers are kept in the memory of each worker. To share them and to keep them over a restart, start the service with ", el("code", {}, "--redis-url"), "."));
  const rows = Object.entries(said.breakers).map(([side, breaker]) => [
    side === "reads" ? "Reads" : "Writes",
    breaker.open ? state("ill", "open: not asked") : state("well", "closed: asked"),
    number(breaker.opened), number(breaker.skipped), number(side === "writes" ? said.writes.queue : null), number(side === "writes" ? said.writes.dropped : null),
  ]);
  const clients = said.server ? ` · clients: ${count(said.server.clients)}` : "";
  const more = `Round trips: ${count(said.round_trips)} · timeouts: ${count(said.timeouts)} · longest wait of a request: ${said.wait_max_ms.toFixed(1)} ms${clients}`;
  return [table("Breakers of Redis", ["Side", "Breaker", "Opened", "Not asked", "Waiting", "Dropped"], rows), el("p", { class: "meaning" }, more)];
}

function answers(said) {
  if (said.length === 0) return emptyPanel("Nothing was asked yet", el("p", {}, "Counts appear here with the first chart."));
  const views = [...new Set(said.map((each) => each.view))].sort();
  const found = new Map(said.map((each) => [`${each.view} ${each.outcome}`, each.count]));
  const rows = views.map((view) => [view.replaceAll("_", " "), ...OUTCOMES.map((outcome) => number(found.get(`${view} ${outcome}`) ?? 0))]);
  return table("Answers by view and by where they came from", ["View", "From memory", "From Redis", "Computed", "Joined"], rows);
}

function table(caption, headings, rows) {
  const isNumber = (at) => at > 1 || (at === 1 && headings[1] !== "State" && headings[1] !== "Breaker");
  const kind = (at) => (isNumber(at) ? "number" : null);
  return el(
    "table", { class: "stacked" }, el("caption", { class: "hush" }, caption),
    el("thead", {}, el("tr", {}, headings.map((text, at) => el("th", { scope: "col", class: kind(at) }, text)))),
    el("tbody", {}, rows.map(([title, ...cells]) => el("tr", {}, el("th", { scope: "row" }, title), cells.map((cell, at) => el("td", { class: kind(at + 1), "data-label": headings[at + 1] }, cell))))),
  );
}

function share(ratio) {
  return ratio === null || ratio === undefined ? missing("nothing was asked") : rate(ratio);
}

function number(value) {
  return value === null || value === undefined ? missing("not known") : count(value);
}

function missing(why) {
  return el("span", { class: "missing", title: why }, "–", el("span", { class: "hush" }, why));
}
