/** Variations of the image shown, at a chosen temperature, and new samples. */

import { stack, vary } from "./codes.js";
import { h, slider } from "./dom.js";
import { latest } from "./latest.js";
import { ImageButtons } from "./image_buttons.js";

const COUNT = 12;

export class Variations {
  constructor(session, panel) {
    this.session = session;
    this.panel = panel;
    this.temperature = slider("Temperature", { min: 0, max: 1, step: 0.01, value: 0.35 }, (t) => t.toFixed(2), () => this._more());
    const grid = h("ul", { class: "grid", "aria-label": "Variations of this image" });
    this.buttons = new ImageButtons(grid);
    const { labels } = session.about;
    panel.append(
      h("p", { class: "hint" }, "Variations of the image shown. Temperature 0 repeats it; temperature 1 samples the whole latent distribution. Choose one to continue from it."),
      this.temperature.element,
      grid,
      h("div", { class: "row" }, h("button", { class: "main", onclick: () => this._more() }, "More like this")),
      h("h3", {}, "New samples"),
      h("div", { class: "row wrap" },
        h("button", { onclick: () => session.moveToSample() }, "Any"),
        labels.length <= 40 ? labels.map((name, label) => h("button", { onclick: () => session.moveToSample(label), "aria-label": `A new image of class ${name}` }, name)) : null),
    );
    this._draw = latest(async (codes) => this._show(codes), session.fail, 40);
    session.on("code", () => !this.panel.hidden && this._more());
  }

  open() {
    this._more();
  }

  _more() {
    const { code, about } = this.session;
    const variation = () => vary(code, this.temperature.value, about.centre, about.deviation);
    this._draw(stack(Array.from({ length: COUNT }, variation)));
  }

  async _show(codes) {
    const { session } = this;
    const images = await session.model.decode(codes, COUNT);
    this.buttons.show(images, (i) => ({
      label: `Go to variation ${i + 1}`,
      go: () => session.moveTo(codes.slice(i * session.dim, (i + 1) * session.dim), { by: "variation", announcement: `Variation ${i + 1}` }),
    }));
  }
}
