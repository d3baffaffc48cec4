/** Close to the points, each shows its face: the picture that it stands for. */

import { latest } from "./latest.js";
import { toImageData } from "./pictures.js";

const MOST = 90; // more would cover each other
const MOST_KEPT = 1500;

export class Faces {
  /** @param {Session} session  @param {() => void} changed  Called when there is more to draw. */
  constructor(session, changed) {
    this.session = session;
    this.changed = changed;
    this.kept = new Map();
    this._fetch = latest((missing) => this._fetchMissing(missing), session.fail);
  }

  /**
   * Draw the faces of the points in view, if they are few enough.
   * @param {Iterable<number>} points  Those in view, at least.
   * @param {(point: number) => [number, number]|null} place  Where one is; null if it does not count.
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
      const face = this.kept.get(point);
      if (!face) {
        missing.push(point);
        continue;
      }
      const [left, top] = [Math.round(x - width / 2), Math.round(y - height / 2)];
      context.fillStyle = colour(point);
      context.fillRect(left - 2, top - 2, width + 4, height + 4);
      context.drawImage(face, left, top, width, height);
    }
    if (missing.length) this._fetch(missing);
    return true;
  }

  async _fetchMissing(missing) {
    const images = await this.session.model.pointImages(Int32Array.from(missing));
    if (this.kept.size > MOST_KEPT) this.kept.clear();
    missing.forEach((point, i) => {
      const face = new OffscreenCanvas(images.width, images.height);
      face.getContext("2d").putImageData(toImageData(images, i), 0, 0);
      this.kept.set(point, face);
    });
    this.changed();
  }
}
