// Elements are built, never parsed: whatever a user typed stays text.

export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

export function fill(node, ...children) {
  node.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

let spoken = null;

/** Says a sentence to screen readers; a later sentence replaces one not yet said. */
export function announce(sentence) {
  clearTimeout(spoken);
  spoken = setTimeout(() => { document.getElementById("live").textContent = sentence; }, 50);
}

let count = 0;

export function newId(stem) {
  count += 1;
  return `${stem}-${count}`;
}
