/** The movement of all points from one projection to the next. */

const MILLISECONDS = 700;

export class Morph {
  /** @param {{x: Float32Array, y: Float32Array}} start  @param {{x: Float32Array, y: Float32Array}} end */
  constructor(start, end) {
    this.start = start;
    this.end = end;
    this.places = { x: start.x.slice(), y: start.y.slice() };
    this.began = null;
  }

  /** Move the points to where they are at a time, in milliseconds; returns whether they have arrived. */
  step(time) {
    this.began ??= time;
    const t = Math.min(1, (time - this.began) / MILLISECONDS);
    const eased = 1 - (1 - t) ** 3;
    for (const axis of ["x", "y"]) {
      const [from, to, now] = [this.start[axis], this.end[axis], this.places[axis]];
      for (let i = 0; i < now.length; i++) now[i] = from[i] + eased * (to[i] - from[i]);
    }
    return t === 1;
  }
}
