/** The card beside a point under the pointer: its image, label, name and costs. */

import { find, h } from "./dom.js";
import { paint } from "./canvas.js";

export class HoverCard {
  constructor(session, view) {
    this.session = session;
    this.view = view;
    this.element = find("hover-card");
  }

  /** Show the card of a point; of -1, none. */
  async show(index) {
    const { session, element } = this;
    if (index < 0) {
      element.hidden = true;
      return;
    }
    if (element.dataset.index !== String(index)) {
      await this._fill(index);
      element.dataset.index = index;
    }
    const { x, y } = session.plane;
    this._place(this.view.toPixels([x[index], y[index]]));
  }

  async _fill(index) {
    const { model, about, points, distortions } = this.session;
    const images = await model.pointImages(Int32Array.of(index));
    const canvas = h("canvas", { "aria-hidden": "true" });
    paint(canvas, images);
    const label = this.session.labelOf(index);
    const name = points.names[index];
    const texts = [
      label && name,
      about.hasRate && `rate ${points.rate[index].toFixed(1)}`,
      distortions && `distortion ${distortions[index].toFixed(1)}`,
    ].filter(Boolean);
    this.element.replaceChildren(canvas, h("div", {}, h("strong", {}, label || name), texts.map((text) => h("span", {}, text))));
  }

  _place([px, py]) {
    const { element, view } = this;
    element.hidden = false;
    const x = px + 18 + element.offsetWidth > view.width ? px - 18 - element.offsetWidth : px + 18;
    const y = Math.min(view.height - element.offsetHeight - 8, Math.max(8, py - element.offsetHeight / 2));
    element.style.transform = `translate(${x}px, ${y}px)`;
  }
}
