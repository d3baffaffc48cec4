/** The lasso: a line drawn around points. */

export class Lasso {
  /** @param {[number, number]} start  In pixels of the stage. */
  constructor(start) {
    this.line = [start];
  }

  add(pixel) {
    this.line.push(pixel);
  }

  /** The places within the line that are shown: their indices. */
  select({ x, y }, view, isShown) {
    const polygon = this.line.map(([px, py]) => view.toPlane(px, py));
    const found = [];
    if (polygon.length < 3) return found;
    for (let i = 0; i < x.length; i++) if (isShown(i) && contains(polygon, x[i], y[i])) found.push(i);
    return found;
  }
}

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
