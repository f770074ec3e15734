// Numbers as the field prints them. Pure: used by the page and by the server's chart renderer.

const MINUS = "\u2212";
const SPACE = "\u00a0";
const SCALES = [[1e12, "tn", 2], [1e9, "bn", 2], [1e6, "m", 1]];
const SIZES = [[2 ** 30, "GiB", 1], [2 ** 20, "MiB", 1], [2 ** 10, "KiB", 1], [1, "bytes", 0]];
const SPANS = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
const KINDS = { total_return: "total return", net_total_return: "net total return", price: "price index" };

export const NOT_AVAILABLE = "n/a";

/** `12.4%` from 0.124. */
export function rate(value, digits = 1) {
  const percent = value * 100;
  return Math.abs(percent) >= 1e9 ? `${percent.toExponential(1)}%` : `${decimal(percent, digits)}%`;
}

/** `+3.1%`: the sign is always there, but for a plain zero. */
export function alpha(value, digits = 1) {
  const text = rate(value, digits);
  return value > 0 && /[1-9]/.test(text) ? `+${text}` : text;
}

/** `1.27x`. */
export function multiple(value) {
  return `${decimal(value, 2)}x`;
}

/** `223.9 m` where there is little room. */
export function moneyShort(value) {
  const scale = SCALES.find(([size]) => Math.abs(value) >= size);
  if (scale) return `${decimal(value / scale[0], scale[2])}${SPACE}${scale[1]}`;
  return decimal(value, Math.abs(value) >= 1e4 ? 0 : 2);
}

/** `−1,234.50` where figures are compared. */
export function moneyFull(value) {
  return decimal(value, 2);
}

const share = (value) => rate(value, 0);
const level = (value) => decimal(value, 1);
const FORMATS = { rate, alpha, multiple, share, level, money: moneyShort };
const PRECISE = { rate: (value) => rate(value, 2), alpha: (value) => alpha(value, 2), multiple, share: rate, level, money: moneyFull };
const AXIS = {
  share,
  level: trimmed,
  rate: (value) => `${trimmed(value * 100)}%`,
  multiple: (value) => `${/\d\.\d/.test(trimmed(value)) ? trimmed(value) : decimal(value, 1)}x`,
  money: (value) => {
    const scale = SCALES.find(([size]) => Math.abs(value) >= (size === 1e6 ? 1e5 : size));
    return scale ? `${trimmed(value / scale[0])}${SPACE}${scale[1]}` : trimmed(value);
  },
};

/** One value on a card or in a row of funds; null is `n/a`. */
export function formatted(value, unit) {
  return value === null || value === undefined ? NOT_AVAILABLE : FORMATS[unit](value);
}

/** One value in a tooltip or a table of figures. */
export function precise(value, unit) {
  return value === null || value === undefined ? NOT_AVAILABLE : PRECISE[unit](value);
}

/** One label at an axis. */
export function axisLabel(value, unit) {
  return AXIS[unit](value);
}

/** `1,234`. */
export function count(value) {
  return decimal(value, 0);
}

/** `81.3 MiB`; null is `n/a`. */
export function bytes(value) {
  if (value === null || value === undefined) return NOT_AVAILABLE;
  const scale = SIZES.find(([size]) => value >= size) ?? SIZES.at(-1);
  return `${decimal(value / scale[0], scale[2])}${SPACE}${scale[1]}`;
}

/** `3 min`: the largest unit that is full. */
export function duration(seconds) {
  const scale = SPANS.find(([size]) => seconds >= size) ?? SPANS.at(-1);
  return `${decimal(Math.floor(seconds / scale[0]), 0)}${SPACE}${scale[1]}`;
}

export function indexKind(kind) {
  return KINDS[kind] ?? String(kind ?? "kind not stated").replaceAll("_", " ");
}

/** A server's words as a sentence of the page. */
export function sentence(text) {
  return /^[a-z]+\b(?!_)/.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text;
}

export function decimal(value, digits) {
  const [whole, part] = Math.abs(value).toFixed(digits).split(".");
  const text = whole.replace(/\B(?=(\d{3})+$)/g, ",") + (part ? `.${part}` : "");
  return value < 0 && /[1-9]/.test(text) ? MINUS + text : text;
}

function trimmed(value) {
  return decimal(value, 4).replace(/\.?0+$/, "");
}
