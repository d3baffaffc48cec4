/** What the page shows now, for all its parts: one code, its picture and what is known of it; they listen to changes. */

import { codeAt, placeOf } from "./codes.js";
import { imageAt } from "./model.js";
import { latest } from "./latest.js";

/**
 * Events, by name: "code" (moved; detail.by says by whom), "picture" (decoded), "reading" (its costs), "points",
 * "plane", "costs" (of all points), "selection", "theme" and "fault" (detail.message).
 */
export class Session extends EventTarget {
  constructor(model, about) {
    super();
    this.model = model;
    this.about = about;
    this.dim = about.latentDim;
    this.code = Float32Array.from(about.centre);
    /** The plane before there are points: the first two numbers of a code. */
    const axes = new Float32Array(2 * this.dim);
    axes[0] = 1;
    if (this.dim > 1) axes[this.dim + 1] = 1;
    const nothing = new Float32Array(0);
    this.plane = {
      kind: "linear", x: nothing, y: nothing, axes, centre: this.code.slice(),
      names: this.dim > 1 ? ["z1", "z2"] : ["z1", ""],
    };
    this.planeName = about.projections[0];
    this.place = [0, 0];
    this.points = null;
    this.distortions = null;
    this.sortedCosts = null;
    this.picture = null;
    this.reading = null;
    this.origin = null; // the picture that the code was made from, if it was: { images, name, index? }
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
    this._encode = latest(async (images, name, by, index) => {
      const found = await this.model.encode(images.pixels, 1);
      this.moveTo(found.mean, { origin: { images, name, index }, by });
    }, this.fail);
  }

  fail = (error) => this.emit("fault", { message: error.message });

  emit(name, detail = {}) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  on(name, listen) {
    this.addEventListener(name, (event) => listen(event.detail));
  }

  /** Show a code. */
  moveTo(code, { origin = null, by = "", place = null } = {}) {
    this.code = Float32Array.from(code);
    this.origin = origin;
    this.place = place ?? this.placeOf(this.code);
    this.emit("code", { by });
    this._decode(this.code, origin);
  }

  /** Show the code of a place on the plane. */
  moveToPlace(place, by = "plane") {
    const code = codeAt(this.plane, this.points, place, this.code);
    this.moveTo(code, { by, place: this.plane.kind === "linear" ? null : place });
  }

  /** Show a point: its code, and its own picture beside what the model makes of it. */
  async moveToPoint(index, by = "point") {
    try {
      const images = await this.model.pointImages(Int32Array.of(index));
      this.moveTo(this.codeOf(index), { origin: { images, name: this.nameOf(index), index }, by });
    } catch (error) {
      this.fail(error);
    }
  }

  /** Encode a picture and show where it lies; while pictures come in quickly, the newest. */
  showPicture(images, name, by) {
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
    return label === undefined ? "" : (this.about.labels[label] ?? String(label));
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
