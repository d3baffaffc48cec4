/** A list of pictures to go to: each a button that stays where it is, and keeps the focus, while its picture changes. */

import { h } from "./dom.js";
import { paint } from "./pictures.js";

export class PictureButtons {
  /** @param {HTMLElement} list */
  constructor(list) {
    this.list = list;
    this.buttons = [];
  }

  /**
   * Show some pictures, one button for each.
   * @param {Images} images
   * @param {(i: number) => {label: string, title?: string, go: () => void}} about  What a button says, and does.
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
    const button = h("button", { class: "picture-button" }, h("canvas", { class: "thumb", "aria-hidden": "true" }));
    this.buttons.push(button);
    this.list.append(h("li", {}, button));
  }
}
