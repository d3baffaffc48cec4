/** The state of the page in its address, so that a link shows another the same. */

import { find, toast } from "./dom.js";

const PAUSE_MILLISECONDS = 300; // between what is done and what the address says of it

/** A code as text: its float32 bytes in base64 for addresses. */
function codeToText(code) {
  const bytes = new Uint8Array(Float32Array.from(code).buffer);
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** The code that a text stands for; null if it is none of `dim` finite numbers. */
function textToCode(text, dim) {
  try {
    const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
    const code = new Float32Array(bytes.buffer);
    return code.length === dim && code.every((value) => Math.abs(value) <= 1e6) ? code : null;
  } catch {
    return null;
  }
}

/** What an address says, by name. */
export function readLink(address = location.href) {
  return new URLSearchParams(new URL(address).hash.slice(1));
}

/** Put a state into the address, without a step in the browser's history. */
function writeLink(state) {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(state)) {
    if (value !== null && value !== undefined && value !== "") parameters.set(name, value);
  }
  history.replaceState(null, "", `#${parameters}`);
}

/** Keeps the address as the page is, and the page as the address is when somebody enters another. */
export class Link {
  constructor({ session, stage, toolbar, tools, theme }) {
    Object.assign(this, { session, stage, toolbar, tools, theme });
    this.following = null; // what an address said, as long as the page does not show all of it
    this.timer = 0;
    /** Resolves when `open` is called: once the points are there, or it is known that there are none. */
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

  /** Show what an address says; what it does not say is as at first. */
  async follow(address) {
    const said = readLink(address);
    this.following = said;
    const { session, theme } = this;
    theme.choose(said.get("theme"));
    session.moveTo(textToCode(said.get("z") ?? "", session.dim) ?? session.about.start, { by: "link" });
    const inTime = session.ask("link");
    this._restoreTools(said);
    await this.opened;
    if (this.following === said && session.points) await this.toolbar.setProjection(said.get("p") ?? session.about.projections[0]);
    if (this.following !== said) return;
    this._restoreMap(said);
    if (session.points) this._restorePoint(said, inTime);
    this.following = null;
    this._write();
  }

  _restoreTools(said) {
    const { tabs, show } = this.tools;
    const ends = (said.get("ab") ?? "").split(".").map((text) => textToCode(text, this.session.dim));
    const way = ["straight", "spherical"].includes(said.get("w")) ? said.get("w") : null;
    if (ends.length === 2 && ends.every(Boolean)) tabs.get("journey").tool.restore({ ends, way });
    const temperature = Number(said.get("T"));
    if (said.has("T") && temperature >= 0 && temperature <= 1) tabs.get("variations").tool.temperature.value = temperature;
    show(said.get("t") ?? "dimensions");
  }

  _restoreMap(said) {
    const { session, stage, toolbar } = this;
    const view = said.get("v")?.split(",").map(Number);
    if (view?.length === 3 && view.every(Number.isFinite) && view[2] > 0) {
      stage.setView({ x: view[0], y: view[1], scale: view[2] * stage.view.side });
    } else stage.fit();
    if (!session.points) return;
    toolbar.setLayers(said.get("l") ?? "points");
    toolbar.setColourBy(said.get("c") ?? "label");
    const hidden = (said.get("h") ?? "").split(".").filter((label) => /^-?\d+$/.test(label));
    stage.hide(new Set(hidden.map(Number)));
  }

  /** The point that is shown, or the groups whose difference was added, unless a hand went elsewhere in the meantime. */
  _restorePoint(said, inTime) {
    const { session, tools } = this;
    const index = Number(said.get("i") ?? NaN);
    const isPoint = Number.isInteger(index) && index >= 0 && index < session.points.count;
    const names = said.get("g")?.split(".");
    const strength = isPoint || !inTime() ? 0 : Number(said.get("s"));
    if (names?.length === 2) tools.tabs.get("arithmetic")?.tool.restore({ names, strength });
    if (isPoint && inTime()) session.moveToPoint(index, "link");
  }

  _state() {
    const { session, stage, tools, theme } = this;
    const { x, y, scale, side } = stage.view;
    const journey = tools.tabs.get("journey").tool.state();
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
      ab: journey?.ends.map(codeToText).join("."),
      w: journey?.way,
      g: groups?.names.join("."),
      s: groups?.strength,
      theme: theme.chosen,
    };
  }

  _write() {
    if (!this.following) writeLink(this._state());
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
