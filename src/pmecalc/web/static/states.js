// What a place says when it has nothing, is waiting, or was refused.

import { el } from "./dom.js";
import { sentence } from "./format.js";
import { ESTIMATED } from "./metrics.js";

export function errorPanel(error, { kept = null, actions = [], role = "alert", showHints = true } = {}) {
  return el(
    "div", { class: "panel error", role },
    el("p", { class: "what" }, sentence(error.message), error.code ? el("code", {}, error.code) : null),
    (showHints ? hints(error) : []).map((hint) => el("p", {}, hint)),
    kept ? el("p", { class: "kept" }, kept) : null,
    el("div", { class: "actions" }, actions, error.id ? copyButton(error.id) : null),
  );
}

export function emptyPanel(title, ...content) {
  return el("div", { class: "panel empty" }, el("p", { class: "what" }, title), ...content);
}

/** The mark of a figure that stands on an estimated NAV. */
export function estimatedMark() {
  return el("abbr", { class: "estimated", title: ESTIMATED }, "est.");
}

/** A grey bar where a figure will stand. */
export function placeholder() {
  return el("span", { class: "ghost", "aria-hidden": "true" });
}

function hints(error) {
  return [...new Set((error.rows ?? []).map((row) => row.hint).filter(Boolean))];
}

function copyButton(id) {
  const button = el("button", { type: "button", class: "small", title: "For a report of this error" }, `Copy id ${id}`);
  button.addEventListener("click", async () => {
    await navigator.clipboard?.writeText(id);
    button.textContent = `Copied ${id}`;
  });
  return button;
}
