/** Colours: of classes, of amounts, and of the page's own lines, for light and for dark. */

// Okabe and Ito's colours and two more, as in the figures of isthmus.
const CLASSES = {
  light: ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#24292f", "#c9b400", "#8c8c8c", "#6b3fa0"],
  dark: ["#3b9fe6", "#e69f00", "#19b98c", "#dc8fba", "#8fd2f7", "#ee7a30", "#ffffff", "#f0e442", "#a5a5a5", "#b08ae6"],
};
// From dark to bright on black, from bright to dark on white: large amounts stand out.
const AMOUNTS = {
  light: ["#d9e7c8", "#8fc9a5", "#3f9f9f", "#2b6a93", "#3b2a6b"],
  dark: ["#3a2c66", "#33638d", "#2aa198", "#8fd16a", "#fde725"],
};

/** The colour of a class; beyond ten, hues as far from each other as a golden angle keeps them. */
export function classColour(theme, label) {
  if (label < CLASSES[theme].length) return CLASSES[theme][label];
  return hslToHex((label * 137.508) % 360, 0.55, theme === "dark" ? 0.65 : 0.45);
}

/** The colour of an amount from 0 to 1. */
export function amountColour(theme, amount) {
  const stops = AMOUNTS[theme];
  const at = Math.min(1, Math.max(0, amount)) * (stops.length - 1);
  const low = Math.min(stops.length - 2, Math.floor(at));
  const [a, b] = [channels(stops[low]), channels(stops[low + 1])];
  return `#${a.map((value, i) => hex(value + (at - low) * (b[i] - value))).join("")}`;
}

/** A colour in the format of the points' buffer: red in the lowest byte, no opacity. */
export function packed(colour) {
  const [red, green, blue] = channels(colour);
  return (blue << 16) | (green << 8) | red;
}

export const gradient = (theme) => `linear-gradient(90deg, ${AMOUNTS[theme].join(", ")})`;

const channels = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
const hex = (value) => Math.round(value).toString(16).padStart(2, "0");

function hslToHex(hue, saturation, lightness) {
  const strength = saturation * Math.min(lightness, 1 - lightness);
  const channel = (n) => {
    const k = (n + hue / 30) % 12;
    return hex(255 * (lightness - strength * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  };
  return `#${channel(0)}${channel(8)}${channel(4)}`;
}
