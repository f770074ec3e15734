// Who is signed in: the form that asks for a key, and the way out.

import { Offline, readSession, signIn, signOut } from "./api.js";
import { announce, el, fill, newId } from "./dom.js";
import { errorPanel } from "./states.js";

/** Asks for an API key in the place of the page; `entered` is called once it was accepted. */
export function openSignIn(root, { entered, offline }) {
  document.title = "Sign in · PME Calculator";
  const id = newId("key");
  const input = el("input", { id, type: "password", name: "key", required: true, autocomplete: "current-password", spellcheck: "false", autocapitalize: "off" });
  const button = el("button", { type: "submit", class: "primary" }, "Sign in");
  const trouble = el("div", { class: "trouble" });
  const form = el(
    "form", { class: "card sign-in", "data-testid": "sign-in" },
    el("label", { for: id }, "API key"), input,
    el("p", { class: "kept" }, "It begins with pme_. An admin of your organisation makes one with ", el("code", {}, "pme keys create"), "."),
    trouble,
    el("div", { class: "actions" }, button),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    enter({ input, button, trouble, entered, offline });
  });
  fill(root, el("h1", { tabindex: "-1" }, "Sign in"), form);
  input.focus();
}

async function enter({ input, button, trouble, entered, offline }) {
  button.disabled = true;
  trouble.replaceChildren();
  try {
    await signIn(input.value.trim());
    input.value = "";
    entered();
  } catch (error) {
    if (error instanceof Offline) offline();
    const wrong = el("p", { role: "alert" }, "This key is not valid: mistyped, expired or revoked.");
    fill(trouble, error.status === 401 ? wrong : errorPanel(error));
    button.disabled = false;
    input.select();
  }
}

/** Shows in the header who is signed in, and warns of a service that anybody can reach. */
export async function showSession(place, { warn, left }) {
  const session = await readSession();
  if (session.unprotected) warn("This service asks nobody who they are: whoever reaches it may read and delete everything.");
  const system = document.querySelector('nav a[href="/system"]');
  system.hidden = session.mode === "key" && !session.permissions.includes("operate");
  if (session.mode !== "key" || !session.signed_in) return place.replaceChildren();
  const out = el("button", { type: "button", class: "small", onclick: () => leave(place, left) }, "Sign out");
  fill(place, el("span", {}, `${session.tenant} · ${session.role}`), out);
}

async function leave(place, left) {
  await signOut();
  place.replaceChildren();
  announce("Signed out");
  left();
}
