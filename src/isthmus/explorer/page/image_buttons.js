/** A list of images as buttons; a button stays in place and keeps the focus while its image changes. */

import { h } from "./dom.js";
import { paint } from "./canvas.js";

export class ImageButtons {
  /** @param {HTMLElement} list */
  constructor(list) {
    this.list = list;
    this.buttons = [];
  }

  /**
   * Show some images, one button for each.
   * @param {Images} images
   * @param {(i: number) => {label: string, title?: string, go: () => void}} about  The label and the action of a button.
   */
  show(images, about) {
    while (this.buttons.length < images.count) this._add();
    for (const button of this.buttons.splice(images.count)) button.parentElement.remove();
    this.buttons.forEach((button, i) => {
      const { label, title = "", go } = about(i);
      button.setAttribute("aria-label", label);
      button.title = title;
      button.onclick = go;
      paint(button.firstElementChild, images, i);
    });
  }

  _add() {
    const button = h("button", { class: "image-button" }, h("canvas", { class: "thumb", "aria-hidden": "true" }));
    this.buttons.push(button);
    this.list.append(h("li", {}, button));
  }
}
