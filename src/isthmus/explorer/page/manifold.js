/** The manifold: a two-dimensional latent space, decoded at equal steps of the prior's probability. */

import { h, save } from "./dom.js";
import { latest } from "./latest.js";
import { paintSheet } from "./canvas.js";

const SIDE = 18;

export class Manifold {
  constructor(session, panel) {
    this.session = session;
    this.canvas = h("canvas", { class: "manifold", role: "img", "aria-label": `${SIDE} by ${SIDE} images across the prior` });
    panel.append(
      h("p", { class: "hint" }, "The whole latent space, in steps of equal probability under the prior. Move over it to go there."),
      this.canvas,
      h("div", { class: "row" }, h("button", { onclick: () => this.canvas.toBlob((blob) => save(blob, `${session.about.name}-manifold.png`)) }, "Save as PNG")),
    );
    this._draw = latest(async () => this._decode(), session.fail);
    const go = (event) => {
      const box = this.canvas.getBoundingClientRect();
      const at = [(event.clientX - box.left) / box.width, 1 - (event.clientY - box.top) / box.height];
      session.moveTo(Float32Array.from(at, (share) => quantile(0.5 / SIDE + share * (1 - 1 / SIDE))), { by: "manifold" });
    };
    this.canvas.addEventListener("pointerdown", go);
    this.canvas.addEventListener("pointermove", (event) => (event.buttons || event.pointerType === "mouse") && go(event));
  }

  open() {
    if (!this.drawn) this._draw();
  }

  async _decode() {
    const codes = new Float32Array(SIDE * SIDE * 2);
    for (let row = 0; row < SIDE; row++) {
      for (let column = 0; column < SIDE; column++) {
        const at = 2 * (row * SIDE + column);
        codes[at] = quantile((column + 0.5) / SIDE);
        codes[at + 1] = quantile((SIDE - row - 0.5) / SIDE);
      }
    }
    paintSheet(this.canvas, await this.session.model.decode(codes, SIDE * SIDE), SIDE);
    this.drawn = true;
  }
}

/** The standard normal's quantile by Newton's method on its distribution function. */
export function quantile(share) {
  const p = Math.min(1 - 1e-6, Math.max(1e-6, share));
  let z = 0;
  for (let i = 0; i < 40; i++) {
    const step = (distribution(z) - p) / (Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI));
    z -= Math.max(-1, Math.min(1, step));
    if (Math.abs(step) < 1e-9) break;
  }
  return z;
}

/** The standard normal's distribution function, by the series of the error function. */
function distribution(z) {
  let term = z;
  let sum = z;
  for (let k = 1; k < 200 && Math.abs(term) > 1e-12; k++) {
    term *= (z * z) / (2 * k + 1);
    sum += term;
  }
  return 0.5 + (sum * Math.exp(-0.5 * z * z)) / Math.sqrt(2 * Math.PI);
}
