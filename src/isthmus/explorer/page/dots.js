/**
 * Tens of thousands of dots on a canvas at the rate of the screen: each is stamped into one buffer of pixels, since a
 * canvas's own circles take a hundred times as long, and not every machine has a graphics processor for the page.
 */

const PARTS = 4; // a stamp for each quarter of a pixel, so that slow movement does not jump
let stamps = { key: "" };

/** The pixels that a dot covers and how much of each, 0 to 255, for each of PARTS x PARTS places within a pixel. */
function stampsOf(radius, width) {
  const key = `${radius.toFixed(2)}/${width}`;
  if (stamps.key === key) return stamps;
  const reach = Math.ceil(radius + 0.4);
  const made = [];
  for (let v = 0; v < PARTS; v++) {
    for (let u = 0; u < PARTS; u++) {
      const covered = [];
      for (let y = -reach; y <= reach; y++) {
        for (let x = -reach; x <= reach; x++) {
          const distance = Math.hypot(x + 0.5 - (u + 0.5) / PARTS, y + 0.5 - (v + 0.5) / PARTS);
          const cover = Math.round(255 * Math.min(1, Math.max(0, radius + 0.5 - distance)));
          if (cover) covered.push([x, y, cover]);
        }
      }
      made.push({
        x: Int8Array.from(covered, ([x]) => x),
        y: Int8Array.from(covered, ([, y]) => y),
        offsets: Int32Array.from(covered, ([x, y]) => y * width + x),
        cover: Uint8Array.from(covered, ([, , cover]) => cover),
      });
    }
  }
  stamps = { key, reach, made };
  return stamps;
}

/** Put a colour (0xBBGGRR) over a pixel: "over" for colours that are not multiplied by their opacity. */
function blend(buffer, at, alpha, colour) {
  const below = buffer[at];
  const under = below >>> 24;
  if (alpha === 255 || under === 0) {
    buffer[at] = (alpha << 24) | colour;
    return;
  }
  if (under === 255) {
    // By far the most: two channels at a time, in whole numbers.
    const rest = 255 - alpha;
    const redBlue = ((colour & 0xff00ff) * alpha + (below & 0xff00ff) * rest) >>> 8;
    const green = ((colour & 0xff00) * alpha + (below & 0xff00) * rest) >>> 8;
    buffer[at] = 0xff000000 | (redBlue & 0xff00ff) | (green & 0xff00);
    return;
  }
  const sum = alpha + (((255 - alpha) * under * 257) >> 16);
  const share = alpha / sum;
  const red = below & 255;
  const green = (below >> 8) & 255;
  const blue = (below >> 16) & 255;
  const r = red + ((colour & 255) - red) * share;
  const g = green + (((colour >> 8) & 255) - green) * share;
  const b = blue + ((colour >> 16) - blue) * share;
  buffer[at] = (sum << 24) | (b << 16) | (g << 8) | r;
}

/**
 * Stamp dots into the pixels of a canvas, over whatever is there.
 * @param {Uint32Array} buffer  The pixels, width x height: 0xAABBGGRR.
 * @param {number} width
 * @param {number} height
 * @param {{x: Float32Array, y: Float32Array}} places  In the plane's units.
 * @param {{x: number, y: number, scale: number}} view  The plane's middle of the canvas, and pixels a unit.
 * @param {Uint32Array} colours  Of each dot, 0xBBGGRR.
 * @param {Uint8Array} opacities  Of each dot, 0 to 255.
 * @param {number} radius  Pixels.
 */
export function stampDots(buffer, width, height, places, view, colours, opacities, radius) {
  const { reach, made } = stampsOf(radius, width);
  const { x, y } = places;
  const [left, top] = [width / 2 - view.x * view.scale, height / 2 + view.y * view.scale];
  for (let i = 0; i < x.length; i++) {
    const opacity = opacities[i];
    if (opacity === 0) continue;
    const px = left + x[i] * view.scale;
    const py = top - y[i] * view.scale;
    const column = Math.floor(px);
    const row = Math.floor(py);
    if (!(column >= -reach && column < width + reach && row >= -reach && row < height + reach)) continue;
    const stamp = made[Math.floor((py - row) * PARTS) * PARTS + Math.floor((px - column) * PARTS)];
    const { cover, offsets } = stamp;
    const at = row * width + column;
    const colour = colours[i];
    const whole = column >= reach && column < width - reach && row >= reach && row < height - reach;
    for (let k = 0; k < cover.length; k++) {
      if (!whole) {
        const u = column + stamp.x[k];
        const v = row + stamp.y[k];
        if (u < 0 || u >= width || v < 0 || v >= height) continue;
      }
      const alpha = (cover[k] * opacity * 257) >> 16;
      if (alpha) blend(buffer, at + offsets[k], alpha, colour);
    }
  }
}

/** Finds the dot under a finger: dots by the cell of a grid that they lie in. */
export class DotIndex {
  constructor(x, y) {
    this.x = x;
    this.y = y;
    const side = Math.max(1, Math.floor(Math.sqrt(x.length / 2)));
    this.side = side;
    this.bounds = [extent(x), extent(y)];
    const starts = new Uint32Array(side * side + 1);
    const cells = new Uint32Array(x.length);
    for (let i = 0; i < x.length; i++) {
      cells[i] = this.cell(y[i], 1) * side + this.cell(x[i], 0);
      starts[cells[i] + 1]++;
    }
    for (let i = 0; i < side * side; i++) starts[i + 1] += starts[i];
    const next = starts.slice();
    this.order = new Uint32Array(x.length);
    for (let i = 0; i < x.length; i++) this.order[next[cells[i]]++] = i;
    this.starts = starts;
  }

  cell(value, axis) {
    const [low, high] = this.bounds[axis];
    return Math.min(this.side - 1, Math.max(0, Math.floor(((value - low) / (high - low || 1)) * this.side)));
  }

  /** The dots within a rectangle, and some around it. */
  *within(left, bottom, right, top) {
    const [firstX, lastX] = [this.cell(left, 0), this.cell(right, 0)];
    for (let row = this.cell(bottom, 1); row <= this.cell(top, 1); row++) {
      const end = this.starts[row * this.side + lastX + 1];
      for (let at = this.starts[row * this.side + firstX]; at < end; at++) yield this.order[at];
    }
  }

  /** The dots inside a polygon of the plane. */
  inside(polygon) {
    return Array.from(this.x.keys()).filter((i) => contains(polygon, this.x[i], this.y[i]));
  }

  /** The dot nearest to a place, if one is within reach; else -1. */
  nearest(x, y, reach, admits = () => true) {
    let best = -1;
    let least = reach ** 2;
    for (const i of this.within(x - reach, y - reach, x + reach, y + reach)) {
      const squared = (this.x[i] - x) ** 2 + (this.y[i] - y) ** 2;
      if (squared <= least && admits(i)) {
        least = squared;
        best = i;
      }
    }
    return best;
  }
}

const extent = (values) =>
  [Math.min, Math.max].map((extreme, i) => values.reduce((found, value) => extreme(found, value), i ? -Infinity : Infinity));

/** Whether a place lies in a polygon: whether a ray from it crosses the edges an odd number of times. */
function contains(polygon, x, y) {
  let odd = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const [ax, ay] = polygon[i];
    const [bx, by] = polygon[j];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) odd = !odd;
  }
  return odd;
}
