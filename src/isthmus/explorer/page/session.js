/** What the page shows now, for all its parts: one code, its picture and what is known of it; they listen to changes. */

import { codeAt, placeOf } from "./codes.js";
import { imageAt } from "./model.js";
import { latest } from "./latest.js";

/**
 * Events, by name: "asked" (somebody wants to move; detail.by says who), "code" (moved; detail.by, and detail.said, what
 * to tell those who listen), "picture" (decoded), "reading" (its costs), "points", "plane", "costs" (of all points),
 * "selection", "theme" and "fault" (detail.message).
 */
export class Session extends EventTarget {
  constructor(model, about) {
    super();
    this.model = model;
    this.about = about;
    this.dim = about.latentDim;
    this.code = Float32Array.from(about.start);
    /** The plane before there are points: the first two numbers of a code. */
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
    this.picture = null;
    this.reading = null;
    this.origin = null; // the picture that the code was made from, if it was: { images, name, index? }
    this.asked = 0; // how often somebody wanted to move
    this.drawing = null; // at which of these a picture came last
    this.selection = [];
    this.theme = "light";
    this._decode = latest(async (code, origin) => {
      this.picture = await this.model.decode(code, 1);
      this.emit("picture");
      if (about.capabilities.encode) this._read(origin ? origin.images : this.picture, Boolean(origin));
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

  emit(name, detail = {}) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  on(name, listen) {
    this.addEventListener(name, (event) => listen(event.detail));
  }

  /**
   * Want to move, once an answer is there.
   * @returns {() => boolean}  Whether nobody wanted to go elsewhere since: if somebody did, the answer comes too late.
   */
  ask(by) {
    const asked = ++this.asked;
    this.emit("asked", { by });
    return () => asked === this.asked;
  }

  /** Show a code. */
  moveTo(code, { origin = null, by = "", place = null, said = "" } = {}) {
    this.ask(by);
    this.code = Float32Array.from(code);
    this.origin = origin;
    this.place = place ?? this.placeOf(this.code);
    this.emit("code", { by, said });
    this._decode(this.code, origin);
  }

  /** Show the code of a place on the plane. */
  moveToPlace(place, by = "plane") {
    const code = codeAt(this.plane, this.points, place, this.code);
    this.moveTo(code, { by, place: this.plane.kind === "linear" ? null : place });
  }

  /** Show a point: its code, and its own picture beside what the model makes of it. */
  async moveToPoint(index, by = "point") {
    const inTime = this.ask(by);
    try {
      const images = await this.model.pointImages(Int32Array.of(index));
      const name = this.nameOf(index);
      if (inTime()) this.moveTo(this.codeOf(index), { origin: { images, name, index }, by, said: `Image ${name}` });
    } catch (error) {
      this.fail(error);
    }
  }

  /** Show something new that is like the training images, or like those of one label. */
  async moveToSample(label = null, by = "sample") {
    const inTime = this.ask(by);
    try {
      const code = await this.model.sample(1, label, Math.floor(Math.random() * 2 ** 31));
      const what = label === null ? "A new picture" : `A new picture of class ${this.about.labels[label]}`;
      if (inTime()) this.moveTo(code, { by, said: what });
    } catch (error) {
      this.fail(error);
    }
  }

  /** Encode a picture and show where it lies; while pictures come in quickly, the newest. */
  showPicture(images, name, by) {
    // A drawing grows faster than it is encoded: what it was a moment ago counts, unless something else came in between.
    if (this.asked !== this.drawing) {
      this.ask(by);
      this.drawing = this.asked;
    }
    this._encode(imageAt(images, 0), name, by);
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

  /** The name of a class; labels beyond the run's own are classes that it does not know. */
  classTitle(label) {
    const { labels } = this.about;
    return labels[label] ?? (labels.length ? `unknown class ${label - labels.length + 1}` : String(label));
  }

  placeOf(code) {
    return placeOf(this.plane, this.points, code);
  }

  /** How many percent of the points cost less than some nats; null while that is not known. */
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
