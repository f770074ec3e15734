// Colours of the charts by role (UX 9). Pure data: the server's renderer reads the same table.

const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';

export const light = {
  font: FONT,
  roles: {
    fund: "#0b5cad", benchmark: "#b86200", call: "#a3152b", dist: "#2f8f5b",
    nav: "#6f7885", net: "#14181f", parity: "#6f7885",
  },
  text: "#14181f", muted: "#565f6b", card: "#ffffff", line: "#e4e8ed", strong: "#aab2bd",
};

export const dark = {
  font: FONT,
  roles: {
    fund: "#3f9be8", benchmark: "#ffb84d", call: "#f2705f", dist: "#35d6a6",
    nav: "#8792a2", net: "#f2f5f8", parity: "#8792a2",
  },
  text: "#f2f5f8", muted: "#a3adba", card: "#171d24", line: "#29313b", strong: "#4a5563",
};
