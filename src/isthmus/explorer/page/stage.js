/** The stage: the latent plane with its points, a cursor to drag through it, and the image that follows. */

import { paint } from "./canvas.js";
import { announce, find } from "./dom.js";
import { DotIndex, stampDots } from "./dots.js";
import { Gestures } from "./gestures.js";
import { HoverCard } from "./hover_card.js";
import { latest, once } from "./latest.js";
import { Morph } from "./morph.js";
import { drawOverlay } from "./overlay.js";
import { PointColours, centralRange } from "./point_colours.js";
import { Thumbnails } from "./thumbnails.js";
import { Tiles } from "./tiles.js";
import { View } from "./view.js";

const PICK = 10; // pixels around a dot that count as it
const PICK_THUMBNAIL = 20;
const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");

export class Stage {
  constructor(session) {
    this.session = session;
    this.element = find("stage");
    this.canvases = ["tiles", "dots", "overlay"].map((name) => find(`stage-${name}`));
    this.loupe = find("loupe");
    this.view = new View();
    this.layers = session.about.capabilities.points ? "points" : "images";
    this.tool = "move";
    this.colours = new PointColours(session);
    this.places = { x: new Float32Array(0), y: new Float32Array(0) };
    this.path = null; // the latent codes of an interpolation
    this.lasso = null; // the pixels of a line drawn around points
    this.tiles = new Tiles(session, () => this.draw());
    this.thumbnails = new Thumbnails(session, () => this.draw());
    this.draw = once((time) => this._draw(time));
    const card = new HoverCard(session, this.view);
    this._hover = latest((index) => {
      this.element.classList.toggle("on-dot", index >= 0);
      return card.show(index);
    });
    this.announcePlace = latest(async () => this._announcePlace(), () => {}, 600);
    new Gestures(this);
    new ResizeObserver(() => this._resize()).observe(this.element);
    this._resize();
    session.on("code", () => {
      this._follow();
      this.draw();
    });
    session.on("image", () => paint(this.loupe.firstElementChild, session.image));
    session.on("plane", () => this._setPlaces());
    session.on("selection", () => this.draw());
    for (const event of ["points", "costs", "theme"]) session.on(event, () => this._recolour());
  }

  // What is shown.

  setLayers(layers) {
    this.layers = layers;
    this.draw();
  }

  setColourBy(what) {
    this.colours.by = what;
    this._recolour();
  }

  setTool(tool) {
    this.tool = tool;
    this.element.dataset.tool = tool;
  }

  toggleLabel(label) {
    const hidden = new Set(this.colours.hidden);
    if (!hidden.delete(label)) hidden.add(label);
    this.hide(hidden);
  }

  /** @param {Set<number>} labels  Those whose points are hidden. */
  hide(labels) {
    this.colours.hidden = labels;
    this._recolour();
  }

  showPath(codes) {
    this.path = codes;
    this.draw();
  }

  // The view.

  /** Bring all points into view; before there are any, three standard deviations of the latent codes. */
  fit() {
    const { plane, about } = this.session;
    const reach = 3.2 * (about.hasRate ? 1 : Math.max(...about.deviation.slice(0, 2)));
    const box = plane.x.length ? [...centralRange(plane.x), ...centralRange(plane.y)] : [-reach, reach, -reach, reach];
    this.view.fit(box);
    this._moved();
  }

  zoom(factor, px, py) {
    this.view.zoom(factor, px, py);
    this._moved();
  }

  pan(dx, dy) {
    this.view.pan(dx, dy);
    this._moved();
  }

  setView(view) {
    Object.assign(this.view, view);
    this._moved();
  }

  _moved() {
    this._hover(-1);
    this._follow();
    this.draw();
    this.session.emit("view");
  }

  // The points.

  /** The point at a pixel of the stage; -1 if there is none. */
  dotAt([px, py]) {
    if (!this.index || this.layers === "images" || this.morph) return -1;
    const [x, y] = this.view.toPlane(px, py);
    return this.index.nearest(x, y, (this.hasThumbnails ? PICK_THUMBNAIL : PICK) / this.view.scale, (i) => this.colours.isShown(i));
  }

  /** Show the card of the point at a pixel; of null, none. */
  hover(pixel) {
    this._hover(pixel ? this.dotAt(pixel) : -1);
  }

  /** Move the cursor to the point nearest to it, if one is about as near as the stage is wide. */
  moveToNearest() {
    const { view, session } = this;
    const dot = this.index.nearest(...session.place, Math.max(view.width, view.height) / view.scale, (i) => this.colours.isShown(i));
    if (dot >= 0) session.moveToPoint(dot);
  }

  selectLasso() {
    const { lasso, session } = this;
    this.lasso = null;
    const polygon = lasso.map((pixel) => this.view.toPlane(...pixel));
    const found = session.points ? this.index.inside(polygon).filter((i) => this.colours.isShown(i)) : [];
    session.select(found);
    announce(`Selected images: ${found.length}`);
    this.draw();
  }

  _setPlaces() {
    const { x, y } = this.session.plane;
    const from = this.places;
    const same = from.x.length === x.length;
    this.index = new DotIndex(x, y);
    if (!this.fitted || same) this.fit();
    this.fitted = true;
    if (reducedMotion.matches || !x.length) {
      this.places = { x, y };
      this.rest();
    } else {
      // The first time from the middle, then from where the last projection had them.
      const middle = { x: new Float32Array(x.length).fill(this.view.x), y: new Float32Array(y.length).fill(this.view.y) };
      this.morph = new Morph(same ? from : middle, { x, y });
      this.places = this.morph.places;
      this.element.setAttribute("aria-busy", "true");
    }
    this._recolour();
    this._follow();
  }

  /** Nothing is loading and nothing moves: for assistive technology, and for programs that drive the page. */
  rest() {
    this.morph = null;
    this.element.setAttribute("aria-busy", "false");
  }

  _recolour() {
    if (!this.colours.update()) return;
    this.session.emit("colours");
    this.draw();
  }

  _announcePlace() {
    const { session, view } = this;
    const [x, y] = session.place;
    let text = `At ${x.toFixed(2)}, ${y.toFixed(2)}`;
    if (this.index && session.points?.labels) {
      const dot = this.index.nearest(x, y, 40 / view.scale);
      text += dot >= 0 ? `; near an image of ${session.labelOf(dot)}` : "; no image near";
    }
    announce(text);
  }

  // Drawing.

  _resize() {
    const { clientWidth, clientHeight } = this.element;
    if (!clientWidth || !clientHeight) return;
    const first = !this.view.width;
    [this.view.width, this.view.height] = [clientWidth, clientHeight];
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
    if (this.morph) {
      if (this.morph.step(time)) {
        this.places = this.morph.end;
        this.rest();
      }
      this.draw();
    }
    const [tiles, dots, overlay] = this.canvases.map((canvas) => canvas.getContext("2d"));
    const { width, height } = dots.canvas;
    const { x, y, scale } = this.view;
    const view = { x, y, scale: scale * this.ratio };
    tiles.clearRect(0, 0, width, height);
    if (this.layers !== "points") {
      const { image } = this.session.about;
      const least = Math.min(112, Math.max(34, Math.max(image.width, image.height) * (image.width > 48 ? 1 : 1.25)));
      this.tiles.draw(tiles, width, height, view, least * this.ratio);
    }
    this.buffer.fill(0);
    const { colours, opacities } = this.colours;
    if (this.layers !== "images" && colours) {
      stampDots(this.buffer, width, height, this.places, view, colours, opacities, this._radius());
    }
    dots.putImageData(this.pixels, 0, 0);
    if (this.layers !== "images" && this.index && !this.morph) this._drawThumbnails(dots);
    drawOverlay(overlay, this);
  }

  _drawThumbnails(context) {
    const { view, colours, ratio } = this;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const [left, top] = view.toPlane(0, 0);
    const [right, bottom] = view.toPlane(view.width, view.height);
    const { x, y } = this.places;
    const inView = (i) => x[i] >= left && x[i] <= right && y[i] >= bottom && y[i] <= top;
    const place = (i) => (colours.isShown(i) && inView(i) ? view.toPixels([x[i], y[i]]) : null);
    this.hasThumbnails = this.thumbnails.draw(context, this.index.within(left, bottom, right, top), place, (i) => colours.css(i));
    context.setTransform(1, 0, 0, 1, 0, 0);
  }

  /** The radius of dots in pixels: larger as the view comes closer, and smaller where there are many. */
  _radius() {
    const many = Math.max(1, this.places.x.length / 4000);
    const near = Math.max(1, this.view.scale / (this.view.fittedScale || this.view.scale));
    return this.ratio * Math.min(6, (2.6 / many ** 0.2) * near ** 0.35);
  }

  /** Keep the image at the cursor: above it, or below where there is no room. */
  _follow() {
    const { loupe, view } = this;
    const [px, py] = view.toPixels(this.session.place);
    const side = loupe.offsetWidth || 112;
    loupe.hidden = !(px > -20 && px < view.width + 20 && py > -20 && py < view.height + 20);
    const x = Math.min(view.width - side - 8, Math.max(8, px - side / 2));
    const y = py - side - 22 > 8 ? py - side - 22 : py + 22;
    loupe.style.transform = `translate(${x}px, ${y}px)`;
  }
}
