/** The state of the page in its address, so that a link restores the view. */

import { floatsOf } from "./arrays.js";
import { find, toast } from "./dom.js";

const PAUSE_MILLISECONDS = 300; // between a change and the address

/** A latent code as text: its float32 bytes in URL-safe base64. */
function codeToText(code) {
  const bytes = new Uint8Array(Float32Array.from(code).buffer);
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** The latent code of a text; null if it does not hold `dim` finite numbers. */
function textToCode(text, dim) {
  try {
    const code = floatsOf(text.replaceAll("-", "+").replaceAll("_", "/"));
    return code.length === dim && code.every((value) => Math.abs(value) <= 1e6) ? code : null;
  } catch {
    return null;
  }
}

/** The parameters of an address. */
export function readLink(address = location.href) {
  return new URLSearchParams(new URL(address).hash.slice(1));
}

/** Keeps the address in step with the page, and the page with an address that the user enters. */
export class Link {
  constructor({ session, stage, toolbar, tools, theme }) {
    Object.assign(this, { session, stage, toolbar, tools, theme });
    this.following = null; // the parameters of an address, until the page shows all of them
    this.timer = 0;
    /** Resolves when `open` is called: once the points have arrived, or it is known that there are none. */
    this.opened = new Promise((resolve) => (this.open = resolve));
    const keep = () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this._write(), PAUSE_MILLISECONDS);
    };
    for (const name of ["code", "view", "plane", "tool", "theme", "colours"]) session.on(name, keep);
    find("toolbar").addEventListener("change", keep);
    find("panels").addEventListener("change", keep);
    find("copy-link").addEventListener("click", () => this._copy());
    // Not location.href: the page may have written to that since.
    addEventListener("hashchange", ({ newURL }) => this.follow(newURL));
  }

  /** Restore the state of an address; what it lacks gets the default. */
  async follow(address) {
    const parameters = readLink(address);
    this.following = parameters;
    const { session, theme } = this;
    theme.choose(parameters.get("theme"));
    session.moveTo(textToCode(parameters.get("z") ?? "", session.dim) ?? session.about.start, { by: "link" });
    const inTime = session.ask("link");
    this._restoreTools(parameters);
    await this.opened;
    if (this.following === parameters && session.points) await this.toolbar.setProjection(parameters.get("p") ?? session.about.projections[0]);
    if (this.following !== parameters) return;
    this._restoreMap(parameters);
    if (session.points) this._restorePoint(parameters, inTime);
    this.following = null;
    this._write();
  }

  _restoreTools(parameters) {
    const { tabs, show } = this.tools;
    const ends = (parameters.get("ab") ?? "").split(".").map((text) => textToCode(text, this.session.dim));
    const path = ["linear", "spherical"].includes(parameters.get("w")) ? parameters.get("w") : null;
    if (ends.length === 2 && ends.every(Boolean)) tabs.get("interpolation").tool.restore({ ends, path });
    const temperature = Number(parameters.get("T"));
    if (parameters.has("T") && temperature >= 0 && temperature <= 1) tabs.get("variations").tool.temperature.value = temperature;
    show(parameters.get("t") ?? "dimensions");
  }

  _restoreMap(parameters) {
    const { session, stage, toolbar } = this;
    const view = parameters.get("v")?.split(",").map(Number);
    if (view?.length === 3 && view.every(Number.isFinite) && view[2] > 0) {
      stage.setView({ x: view[0], y: view[1], scale: view[2] * stage.view.side });
    } else stage.fit();
    if (!session.points) return;
    toolbar.setLayers(parameters.get("l") ?? "points");
    toolbar.setColourBy(parameters.get("c") ?? "label");
    const hidden = (parameters.get("h") ?? "").split(".").filter((label) => /^-?\d+$/.test(label));
    stage.hide(new Set(hidden.map(Number)));
  }

  /** Restore the point, or the groups of the arithmetic, unless the user moved in the meantime. */
  _restorePoint(parameters, inTime) {
    const { session, tools } = this;
    const index = Number(parameters.get("i") ?? NaN);
    const isPoint = Number.isInteger(index) && index >= 0 && index < session.points.count;
    const names = parameters.get("g")?.split(".");
    const strength = isPoint || !inTime() ? 0 : Number(parameters.get("s"));
    if (names?.length === 2) tools.tabs.get("arithmetic")?.tool.restore({ names, strength });
    if (isPoint && inTime()) session.moveToPoint(index, "link");
  }

  _state() {
    const { session, stage, tools, theme } = this;
    const { x, y, scale, side } = stage.view;
    const interpolation = tools.tabs.get("interpolation").tool.state();
    const groups = tools.tabs.get("arithmetic")?.tool.state();
    return {
      z: codeToText(session.code),
      i: session.origin?.index,
      v: [x, y, scale / side].map((value) => Number(value.toPrecision(6))).join(","),
      l: stage.layers,
      c: stage.colours.by,
      h: [...stage.colours.hidden].sort((a, b) => a - b).join("."),
      p: session.planeName,
      t: tools.now(),
      T: tools.tabs.get("variations").tool.temperature.value,
      ab: interpolation?.ends.map(codeToText).join("."),
      w: interpolation?.path,
      g: groups?.names.join("."),
      s: groups?.strength,
      theme: theme.chosen,
    };
  }

  /** Put the state into the address, without a step in the browser's history. */
  _write() {
    if (this.following) return;
    const state = Object.entries(this._state()).filter(([, value]) => ![null, undefined, ""].includes(value));
    history.replaceState(null, "", `#${new URLSearchParams(state)}`);
  }

  async _copy() {
    this._write();
    try {
      await navigator.clipboard.writeText(location.href);
      toast("Link copied. It shows this view to anyone who explores the same run.");
    } catch {
      toast("The address of this page is the link: copy it from the address bar.");
    }
  }
}
