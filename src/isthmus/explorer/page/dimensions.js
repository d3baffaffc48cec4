/** The latent dimensions: a slider and a strip of decoded images for each, the most informative first. */

import { h, slider } from "./dom.js";
import { latest } from "./latest.js";
import { paintSheet } from "./canvas.js";
import { imagesAt } from "./model.js";

const STEPS = 9;
const AT_FIRST = 8;
const REACH = 3;
const AHEAD = "200px 0px"; // strips are drawn a little before they come into view

export class Dimensions {
  constructor(session, panel) {
    this.session = session;
    this.shown = AT_FIRST;
    this.list = h("div", { class: "dimensions" });
    this.more = h("button", { onclick: () => this._showAll() });
    this.note = h("p", { class: "hint" });
    panel.append(
      this.note,
      this.list,
      h("div", { class: "row" }, this.more, h("button", { onclick: () => this._reset() }, "Back to the start")),
    );
    this._strips = latest(async () => this._decodeStrips(), session.fail, 30);
    this.inView = new Set();
    this.watch = new IntersectionObserver((entries) => this._observe(entries), { rootMargin: AHEAD, scrollMargin: AHEAD });
    this._sort();
    session.on("points", () => this._sort());
    session.on("code", ({ by }) => this._update(by));
  }

  _sort() {
    const { session } = this;
    const information = session.points?.information;
    this.order = Array.from({ length: session.dim }, (_, k) => k);
    if (information) this.order.sort((a, b) => information[b] - information[a]);
    this.note.textContent = !information
      ? "One slider per latent dimension."
      : session.about.hasStandardPrior
        ? "One slider per latent dimension, the most informative first. The nats are its mean information per image. An inactive dimension changes nothing."
        : "One slider per latent dimension, the one of largest variance first.";
    this._build();
  }

  _build() {
    const { session } = this;
    const { centre, deviation, hasStandardPrior, image } = session.about;
    const information = session.points?.information;
    this.rows = this.order.slice(0, this.shown).map((k) => {
      const reach = REACH * deviation[k];
      const strip = h("canvas", { class: "strip", width: STEPS * image.width, height: image.height, "aria-hidden": "true" });
      const amount = information ? (hasStandardPrior ? ` · ${information[k].toFixed(2)} nats` : ` · variance ${information[k].toPrecision(2)}`) : "";
      const control = slider(
        `z[${k}]${amount}`,
        { min: centre[k] - reach, max: centre[k] + reach, step: reach / 150, value: session.code[k] },
        (value) => value.toFixed(2),
        (value) => {
          const code = session.code.slice();
          code[k] = value;
          session.moveTo(code, { by: "slider" });
        },
      );
      control.say(session.code[k]);
      strip.addEventListener("click", (event) => {
        const box = strip.getBoundingClientRect();
        control.value = centre[k] + reach * ((2 * (event.clientX - box.left)) / box.width - 1);
        control.input.dispatchEvent(new Event("input"));
      });
      const element = h("div", { class: "dimension" }, control.element, strip);
      return { k, control, strip, reach, element, drawnAt: null };
    });
    this.watch.disconnect();
    this.inView.clear();
    this.rows.forEach(({ strip }) => this.watch.observe(strip));
    this.list.replaceChildren(...this.rows.map((row) => row.element));
    this.more.hidden = this.shown >= session.dim;
    this.more.textContent = `Show all ${session.dim}`;
  }

  _showAll() {
    this.shown = this.session.dim;
    this._build();
    this.rows[AT_FIRST].control.input.focus();
  }

  _reset() {
    this.session.moveTo(Float32Array.from(this.session.about.start), { by: "reset" });
  }

  _update(by) {
    for (const { k, control } of this.rows) {
      if (by === "slider" && document.activeElement === control.input) continue;
      control.value = this.session.code[k];
      control.say(this.session.code[k]); // which may lie between two steps, or beyond the ends
    }
    this._strips();
  }

  _observe(entries) {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) this.inView.add(target);
      else this.inView.delete(target);
    }
    this._strips();
  }

  /** Draw the strips in view that are out of date; the others wait until they come into view. */
  async _decodeStrips() {
    const { session } = this;
    const { code, dim } = session;
    const { centre } = session.about;
    const rows = this.rows.filter(({ strip, drawnAt }) => this.inView.has(strip) && drawnAt !== code);
    if (!rows.length) return;
    const codes = new Float32Array(rows.length * STEPS * dim);
    rows.forEach(({ k, reach }, row) => {
      for (let step = 0; step < STEPS; step++) {
        const at = (row * STEPS + step) * dim;
        codes.set(code, at);
        codes[at + k] = centre[k] + reach * ((2 * (step + 0.5)) / STEPS - 1);
      }
    });
    const images = await session.model.decode(codes, rows.length * STEPS);
    rows.forEach((shown, row) => {
      paintSheet(shown.strip, imagesAt(images, row * STEPS, STEPS), STEPS);
      shown.drawnAt = code;
    });
  }
}
