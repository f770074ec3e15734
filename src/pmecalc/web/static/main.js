// Which page the address means, and the banner when nothing answers.

import { Offline, SIGNED_OUT, isAlive } from "./api.js";
import { announce, el, fill } from "./dom.js";
import { openFund } from "./fund.js";
import { openHome } from "./home.js";
import { openSignIn, showSession } from "./session.js";
import { emptyPanel } from "./states.js";
import { openSystem } from "./system.js";

const root = document.getElementById("content");
const banner = document.getElementById("banner");
const who = document.getElementById("who");
const NOWHERE = { update() {}, retry() {}, leave() {} };
const current = { path: null, page: null };

const ROUTES = [
  [/^\/system\/?$/, () => openSystem(root, { offline: showBanner })],
  [/^\/$/, () => openHome(root, { offline: showBanner })],
  [/^\/funds\/([^/]+)\/?$/, ([, id], query) => openFund(root, { id: decodeURIComponent(id), query, go, offline: showBanner })],
];

addEventListener("popstate", show);
addEventListener(SIGNED_OUT, askForKey);
document.addEventListener("click", followLink);
show();
tellWho();

function go(address) {
  history.pushState(null, "", address);
  show();
}

function show() {
  if (current.isAsking) return;
  const query = Object.fromEntries(new URLSearchParams(location.search));
  if (location.pathname === current.path) return current.page.update(query);
  const isFirst = current.path === null;
  current.page?.leave();
  current.path = location.pathname;
  current.page = open(query);
  if (isFirst) return;
  scrollTo(0, 0);
  document.querySelector("h1")?.focus({ preventScroll: true });
  announce(document.title);
}

function open(query) {
  for (const [pattern, enter] of ROUTES) {
    const match = pattern.exec(location.pathname);
    if (match) return enter(match, query);
  }
  fill(root, el("h1", { tabindex: "-1" }, "Not found"), emptyPanel("There is no such page", el("a", { class: "button", href: "/" }, "Back to all funds")));
  return NOWHERE;
}

function followLink(event) {
  const link = event.target.closest?.("a[href]");
  const isPlain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
  if (!link || !isPlain || link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
  if (!ROUTES.some(([pattern]) => pattern.test(link.pathname)) || link.getAttribute("href").startsWith("#")) return;
  event.preventDefault();
  if (link.href !== location.href) go(link.pathname + link.search);
}

// Every address answers 401 alike: the first one shows the form, and the address stays.
function askForKey() {
  if (current.isAsking) return;
  current.page?.leave();
  Object.assign(current, { path: null, page: NOWHERE, isAsking: true });
  openSignIn(root, { entered, offline: showBanner });
}

function entered() {
  current.isAsking = false;
  show();
  tellWho();
}

async function tellWho() {
  try {
    await showSession(who, { warn: showWarning, left: askForKey });
  } catch (error) {
    if (error instanceof Offline) showBanner();
  }
}

function showWarning(text) {
  fill(banner, el("div", { class: "wide" }, el("p", {}, text)));
  banner.hidden = false;
}

function showBanner() {
  if (!banner.hidden) return;
  const retry = el("button", { type: "button", onclick: tryAgain }, "Try again");
  fill(banner, el("div", { class: "wide" }, el("p", {}, "The server does not answer. What you see is the last it said. Is ", el("code", {}, "pme serve"), " running?"), retry));
  banner.hidden = false;
}

async function tryAgain() {
  try {
    await isAlive();
  } catch (error) {
    if (error instanceof Offline) return announce("Still no answer");
  }
  banner.hidden = true;
  announce("The server answers again");
  await current.page.retry();
}
