/** The theme, light or dark: that of the system, until the user chooses. */

import { find } from "./dom.js";

export class Theme {
  constructor() {
    this.system = matchMedia("(prefers-color-scheme: dark)");
    this.chosen = null;
    this.changed = () => {};
    this.system.addEventListener("change", () => this._apply());
    find("theme").addEventListener("click", () => this.choose(this.now === "dark" ? "light" : "dark"));
    this._apply();
  }

  get now() {
    return this.chosen ?? (this.system.matches ? "dark" : "light");
  }

  /** Call back with the theme, now and whenever it changes. */
  tell(changed) {
    this.changed = changed;
    changed(this.now);
  }

  /** @param {string|null} theme  "light" or "dark"; anything else is that of the system. */
  choose(theme) {
    this.chosen = theme === "dark" || theme === "light" ? theme : null;
    this._apply();
  }

  _apply() {
    document.documentElement.dataset.theme = this.now;
    find("theme").setAttribute("aria-pressed", String(this.now === "dark"));
    this.changed(this.now);
  }
}
