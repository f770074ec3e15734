// A question before something is lost.

import { el } from "./dom.js";

/** Resolves to true if the user agrees; Esc and Cancel are a no. */
export function ask({ title, detail, agree }) {
  return new Promise((resolve) => {
    const dialog = el("dialog", { "aria-labelledby": "question", "aria-describedby": "detail" });
    const close = (answer) => dialog.close(answer);
    dialog.append(
      el("h2", { id: "question" }, title),
      el("p", { id: "detail" }, detail),
      el(
        "div", { class: "actions" },
        el("button", { type: "button", autofocus: true, onclick: () => close("no") }, "Cancel"),
        el("button", { type: "button", class: "danger", onclick: () => close("yes") }, agree),
      ),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
