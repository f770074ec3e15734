// The drop zone, and what became of each file.

import { Offline, TEMPLATE_URL, importFile } from "./api.js";
import { announce, el, fill } from "./dom.js";
import { errorPanel } from "./states.js";

const LARGEST = 50 * 1024 * 1024;
const COLUMNS = [["row", "Row"], ["column", "Column"], ["value", "Value"], ["message", "What is wrong"], ["hint", "What to do"], ["code", "Code"]];
const CHOICES = { sign: { lp: "As the investor sees it", gp: "As the fund manager sees it" } };

/** `changed` is called after each file that was stored. */
export function createImports({ changed, offline, signal }) {
  const results = el("ul", { class: "results", "aria-label": "Files" });
  const input = el("input", { type: "file", multiple: true, accept: ".csv,.tsv,.txt,.xlsx,.xlsm", class: "hush", tabindex: "-1", "aria-hidden": "true" });
  const zone = el(
    "div", { class: "drop", "data-testid": "drop" },
    el("p", { class: "what" }, "Drop a fund file, an index file, or both"),
    el("p", {}, "CSV or Excel. A fund: date, contribution, distribution, nav. An index: date, level."),
    el("div", { class: "actions" }, el("button", { type: "button", class: "primary", onclick: () => input.click() }, "Browse files"), el("a", { class: "button", href: TEMPLATE_URL, download: "" }, "Download the template")),
    input,
  );
  const view = { results, changed, offline };
  input.addEventListener("change", () => {
    importAll(view, [...input.files]);
    input.value = "";
  });
  acceptDrops(zone, signal, (files) => importAll(view, files));
  return el("section", { class: "imports", "aria-label": "Import" }, zone, results);
}

// The whole page takes a drop: a file let go beside the zone must not replace the page.
function acceptDrops(zone, signal, take) {
  const mark = (isOver) => zone.classList.toggle("over", isOver);
  document.addEventListener("dragover", (event) => { event.preventDefault(); mark(true); }, { signal });
  document.addEventListener("dragleave", (event) => event.relatedTarget || mark(false), { signal });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    mark(false);
    take([...event.dataTransfer.files]);
  }, { signal });
}

async function importAll(view, files) {
  view.results.replaceChildren();
  const rows = files.map((file) => {
    const row = el("li", { class: "result", "data-state": "working" });
    fill(row, headline(file, "reading …"));
    view.results.append(row);
    return row;
  });
  for (const [index, file] of files.entries()) await importOne(view, file, rows[index], null);
}

async function importOne(view, file, row, dataset, answers = {}) {
  row.dataset.state = "working";
  fill(row, headline(file, "reading …"));
  if (file.size > LARGEST) return refuse(row, file, new Error("The file is larger than 50 MB. Split it, or leave out sheets that are not needed."));
  try {
    const answer = await importFile(file, { dataset, answers });
    stored(row, file, answer);
    view.changed();
  } catch (error) {
    if (error instanceof Offline) view.offline();
    if (error.code === "NAME_EXISTS" && error.dataset) return offerRevision(view, row, file, error, answers);
    if (error.option && error.choices.length > 0) return askOne(view, row, file, error, dataset, answers);
    refuse(row, file, error);
  }
}

function headline(file, text) {
  return el("p", { class: "headline" }, el("b", {}, file.name), el("span", {}, text));
}

function stored(row, file, { already, datasets }) {
  row.dataset.state = already ? "already" : "stored";
  const text = already ? "already imported, nothing changed" : "imported";
  fill(row, headline(file, text), el("ul", { class: "datasets" }, (datasets ?? []).map((item) => el("li", {}, describe(item)))));
  announce(`${file.name}: ${text}`);
}

function describe({ id, kind, name, sequence, notes }) {
  const label = kind === "fund" ? el("a", { href: `/funds/${encodeURIComponent(id)}` }, name) : el("b", {}, name);
  const note = sequence > 1 ? `, revision ${sequence}` : "";
  const said = (notes ?? []).map((text) => el("li", {}, text));
  return [el("span", {}, kind === "fund" ? "Fund " : "Benchmark "), label, el("span", {}, note), said.length ? el("ul", { class: "notes" }, said) : null];
}

function offerRevision(view, row, file, error, answers) {
  row.dataset.state = "exists";
  const agree = el("button", { type: "button", class: "primary", onclick: () => importOne(view, file, row, error.dataset, answers) }, "Make it a new revision");
  const decline = el("button", { type: "button", onclick: () => row.remove() }, "Leave it as it is");
  fill(row, headline(file, "not imported yet"), el("p", {}, error.message), el("div", { class: "actions" }, agree, decline));
  announce(`${file.name}: the name exists already`);
}

// A file that can be read in two ways: a button for each, and the file is sent again with the answer.
function askOne(view, row, file, error, dataset, answers) {
  row.dataset.state = "asked";
  const choose = (choice) => importOne(view, file, row, dataset, { ...answers, [error.option]: choice });
  const buttons = error.choices.map((choice) => el("button", { type: "button", "data-choice": choice, onclick: () => choose(choice) }, choiceText(error, choice)));
  const leave = el("button", { type: "button", onclick: () => row.remove() }, "Leave it out");
  fill(row, headline(file, "not imported yet"), errorPanel(error, { kept: `Nothing was stored from this file yet. ${error.choices.length > 1 ? "Which is it?" : "Is it right?"}`, actions: [...buttons, leave] }));
  announce(`${file.name}: a question is open`);
}

// With one choice the file has two columns, and is right as it stands if it says so.
function choiceText({ option, choices }, choice) {
  const words = option === "sign" && choices.length === 1 ? "The columns are right as they are called" : CHOICES[option]?.[choice];
  return words ? `${words} (${choice})` : choice.replaceAll("_", " ");
}

function refuse(row, file, error) {
  row.dataset.state = "refused";
  fill(row, headline(file, "not imported"), errorPanel(error, { kept: "Nothing was stored from this file.", showHints: false }), problems(error.rows ?? [], error.total));
}

function problems(rows, total) {
  if (rows.length === 0) return null;
  const columns = COLUMNS.filter(([key]) => rows.some((row) => !isBlank(row[key])));
  const head = el("tr", {}, columns.map(([, title]) => el("th", { scope: "col" }, title)));
  const body = rows.map((row) => el("tr", {}, columns.map(([key, title]) => el("td", { "data-label": title, class: `cell-${key}` }, isBlank(row[key]) ? "–" : String(row[key])))));
  return el("table", { class: "problems stacked" }, el("caption", {}, caption(rows.length, total)), el("thead", {}, head), el("tbody", {}, body));
}

function caption(shown, total) {
  if (total > shown) return `The first ${shown} of ${total.toLocaleString("en")} problems`;
  return shown === 1 ? "1 problem" : `${shown} problems`;
}

function isBlank(value) {
  return value === null || value === undefined || value === "";
}
