/** Interpolation between two images in the latent space, as an animation that can be saved. */

import { linear, spherical, squaredDistance, stack } from "./codes.js";
import { announce, check, choice, h, save, slider, toast } from "./dom.js";
import { writeGif } from "./gif.js";
import { latest } from "./latest.js";
import { paint, paintSheet, toImageData } from "./canvas.js";

const SHOWN = 11;
const FRAMES = 24;
const SECONDS = 2.5;

export class Interpolation {
  constructor(session, stage, panel) {
    this.session = session;
    this.stage = stage;
    this.panel = panel;
    this.ends = [null, null];
    this.path = session.about.hasStandardPrior && session.dim > 2 ? "spherical" : "linear";
    this.playing = null;
    this.canvases = ["A", "B"].map((name) => h("canvas", { class: "end-image", "aria-label": `Image ${name}`, role: "img" }));
    this.paths = choice("path", "Path", [["linear", "Linear"], ["spherical", "Spherical"]], this.path, (path) => {
      this.path = path;
      this._changed();
    });
    this.position = slider("Between A and B", { min: 0, max: 1, step: 0.005, value: 0 }, (t) => `${Math.round(100 * t)} %`, (t) => {
      this._stop();
      this._go(t);
    });
    this.play = h("button", { class: "main", onclick: () => (this.playing ? this._stop() : this._start()) }, "Play");
    this.strip = h("canvas", { class: "strip tall", "aria-hidden": "true" });
    panel.append(
      h("p", { class: "hint" }, "Choose two images and interpolate between their latent codes."),
      h("div", { class: "ends" }, this.canvases.map((canvas, i) => this._end(canvas, i))),
      this.paths,
      this.strip,
      this.position.element,
      h("div", { class: "row" }, this.play, h("button", { onclick: () => this._saveGif() }, "Save as GIF")),
    );
    this._draw = latest(async () => this._decode(), session.fail);
    session.on("asked", ({ by }) => this.playing && by !== "interpolation" && this._stop());
  }

  /** Show two images at once when the panel comes into view. */
  async open() {
    for (const i of [0, 1]) if (!this.ends[i]) await this._random(i);
    this._showPath();
  }

  close() {
    this._stop();
    this.stage.showPath(null);
  }

  state() {
    return this.ends[0] && this.ends[1] ? { ends: this.ends, path: this.path } : null;
  }

  restore({ ends, path }) {
    this.ends = ends;
    if (path) this.path = path;
    check(this.paths, this.path);
    this._changed();
  }

  _end(canvas, i) {
    const name = "AB"[i];
    const current = () => {
      this.ends[i] = this.session.code.slice();
      this._changed();
      announce(`${name} is the current image`);
    };
    return h("div", { class: "end" }, h("span", { class: "end-name" }, name), canvas,
      h("button", { onclick: current, "aria-label": `Use the current image as ${name}` }, "Current"),
      h("button", { onclick: () => this._random(i), "aria-label": `Use another image as ${name}` }, "Another"));
  }

  _random(i) {
    const { session } = this;
    return session.attempt(async () => {
      this.ends[i] = session.points ? this._farPoint(this.ends[1 - i]) : await session.sample();
      this._changed();
    });
  }

  /** Of some random points the one farthest from the other end. */
  _farPoint(other) {
    const { session } = this;
    const drawn = Array.from({ length: other ? 12 : 1 }, () => session.codeOf(Math.floor(Math.random() * session.points.count)));
    const far = (code) => squaredDistance(code, other);
    return other ? drawn.reduce((best, code) => (far(code) > far(best) ? code : best)) : drawn[0];
  }

  at(t) {
    const [a, b] = this.ends;
    return this.path === "linear" ? linear(a, b, t) : spherical(a, b, t, Float32Array.from(this.session.about.centre));
  }

  _changed() {
    if (!this.ends[0] || !this.ends[1]) return;
    this._draw();
    this._showPath();
  }

  _showPath() {
    if (this.panel.hidden || !this.ends[0] || !this.ends[1]) return;
    this.stage.showPath(Array.from({ length: 41 }, (_, i) => this.at(i / 40)));
  }

  _codes(count) {
    return stack(Array.from({ length: count }, (_, i) => this.at(i / (count - 1))));
  }

  async _decode() {
    const images = await this.session.model.decode(this._codes(SHOWN), SHOWN);
    paintSheet(this.strip, images, SHOWN);
    paint(this.canvases[0], images, 0);
    paint(this.canvases[1], images, SHOWN - 1);
  }

  _go(t) {
    if (this.ends[0] && this.ends[1]) this.session.moveTo(this.at(t), { by: "interpolation" });
  }

  _start() {
    if (!this.ends[0] || !this.ends[1]) return;
    this.play.textContent = "Pause";
    const from = this.position.value < 1 ? this.position.value : 0;
    let began = null;
    const step = (time) => {
      began ??= time - from * 1000 * SECONDS;
      const phase = ((time - began) / 1000 / SECONDS) % 2;
      const t = phase < 1 ? phase : 2 - phase;
      this.position.value = ease(t);
      this._go(ease(t));
      this.playing = requestAnimationFrame(step);
    };
    this.playing = requestAnimationFrame(step);
  }

  _stop() {
    cancelAnimationFrame(this.playing);
    this.playing = null;
    this.play.textContent = "Play";
  }

  _saveGif() {
    if (!this.ends[0] || !this.ends[1]) return;
    const { session } = this;
    session.attempt(async () => {
      const images = await session.model.decode(this._codes(FRAMES), FRAMES);
      const there = Array.from({ length: FRAMES }, (_, i) => toImageData(images, i));
      const zoom = Math.max(1, Math.round(224 / Math.max(images.width, images.height)));
      const frames = [there[0], there[0], ...there, there[FRAMES - 1], there[FRAMES - 1], ...there.slice(1, -1).reverse()];
      save(writeGif(frames, 6, zoom), `${session.about.name}-interpolation.gif`);
      toast("The interpolation is saved as a GIF.");
    });
  }
}

const ease = (t) => (1 - Math.cos(Math.PI * t)) / 2;
