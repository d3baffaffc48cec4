/** Latent arithmetic: the difference between the mean codes of two groups, added to the image shown. */

import { add, mean, stack } from "./codes.js";
import { h, slider } from "./dom.js";
import { latest } from "./latest.js";
import { paint, paintSheet } from "./canvas.js";
import { imagesAt } from "./model.js";

const STEPS = 9;
const REACH = 2;
const AROUND = 60;

export class Arithmetic {
  constructor(session, panel) {
    this.session = session;
    this.panel = panel;
    this.base = session.code;
    this.groups = [null, null]; // { name, indices }
    this.selects = [0, 1].map((i) =>
      h("select", { onchange: () => this._choose(i), "aria-label": i ? "Group B, subtracted" : "Group A, added" }));
    this.images = [0, 1].map((i) => h("canvas", { class: "end-image", role: "img", "aria-label": i ? "Decoded mean of group B" : "Decoded mean of group A" }));
    this.strength = slider("Strength", { min: -REACH, max: REACH, step: 0.02, value: 0 }, (v) => v.toFixed(2), (value) => {
      if (this.direction) session.moveTo(add(this.base, this.direction, value), { by: "arithmetic" });
    });
    this.strip = h("canvas", { class: "strip tall", "aria-hidden": "true" });
    this.selection = h("p", { class: "hint", "aria-live": "polite" });
    panel.append(
      h("p", { class: "hint" }, "The difference between two groups of images is a direction in the latent space. Add it to the image shown: image − B + A."),
      h("div", { class: "ends" }, [0, 1].map((i) =>
        h("div", { class: "end" }, h("span", { class: "end-name" }, "AB"[i]), this.images[i], this.selects[i]))),
      this.strip,
      this.strength.element,
      h("h3", {}, "Your own groups"),
      this.selection,
      h("div", { class: "row wrap" },
        h("button", { onclick: () => this._selectAround() }, `Select the ${AROUND} nearest to the image`),
        h("button", { onclick: () => session.select([]) }, "Select none")),
    );
    this._draw = latest(async () => this._decode(), session.fail);
    session.on("points", () => this._fill());
    session.on("selection", () => this._fill());
    session.on("code", ({ by }) => {
      if (by === "arithmetic") return;
      this.base = session.code;
      this.strength.value = 0;
      if (!this.panel.hidden) this._draw();
    });
  }

  open() {
    this._draw();
  }

  /** The groups and the strength; null if a group is a selection, which a link cannot hold. */
  state() {
    const names = this.selects.map((select) => select.value);
    return names.every((name) => name && name !== "selection") ? { names, strength: this.strength.value } : null;
  }

  /** Restore a state; the code shown is its result. */
  restore({ names, strength }) {
    this.wanted = names;
    this._fill();
    this.strength.value = strength;
    this.base = add(this.session.code, this.direction, -this.strength.value);
    this._draw();
  }

  _fill() {
    const { session } = this;
    const { points, selection } = session;
    this.selection.textContent = selection.length
      ? `Selected images: ${selection.length.toLocaleString("en")}.`
      : "Draw around points with the lasso tool, or select those nearest to the image.";
    if (!points) return;
    const groups = new Map([["all", { text: "all images", indices: Array.from({ length: points.count }, (_, i) => i) }]]);
    if (selection.length) groups.set("selection", { text: `the selection (${selection.length})`, indices: selection });
    if (points.labels) {
      const found = new Map();
      points.labels.forEach((label, i) => found.get(label)?.push(i) ?? found.set(label, [i]));
      for (const label of [...found.keys()].sort((a, b) => a - b)) {
        groups.set(String(label), { text: session.classTitle(label), indices: found.get(label) });
      }
    }
    this.known = groups;
    const first = [...groups.keys()];
    this.selects.forEach((select, i) => {
      const fallback = first[Math.min(first.length - 1, first.length > 2 ? first.length - 1 - i : i)];
      const chosen = this.wanted?.[i] ?? select.value;
      select.replaceChildren(...Array.from(groups, ([value, { text }]) => h("option", { value }, text)));
      select.value = groups.has(chosen) ? chosen : fallback;
      this._choose(i, false);
    });
    this.wanted = null;
    this._draw();
  }

  _choose(i, draw = true) {
    this.groups[i] = this.known.get(this.selects[i].value);
    const [a, b] = this.groups;
    if (!a || !b) return;
    const { points, dim } = this.session;
    this.middles = [a, b].map(({ indices }) => mean(points.codes, dim, indices));
    this.direction = add(this.middles[0], this.middles[1], -1);
    if (this.strength.value !== 0) {
      this.base = this.session.code;
      this.strength.value = 0;
    }
    if (draw) this._draw();
  }

  _selectAround() {
    const { session } = this;
    if (!session.points) return;
    session.attempt(async () => session.select(Array.from((await session.model.neighbours(session.code, AROUND)).indices)));
  }

  async _decode() {
    if (this.panel.hidden || !this.direction) return;
    const { session } = this;
    const steps = Array.from({ length: STEPS }, (_, i) => add(this.base, this.direction, REACH * ((2 * i) / (STEPS - 1) - 1)));
    const images = await session.model.decode(stack([...steps, ...this.middles]), STEPS + 2);
    paintSheet(this.strip, imagesAt(images, 0, STEPS), STEPS);
    this.images.forEach((canvas, i) => paint(canvas, images, STEPS + i));
  }
}
