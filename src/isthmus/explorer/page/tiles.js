/** The decoded plane: an image for each cell of a grid that is fixed to the plane. */

import { add } from "./codes.js";
import { latest } from "./latest.js";
import { toCanvas } from "./canvas.js";

const MOST_AT_ONCE = 192;
const MOST_CACHED = 4000;

export class Tiles {
  /** @param {Session} session  @param {() => void} changed  Called when there is more to draw. */
  constructor(session, changed) {
    this.session = session;
    this.changed = changed;
    this.cached = new Map();
    this.key = "";
    this._decode = latest(async () => this._decodeMissing(), session.fail);
    this.wanted = [];
  }

  /** The side of a cell in the plane's units: a power of the square root of 2, so that zooming meets few sizes. */
  cellOf(scale, least) {
    return 2 ** (Math.ceil(2 * Math.log2(least / scale)) / 2);
  }

  /** Draw what there is of the view, and ask for what is missing. */
  draw(context, width, height, view, least) {
    const { session } = this;
    if (session.plane.kind !== "linear") return;
    const cell = this.cellOf(view.scale, least);
    const flat = session.dim <= 2;
    // Beyond two dimensions the plane goes through the code, and all images change with what lies across the plane.
    const across = flat ? "" : this._across().join();
    const key = `${session.planeName}/${cell}/${across}`;
    if (key !== this.key) {
      this.cached.clear();
      this.key = key;
    }
    const side = cell * view.scale;
    const cellAt = (way) => [view.x + (way * width) / 2 / view.scale, view.y + (way * height) / 2 / view.scale].map((at) => Math.floor(at / cell));
    const [first, last] = [cellAt(-1), cellAt(1)];
    const missing = [];
    context.imageSmoothingEnabled = false;
    for (let row = first[1]; row <= last[1]; row++) {
      for (let column = first[0]; column <= last[0]; column++) {
        const tile = this.cached.get(`${column},${row}`);
        if (!tile) {
          missing.push([column, row]);
          continue;
        }
        const x = (column * cell - view.x) * view.scale + width / 2;
        const y = height / 2 - ((row + 1) * cell - view.y) * view.scale;
        context.drawImage(tile, Math.round(x), Math.round(y), Math.ceil(side), Math.ceil(side));
      }
    }
    if (missing.length) {
      const middle = [(first[0] + last[0]) / 2, (first[1] + last[1]) / 2];
      const far = ([column, row]) => (column - middle[0]) ** 2 + (row - middle[1]) ** 2;
      missing.sort((a, b) => far(a) - far(b));
      this.wanted = { key, cell, cells: missing.slice(0, MOST_AT_ONCE) };
      this._decode();
    }
  }

  _across() {
    const { session } = this;
    const place = session.placeOf(session.code);
    let code = add(session.code, session.plane.axes.subarray(0, session.dim), -place[0]);
    code = add(code, session.plane.axes.subarray(session.dim), -place[1]);
    return code.map((value) => Math.round(value * 1e4) / 1e4);
  }

  async _decodeMissing() {
    const { session } = this;
    const { key, cell, cells } = this.wanted;
    const { dim, plane } = session;
    const base = session.dim <= 2 ? plane.centre : this._across();
    const codes = new Float32Array(cells.length * dim);
    cells.forEach(([column, row], i) => {
      const [x, y] = [(column + 0.5) * cell, (row + 0.5) * cell];
      for (let k = 0; k < dim; k++) {
        codes[i * dim + k] = base[k] + x * plane.axes[k] + y * plane.axes[dim + k];
      }
    });
    const images = await session.model.decode(codes, cells.length);
    if (key !== this.key) return;
    if (this.cached.size > MOST_CACHED) this.cached.clear();
    cells.forEach(([column, row], i) => this.cached.set(`${column},${row}`, toCanvas(images, i)));
    this.changed();
  }
}
