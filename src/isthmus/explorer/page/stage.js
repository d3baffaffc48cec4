/** The stage: the latent plane with its points, a cursor to drag through it, and the picture that follows. */

import { announce, find, h } from "./dom.js";
import { DotIndex, stampDots } from "./dots.js";
import { Faces } from "./faces.js";
import { latest, once } from "./latest.js";
import { amountColour, classColour, packed } from "./palette.js";
import { paint } from "./pictures.js";
import { Tiles } from "./tiles.js";

const PICK = 10; // pixels around a dot that count as it
const PICK_FACE = 20;
const STEP = 12; // pixels that an arrow key moves the cursor
const MORPH_MILLISECONDS = 700;
const calm = matchMedia("(prefers-reduced-motion: reduce)");

export class Stage {
  constructor(session) {
    this.session = session;
    this.element = find("stage");
    this.canvases = ["tiles", "dots", "overlay"].map((name) => find(`stage-${name}`));
    this.loupe = find("loupe");
    this.card = find("hover-card");
    this.view = { x: 0, y: 0, scale: 80 };
    this.layers = session.about.capabilities.points ? "points" : "pictures";
    this.tool = "move";
    this.colourBy = "label"; // or "rate", or "distortion"
    this.amounts = null; // of rate or distortion: from where to where the colours go
    this.hidden = new Set(); // labels that are switched off
    this.places = { x: new Float32Array(0), y: new Float32Array(0) };
    this.path = null; // codes to draw a way through
    this.lasso = null;
    this.tiles = new Tiles(session, () => this.draw());
    this.faces = new Faces(session, () => this.draw());
    this.draw = once((time) => this._draw(time));
    this._hover = latest((index) => this._showCard(index), () => {}, 0);
    this._listen();
    new ResizeObserver(() => this._resize()).observe(this.element);
    this._resize();
    session.on("code", () => {
      this._follow();
      this.draw();
    });
    session.on("picture", () => paint(this.loupe.firstElementChild, session.picture));
    session.on("points", () => this._recolour());
    session.on("plane", () => this._setPlaces());
    session.on("costs", () => this._recolour());
    session.on("selection", () => this.draw());
    session.on("theme", () => this._recolour());
    this._announce = latest(async () => this._say(), () => {}, 600);
  }

  // What is shown.

  setLayers(layers) {
    this.layers = layers;
    this.draw();
  }

  setColourBy(what) {
    this.colourBy = what;
    this._recolour();
  }

  setTool(tool) {
    this.tool = tool;
    this.element.dataset.tool = tool;
  }

  toggleLabel(label) {
    const hidden = new Set(this.hidden);
    if (!hidden.delete(label)) hidden.add(label);
    this.hide(hidden);
  }

  /** @param {Set<number>} labels  Those whose points are not shown. */
  hide(labels) {
    this.hidden = labels;
    this._recolour();
  }

  showPath(codes) {
    this.path = codes;
    this.draw();
  }

  /** Bring all points into view; before there are any, three deviations of the prior. */
  fit() {
    const { x, y } = this.session.plane;
    const [width, height] = [this.width, this.height];
    let box = [-3.2, 3.2, -3.2, 3.2];
    if (x.length) box = [...range(x), ...range(y)];
    else if (!this.session.about.hasRate) {
      const { deviation } = this.session.about;
      const reach = 3.2 * Math.max(...deviation.slice(0, 2));
      box = [-reach, reach, -reach, reach];
    }
    const scale = Math.min(width / ((box[1] - box[0]) * 1.12 || 1), height / ((box[3] - box[2]) * 1.12 || 1));
    this.view = { x: (box[0] + box[1]) / 2, y: (box[2] + box[3]) / 2, scale };
    this.fittedScale = scale;
    this._moved();
  }

  zoom(factor, px = this.width / 2, py = this.height / 2) {
    const before = this.toPlane(px, py);
    this.view.scale = Math.min(1e5, Math.max(1e-3, this.view.scale * factor));
    const after = this.toPlane(px, py);
    this.view.x += before[0] - after[0];
    this.view.y += before[1] - after[1];
    this._moved();
  }

  pan(dx, dy) {
    this.view.x -= dx / this.view.scale;
    this.view.y += dy / this.view.scale;
    this._moved();
  }

  setView(view) {
    this.view = view;
    this._moved();
  }

  toPlane(px, py) {
    return [this.view.x + (px - this.width / 2) / this.view.scale, this.view.y - (py - this.height / 2) / this.view.scale];
  }

  toPixels([x, y]) {
    return [(x - this.view.x) * this.view.scale + this.width / 2, this.height / 2 - (y - this.view.y) * this.view.scale];
  }

  _moved() {
    this._hover(-1);
    this._follow();
    this.draw();
    this.session.emit("view");
  }

  // Points and their colours.

  _setPlaces() {
    const { x, y } = this.session.plane;
    const from = this.places;
    const same = from.x.length === x.length;
    this.index = new DotIndex(x, y);
    if (!this.fitted) {
      this.fitted = true;
      this.fit();
    } else if (same) {
      this.fit();
    }
    if (calm.matches || !x.length) {
      this.places = { x, y };
      this.rest();
    } else {
      // Points travel to their places: the first time from the middle, then from where the last plane had them.
      const [cx, cy] = [this.view.x, this.view.y];
      const start = same ? from : { x: new Float32Array(x.length).fill(cx), y: new Float32Array(y.length).fill(cy) };
      this.places = { x: start.x.slice(), y: start.y.slice() };
      this.morph = { start, end: { x, y }, began: null };
      this.element.setAttribute("aria-busy", "true");
    }
    this._recolour();
    this._follow();
  }

  _step(time) {
    const { morph } = this;
    morph.began ??= time;
    const t = Math.min(1, (time - morph.began) / MORPH_MILLISECONDS);
    const eased = 1 - (1 - t) ** 3;
    for (const axis of ["x", "y"]) {
      const [from, to, now] = [morph.start[axis], morph.end[axis], this.places[axis]];
      for (let i = 0; i < now.length; i++) now[i] = from[i] + eased * (to[i] - from[i]);
    }
    if (t === 1) {
      this.places = morph.end;
      this.rest();
    }
    this.draw();
  }

  /** Nothing is loading and nothing travels: for assistive technology, and for whoever drives the page. */
  rest() {
    this.morph = null;
    this.element.setAttribute("aria-busy", "false");
  }

  _recolour() {
    const { points, theme, distortions } = this.session;
    if (!points) return;
    this.colours = new Uint32Array(points.count);
    this.opacities = new Uint8Array(points.count).fill(255);
    const amounts = this.colourBy === "rate" ? points.rate : this.colourBy === "distortion" ? distortions : null;
    this.amounts = amounts && range(amounts);
    if (amounts) {
      const [low, high] = this.amounts;
      const ramp = Uint32Array.from({ length: 64 }, (_, i) => packed(amountColour(theme, i / 63)));
      for (let i = 0; i < points.count; i++) {
        this.colours[i] = ramp[Math.min(63, Math.max(0, Math.floor((64 * (amounts[i] - low)) / (high - low || 1))))];
      }
    } else if (points.labels && this.colourBy === "label") {
      const known = new Map();
      for (let i = 0; i < points.count; i++) {
        const label = points.labels[i];
        if (!known.has(label)) known.set(label, packed(classColour(theme, label)));
        this.colours[i] = known.get(label);
      }
    } else {
      this.colours.fill(packed(classColour(theme, 0)));
    }
    if (points.labels && this.hidden.size) {
      for (let i = 0; i < points.count; i++) if (this.hidden.has(points.labels[i])) this.opacities[i] = 0;
    }
    this.session.emit("colours");
    this.draw();
  }

  // Drawing.

  _resize() {
    const { clientWidth, clientHeight } = this.element;
    if (!clientWidth || !clientHeight) return;
    const first = !this.width;
    [this.width, this.height] = [clientWidth, clientHeight];
    this.ratio = Math.min(2, devicePixelRatio || 1);
    for (const canvas of this.canvases) {
      canvas.width = Math.round(clientWidth * this.ratio);
      canvas.height = Math.round(clientHeight * this.ratio);
    }
    const [, dots] = this.canvases;
    this.pixels = new ImageData(dots.width, dots.height);
    this.buffer = new Uint32Array(this.pixels.data.buffer);
    if (first) this.fit();
    this._moved();
  }

  _draw(time) {
    if (this.morph) this._step(time);
    const [tiles, dots, overlay] = this.canvases.map((canvas) => canvas.getContext("2d"));
    const [width, height] = [dots.canvas.width, dots.canvas.height];
    const view = { ...this.view, scale: this.view.scale * this.ratio };
    tiles.clearRect(0, 0, width, height);
    if (this.layers !== "points") {
      const { image } = this.session.about;
      const least = Math.min(112, Math.max(34, Math.max(image.width, image.height) * (image.width > 48 ? 1 : 1.25)));
      this.tiles.draw(tiles, width, height, view, least * this.ratio);
    }
    this.buffer.fill(0);
    if (this.layers !== "pictures" && this.colours) {
      stampDots(this.buffer, width, height, this.places, view, this.colours, this.opacities, this._radius());
    }
    dots.putImageData(this.pixels, 0, 0);
    if (this.layers !== "pictures" && this.index && !this.morph) this._drawFaces(dots);
    this._drawOverlay(overlay);
  }

  _drawFaces(context) {
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    const [left, top] = this.toPlane(0, 0);
    const [right, bottom] = this.toPlane(this.width, this.height);
    const { x, y } = this.places;
    const place = (i) =>
      this.opacities[i] && x[i] >= left && x[i] <= right && y[i] >= bottom && y[i] <= top ? this.toPixels([x[i], y[i]]) : null;
    this.faced = this.faces.draw(context, this.index.within(left, bottom, right, top), place, (i) => `#${unpacked(this.colours[i])}`);
    context.setTransform(1, 0, 0, 1, 0, 0);
  }

  /** Dots grow as the view comes closer, and are smaller where there are many. */
  _radius() {
    const crowd = Math.max(1, this.places.x.length / 4000);
    const near = Math.max(1, this.view.scale / (this.fittedScale || this.view.scale));
    return this.ratio * Math.min(6, (2.6 / crowd ** 0.2) * near ** 0.35);
  }

  _drawOverlay(context) {
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.clearRect(0, 0, this.width, this.height);
    const style = getComputedStyle(this.element);
    const ink = style.getPropertyValue("--ink");
    const accent = style.getPropertyValue("--accent");
    if (this.path) {
      context.beginPath();
      this.path.forEach((code, i) => context[i ? "lineTo" : "moveTo"](...this.toPixels(this.session.placeOf(code))));
      context.lineWidth = 5;
      context.lineJoin = context.lineCap = "round";
      context.strokeStyle = style.getPropertyValue("--card");
      context.stroke();
      context.lineWidth = 2.5;
      context.strokeStyle = accent;
      context.stroke();
    }
    if (this.session.selection.length) {
      context.fillStyle = ink;
      const { x, y } = this.places;
      for (const i of this.session.selection.slice(0, 5000)) {
        const [px, py] = this.toPixels([x[i], y[i]]);
        context.fillRect(px - 1, py - 1, 2, 2);
      }
    }
    if (this.lasso) {
      context.beginPath();
      this.lasso.forEach((point, i) => context[i ? "lineTo" : "moveTo"](...point));
      context.closePath();
      context.strokeStyle = accent;
      context.lineWidth = 1.5;
      context.setLineDash([5, 4]);
      context.stroke();
      context.setLineDash([]);
    }
    const [px, py] = this.toPixels(this.session.place);
    for (const [width, colour] of [[5, style.getPropertyValue("--card")], [2.5, accent]]) {
      context.beginPath();
      context.arc(px, py, 8, 0, 2 * Math.PI);
      context.lineWidth = width;
      context.strokeStyle = colour;
      context.stroke();
    }
  }

  /** Keep the picture at the finger: above it, or below where there is no room. */
  _follow() {
    const [px, py] = this.toPixels(this.session.place);
    const side = this.loupe.offsetWidth || 112;
    const inside = px > -20 && px < this.width + 20 && py > -20 && py < this.height + 20;
    this.loupe.hidden = !inside;
    const x = Math.min(this.width - side - 8, Math.max(8, px - side / 2));
    const y = py - side - 22 > 8 ? py - side - 22 : py + 22;
    this.loupe.style.transform = `translate(${x}px, ${y}px)`;
  }

  // Fingers, mice and keys.

  _listen() {
    const { element } = this;
    const held = new Map();
    let began = null;
    const at = (event) => {
      const box = element.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    element.addEventListener("pointerdown", (event) => {
      if (event.button === 2 || event.target.closest("button")) return;
      element.setPointerCapture(event.pointerId);
      held.set(event.pointerId, at(event));
      this._hover(-1);
      const tool = event.button === 1 || event.ctrlKey ? "pan" : event.shiftKey ? "lasso" : this.tool;
      began = { tool, from: at(event), moved: false };
      if (held.size === 2) {
        this.lasso = null;
        began = { tool: "pinch", moved: true };
        return;
      }
      if (tool === "lasso") this.lasso = [at(event)];
    });
    element.addEventListener("pointermove", (event) => {
      const now = at(event);
      if (!held.has(event.pointerId)) {
        this._hover(this._dotAt(now));
        return;
      }
      const before = held.get(event.pointerId);
      if (began.tool === "pinch" && held.size === 2) {
        const other = [...held].find(([id]) => id !== event.pointerId)[1];
        const [was, is] = [before, now].map((p) => Math.hypot(p[0] - other[0], p[1] - other[1]));
        this.zoom(is / (was || 1), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
        this.pan((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
        held.set(event.pointerId, now);
        return;
      }
      held.set(event.pointerId, now);
      if (!began.moved && Math.hypot(now[0] - began.from[0], now[1] - began.from[1]) < 4) return;
      began.moved = true;
      if (began.tool === "pan") this.pan(now[0] - before[0], now[1] - before[1]);
      else if (began.tool === "lasso") {
        this.lasso.push(now);
        this.draw();
      } else if (began.tool === "move") {
        this.session.moveToPlace(this.toPlane(...now));
      }
    });
    const end = (event) => {
      if (!held.delete(event.pointerId)) return;
      if (began.tool === "lasso" && this.lasso) this._selectLasso();
      if (began.tool !== "pinch" && !began.moved && event.type === "pointerup") {
        const dot = this._dotAt(began.from);
        if (dot >= 0) this.session.moveToPoint(dot);
        else this.session.moveToPlace(this.toPlane(...began.from));
      }
      this._announce();
    };
    element.addEventListener("pointerup", end);
    element.addEventListener("pointercancel", end);
    element.addEventListener("pointerleave", () => {
      this._hover(-1);
    });
    element.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        const notch = event.deltaMode === 1 ? 16 : 1;
        this.zoom(Math.exp((-event.deltaY * notch) / (event.ctrlKey ? 120 : 480)), ...at(event));
      },
      { passive: false },
    );
    element.addEventListener("keydown", (event) => this._key(event));
  }

  _key(event) {
    // The buttons that lie on the stage have keys of their own.
    if (event.target !== this.element || event.ctrlKey || event.metaKey) return;
    const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (arrows[event.key]) {
      const [dx, dy] = arrows[event.key].map((way) => way * (event.shiftKey ? 4 : 1) * STEP);
      if (event.altKey) this.pan(-4 * dx, -4 * dy);
      else {
        const [px, py] = this.toPixels(this.session.place);
        this.session.moveToPlace(this.toPlane(px + dx, py + dy));
        this._announce();
      }
    } else if (event.key === "+" || event.key === "=") this.zoom(1.25);
    else if (event.key === "-") this.zoom(0.8);
    else if (event.key === "0") this.fit();
    else if (event.key === "Enter" && this.index) {
      const [x, y] = this.session.place;
      const dot = this.index.nearest(x, y, Math.max(this.width, this.height) / this.view.scale, (i) => this.opacities[i]);
      if (dot >= 0) this.session.moveToPoint(dot);
    } else if (event.key === "Escape") this.session.select([]);
    else return;
    event.preventDefault();
  }

  _say() {
    const { session } = this;
    const [x, y] = session.place;
    let text = `At ${x.toFixed(2)}, ${y.toFixed(2)}`;
    if (this.index && session.points?.labels) {
      const dot = this.index.nearest(x, y, 40 / this.view.scale);
      text += dot >= 0 ? `; near an image of ${session.labelOf(dot)}` : "; no image near";
    }
    announce(text);
  }

  _dotAt([px, py]) {
    if (!this.index || this.layers === "pictures" || this.morph) return -1;
    const [x, y] = this.toPlane(px, py);
    return this.index.nearest(x, y, (this.faced ? PICK_FACE : PICK) / this.view.scale, (i) => this.opacities[i] > 0);
  }

  async _showCard(index) {
    const { session, card } = this;
    this.element.classList.toggle("on-dot", index >= 0);
    if (index < 0) {
      card.hidden = true;
      return;
    }
    if (card.dataset.index !== String(index)) {
      const images = await session.model.pointImages(Int32Array.of(index));
      const canvas = h("canvas", { "aria-hidden": "true" });
      paint(canvas, images);
      const rate = session.about.hasRate ? h("span", {}, `rate ${session.points.rate[index].toFixed(1)}`) : null;
      const distortion = session.distortions
        ? h("span", {}, `distortion ${session.distortions[index].toFixed(1)}`)
        : null;
      const label = session.labelOf(index);
      card.replaceChildren(
        canvas,
        h("div", {}, h("strong", {}, label || session.points.names[index]), label ? h("span", {}, session.points.names[index]) : null, rate, distortion),
      );
      card.dataset.index = index;
    }
    const [px, py] = this.toPixels([session.plane.x[index], session.plane.y[index]]);
    card.hidden = false;
    const x = px + 18 + card.offsetWidth > this.width ? px - 18 - card.offsetWidth : px + 18;
    const y = Math.min(this.height - card.offsetHeight - 8, Math.max(8, py - card.offsetHeight / 2));
    card.style.transform = `translate(${x}px, ${y}px)`;
  }

  _selectLasso() {
    const polygon = this.lasso.map(([px, py]) => this.toPlane(px, py));
    this.lasso = null;
    const found = [];
    if (polygon.length > 2 && this.session.points) {
      const { x, y } = this.session.plane;
      for (let i = 0; i < x.length; i++) if (this.opacities[i] && inside(polygon, x[i], y[i])) found.push(i);
    }
    this.session.select(found);
    announce(`${found.length} images selected`);
    this.draw();
  }
}

/** A colour of the points' buffer as CSS has it, without the #. */
function unpacked(colour) {
  return [colour & 255, (colour >> 8) & 255, colour >> 16].map((part) => part.toString(16).padStart(2, "0")).join("");
}

/** Where most of some values lie: all but the outermost thousandth on each side. */
function range(values) {
  const sorted = Float32Array.from(values).sort();
  const cut = Math.floor(sorted.length / 1000);
  return [sorted[cut], sorted[sorted.length - 1 - cut]];
}

/** Whether a place lies in a polygon: whether a ray from it crosses the edges an odd number of times. */
function inside(polygon, x, y) {
  let odd = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const [ax, ay] = polygon[i];
    const [bx, by] = polygon[j];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) odd = !odd;
  }
  return odd;
}
