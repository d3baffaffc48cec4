/** The colours of the points: by label, rate or distortion; the points of hidden labels have none. */

import { amountColour, classColour, packed } from "./palette.js";

const RAMP = 64; // colours between the least amount and the most

export class PointColours {
  constructor(session) {
    this.session = session;
    this.by = "label"; // or "rate", or "distortion"
    this.amounts = null; // the rates or distortions at the two ends of the colour scale
    this.hidden = new Set(); // labels
    this.colours = null; // of each point, 0xBBGGRR
    this.opacities = null; // of each point, 0 to 255
  }

  /** Colour all points; returns whether there are any. */
  update() {
    const { points, theme, distortions } = this.session;
    if (!points) return false;
    this.colours = new Uint32Array(points.count);
    this.opacities = new Uint8Array(points.count).fill(255);
    const amounts = { rate: points.rate, distortion: distortions }[this.by] ?? null;
    this.amounts = amounts && centralRange(amounts);
    if (amounts) this._byAmount(amounts);
    else if (points.labels && this.by === "label") this._byLabel(points.labels);
    else this.colours.fill(packed(classColour(theme, 0)));
    if (points.labels && this.hidden.size) {
      for (let i = 0; i < points.count; i++) if (this.hidden.has(points.labels[i])) this.opacities[i] = 0;
    }
    return true;
  }

  isShown(point) {
    return this.opacities[point] > 0;
  }

  /** The colour of a point as CSS writes it. */
  css(point) {
    const colour = this.colours[point];
    return `#${[colour & 255, (colour >> 8) & 255, colour >> 16].map((part) => part.toString(16).padStart(2, "0")).join("")}`;
  }

  _byAmount(amounts) {
    const [low, high] = this.amounts;
    const ramp = Uint32Array.from({ length: RAMP }, (_, i) => packed(amountColour(this.session.theme, i / (RAMP - 1))));
    for (let i = 0; i < amounts.length; i++) {
      const step = Math.floor((RAMP * (amounts[i] - low)) / (high - low || 1));
      this.colours[i] = ramp[Math.min(RAMP - 1, Math.max(0, step))];
    }
  }

  _byLabel(labels) {
    const known = new Map();
    for (let i = 0; i < labels.length; i++) {
      const label = labels[i];
      if (!known.has(label)) known.set(label, packed(classColour(this.session.theme, label)));
      this.colours[i] = known.get(label);
    }
  }
}

/** The range of some values without the outermost thousandth on each side. */
export function centralRange(values) {
  const sorted = Float32Array.from(values).sort();
  const cut = Math.floor(sorted.length / 1000);
  return [sorted[cut], sorted[sorted.length - 1 - cut]];
}
