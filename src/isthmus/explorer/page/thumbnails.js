/** Thumbnails: where few points are in view, each shows its image. */

import { latest } from "./latest.js";
import { toCanvas } from "./canvas.js";

const MOST = 90; // more would overlap
const MOST_CACHED = 1500;

export class Thumbnails {
  /** @param {Session} session  @param {() => void} changed  Called when there is more to draw. */
  constructor(session, changed) {
    this.session = session;
    this.changed = changed;
    this.cached = new Map();
    this._fetch = latest((missing) => this._fetchMissing(missing), session.fail);
  }

  /**
   * Draw the thumbnails of the points in view, if they are few enough.
   * @param {Iterable<number>} points  Points that include those in view.
   * @param {(point: number) => [number, number]|null} place  Its pixel; null if it is hidden.
   * @param {(point: number) => string} colour  Of its frame.
   * @returns {boolean}  Whether they were few enough.
   */
  draw(context, points, place, colour) {
    const shown = [];
    for (const point of points) {
      const at = place(point);
      if (at && shown.push([point, at]) > MOST) return false;
    }
    const { image } = this.session.about;
    const side = 40;
    const [width, height] = [side * Math.min(1, image.width / image.height), side * Math.min(1, image.height / image.width)];
    const missing = [];
    context.imageSmoothingEnabled = image.width > side;
    for (const [point, [x, y]] of shown) {
      const thumbnail = this.cached.get(point);
      if (!thumbnail) {
        missing.push(point);
        continue;
      }
      const [left, top] = [Math.round(x - width / 2), Math.round(y - height / 2)];
      context.fillStyle = colour(point);
      context.fillRect(left - 2, top - 2, width + 4, height + 4);
      context.drawImage(thumbnail, left, top, width, height);
    }
    if (missing.length) this._fetch(missing);
    return true;
  }

  async _fetchMissing(missing) {
    const images = await this.session.model.pointImages(Int32Array.from(missing));
    if (this.cached.size > MOST_CACHED) this.cached.clear();
    missing.forEach((point, i) => this.cached.set(point, toCanvas(images, i)));
    this.changed();
  }
}
