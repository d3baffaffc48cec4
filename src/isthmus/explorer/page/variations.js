/** More like this: pictures around the one that is shown, the nearer the lower the temperature; and new ones. */

import { vary } from "./codes.js";
import { h, slider } from "./dom.js";
import { latest } from "./latest.js";
import { imageAt } from "./model.js";
import { thumbnail } from "./pictures.js";

const COUNT = 12;

export class Variations {
  constructor(session, panel) {
    this.session = session;
    this.panel = panel;
    this.temperature = slider("Temperature", { min: 0, max: 1, step: 0.01, value: 0.35 }, (t) => t.toFixed(2), () => this._more());
    this.grid = h("ul", { class: "grid", "aria-label": "Pictures like this one" });
    const { labels, capabilities } = session.about;
    panel.append(
      h("p", { class: "hint" }, "Pictures like the one shown. At temperature 0 they are the same; at 1 they may be anything that the model knows. Choose one, and go on from there."),
      this.temperature.element,
      this.grid,
      h("div", { class: "row" }, h("button", { class: "main", onclick: () => this._more() }, "More like this")),
    );
    if (capabilities.sample) {
      panel.append(
        h("h3", {}, "Something new"),
        h(
          "div",
          { class: "row wrap" },
          h("button", { onclick: () => this._new(null) }, "Anything"),
          labels.length <= 40 ? labels.map((name, label) => h("button", { onclick: () => this._new(label), "aria-label": `A new picture of class ${name}` }, name)) : null,
        ),
      );
    }
    this._draw = latest(async (codes) => this._show(codes), session.fail, 40);
    session.on("code", ({ by }) => by !== "variation" && !this.panel.hidden && this._more());
  }

  open() {
    this._more();
  }

  _more() {
    const { session } = this;
    const codes = new Float32Array(COUNT * session.dim);
    for (let i = 0; i < COUNT; i++) {
      codes.set(vary(session.code, this.temperature.value, session.about.centre, session.about.deviation), i * session.dim);
    }
    this._draw(codes);
  }

  async _show(codes) {
    const { session } = this;
    const images = await session.model.decode(codes, COUNT);
    this.grid.replaceChildren(
      ...Array.from({ length: COUNT }, (_, i) =>
        h("li", {}, h("button", {
          class: "picture-button",
          "aria-label": `Go to variation ${i + 1}`,
          onclick: () => {
            session.moveTo(codes.slice(i * session.dim, (i + 1) * session.dim), { by: "variation" });
            this._more();
          },
        }, thumbnail(imageAt(images, i)))),
      ),
    );
  }

  async _new(label) {
    try {
      const code = await this.session.model.sample(1, label, Math.floor(Math.random() * 2 ** 31));
      this.session.moveTo(code, { by: "sample" });
    } catch (error) {
      this.session.fail(error);
    }
  }
}
