/** The state of the page: one latent code, its image and its costs; all parts of the page listen to its events. */

import { codeAt, placeOf } from "./codes.js";
import { imagesAt } from "./model.js";
import { latest } from "./latest.js";

/**
 * Events: "asked" (a move was requested; detail.by names the source), "code" (moved; detail.by, and detail.announcement, the
 * text for screen readers), "image" (decoded), "reading" (its rate and distortion), "points", "plane", "costs" (of all points),
 * "selection", "theme" and "fault" (detail.message).
 */
export class Session extends EventTarget {
  constructor(model, about) {
    super();
    this.model = model;
    this.about = about;
    this.dim = about.latentDim;
    this.code = Float32Array.from(about.start);
    /** The plane before there are points: the first two latent dimensions. */
    const axes = new Float32Array(2 * this.dim);
    axes[0] = 1;
    if (this.dim > 1) axes[this.dim + 1] = 1;
    const nothing = new Float32Array(0);
    this.plane = {
      kind: "linear", x: nothing, y: nothing, axes, centre: Float32Array.from(about.centre),
      names: this.dim > 1 ? ["z[0]", "z[1]"] : ["z[0]", ""],
    };
    this.planeName = about.projections[0];
    this.place = [0, 0];
    this.points = null;
    this.distortions = null;
    this.sortedCosts = null;
    this.image = null;
    this.reading = null;
    this.origin = null; // the image that the code was encoded from, if any: { images, name, index? }
    this.asked = 0; // the number of moves requested
    this.drawing = null; // the number of the last request that came with an image
    this.selection = [];
    this.theme = "light";
    this._decode = latest(async (code, origin) => {
      this.image = await this.model.decode(code, 1);
      this.emit("image");
      if (about.capabilities.encode) this._read(origin ? origin.images : this.image, Boolean(origin));
    }, this.fail);
    this._read = latest(async (images, given) => {
      const found = await this.model.encode(images.pixels, 1);
      this.reading = { rate: found.rate[0], distortion: found.distortion[0], given };
      this.emit("reading");
    }, this.fail, 30);
    this._encode = latest(async (images, name, by) => {
      const found = await this.model.encode(images.pixels, 1);
      if (this.asked !== this.drawing) return;
      this.moveTo(found.mean, { origin: { images, name }, by });
      this.drawing = this.asked;
    }, this.fail);
  }

  fail = (error) => this.emit("fault", { message: error.message });

  /** Do something that may fail: the page shows why. */
  attempt(work) {
    return work().catch(this.fail);
  }

  emit(name, detail = {}) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  on(name, listen) {
    this.addEventListener(name, (event) => listen(event.detail));
  }

  /**
   * Request a move that has to wait for a response.
   * @returns {() => boolean}  Whether no other move was requested since: if one was, the response comes too late.
   */
  ask(by) {
    const asked = ++this.asked;
    this.emit("asked", { by });
    return () => asked === this.asked;
  }

  /** Show a code. */
  moveTo(code, { origin = null, by = "", place = null, announcement = "" } = {}) {
    this.ask(by);
    this.code = Float32Array.from(code);
    this.origin = origin;
    this.place = place ?? this.placeOf(this.code);
    this.emit("code", { by, announcement });
    this._decode(this.code, origin);
  }

  /** Show the code of a place on the plane. */
  moveToPlace(place, by = "plane") {
    const code = codeAt(this.plane, this.points, place, this.code);
    this.moveTo(code, { by, place: this.plane.kind === "linear" ? null : place });
  }

  /** Show a point: its latent code, and its image beside the reconstruction. */
  moveToPoint(index, by = "point") {
    const inTime = this.ask(by);
    return this.attempt(async () => {
      const images = await this.model.pointImages(Int32Array.of(index));
      const name = this.nameOf(index);
      if (inTime()) this.moveTo(this.codeOf(index), { origin: { images, name, index }, by, announcement: `Image ${name}` });
    });
  }

  /** Show a new sample, of one label if given. */
  moveToSample(label = null, by = "sample") {
    const inTime = this.ask(by);
    return this.attempt(async () => {
      const code = await this.sample(label);
      const what = label === null ? "A new image" : `A new image of class ${this.about.labels[label]}`;
      if (inTime()) this.moveTo(code, { by, announcement: what });
    });
  }

  /** The code of a new sample, of one label if given. */
  sample(label = null) {
    return this.model.sample(1, label, Math.floor(Math.random() * 2 ** 31));
  }

  /** Encode an image and show its latent code; while images arrive quickly, the newest. */
  showImage(images, name, by) {
    // A drawing changes faster than it is encoded: older states of it count too, unless another move came in between.
    if (this.asked !== this.drawing) {
      this.ask(by);
      this.drawing = this.asked;
    }
    this._encode(imagesAt(images, 0), name, by);
  }

  codeOf(index) {
    return this.points.codes.slice(index * this.dim, (index + 1) * this.dim);
  }

  nameOf(index) {
    const label = this.labelOf(index);
    return label ? `${this.points.names[index]}, ${label}` : this.points.names[index];
  }

  labelOf(index) {
    const label = this.points.labels?.[index];
    return label === undefined ? "" : this.classTitle(label);
  }

  /** The name of a class; labels beyond those of the run are unknown classes. */
  classTitle(label) {
    const { labels } = this.about;
    return labels[label] ?? (labels.length ? `unknown class ${label - labels.length + 1}` : String(label));
  }

  placeOf(code) {
    return placeOf(this.plane, this.points, code);
  }

  /** The percentage of points that cost less than some nats; null while that is unknown. */
  percentile(cost) {
    if (!this.sortedCosts) return null;
    let [low, high] = [0, this.sortedCosts.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.sortedCosts[middle] < cost) low = middle + 1;
      else high = middle;
    }
    return (100 * low) / this.sortedCosts.length;
  }

  setPoints(points) {
    this.points = points;
    this.emit("points");
  }

  setPlane(plane, name) {
    this.plane = plane;
    this.planeName = name;
    this.place = this.placeOf(this.code);
    this.emit("plane");
  }

  setDistortions(distortions) {
    this.distortions = distortions;
    this.sortedCosts = distortions.map((value, i) => value + this.points.rate[i]).sort();
    this.emit("costs");
  }

  select(indices) {
    this.selection = indices;
    this.emit("selection");
  }
}
