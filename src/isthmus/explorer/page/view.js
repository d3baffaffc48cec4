/** The view: which part of the plane the stage shows, and at what scale. */

export class View {
  constructor() {
    [this.x, this.y] = [0, 0]; // the middle of the stage, in the plane's units
    this.scale = 80; // pixels per unit
    this.fittedScale = 0; // the scale at which all points are in view
    [this.width, this.height] = [0, 0]; // of the stage, in pixels
  }

  /** The shorter side of the stage, in pixels. */
  get side() {
    return Math.min(this.width, this.height);
  }

  toPlane(px, py) {
    return [this.x + (px - this.width / 2) / this.scale, this.y - (py - this.height / 2) / this.scale];
  }

  toPixels([x, y]) {
    return [(x - this.x) * this.scale + this.width / 2, this.height / 2 - (y - this.y) * this.scale];
  }

  /** Show a box of the plane, with a margin. */
  fit([left, right, bottom, top]) {
    this.scale = Math.min(this.width / ((right - left) * 1.12 || 1), this.height / ((top - bottom) * 1.12 || 1));
    this.fittedScale = this.scale;
    [this.x, this.y] = [(left + right) / 2, (bottom + top) / 2];
  }

  /** Zoom around a pixel, by default the middle. */
  zoom(factor, px = this.width / 2, py = this.height / 2) {
    const before = this.toPlane(px, py);
    this.scale = Math.min(1e5, Math.max(1e-3, this.scale * factor));
    const after = this.toPlane(px, py);
    this.x += before[0] - after[0];
    this.y += before[1] - after[1];
  }

  pan(dx, dy) {
    this.x -= dx / this.scale;
    this.y += dy / this.scale;
  }
}
