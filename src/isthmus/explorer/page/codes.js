/** Latent codes: arithmetic, interpolation and projection. */

export function add(a, b, weight = 1) {
  return a.map((value, i) => value + weight * b[i]);
}

export function dot(a, b) {
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}

/** The squared Euclidean distance of a code from the one at `start` of an array of codes. */
export function squaredDistance(code, codes, start = 0) {
  let sum = 0;
  for (let k = 0; k < code.length; k++) sum += (codes[start + k] - code[k]) ** 2;
  return sum;
}

/** Put codes of equal length one after the other: count x dim. */
export function stack(codes) {
  const stacked = new Float32Array(codes.length * codes[0].length);
  codes.forEach((code, i) => stacked.set(code, i * code.length));
  return stacked;
}

export function linear(a, b, t) {
  return a.map((value, i) => value + t * (b[i] - value));
}

/**
 * From a to b along the sphere around `centre`, the length changing linearly (Shoemake 1985); linear
 * where the two have the same or opposite directions.
 */
export function spherical(a, b, t, centre) {
  const from = add(a, centre, -1);
  const to = add(b, centre, -1);
  const lengths = [Math.sqrt(dot(from, from)), Math.sqrt(dot(to, to))];
  const cosine = dot(from, to) / (lengths[0] * lengths[1]);
  const angle = Math.acos(Math.min(1, Math.max(-1, cosine)));
  if (!(angle > 1e-4 && angle < Math.PI - 1e-4)) return linear(a, b, t);
  const [p, q] = [Math.sin((1 - t) * angle) / Math.sin(angle), Math.sin(t * angle) / Math.sin(angle)];
  const length = lengths[0] + t * (lengths[1] - lengths[0]);
  return from.map((value, i) => centre[i] + length * ((p * value) / lengths[0] + (q * to[i]) / lengths[1]));
}

/** The mean of some rows of codes (count x dim). */
export function mean(codes, dim, indices) {
  const sums = new Float64Array(dim);
  for (const index of indices) {
    for (let k = 0; k < dim; k++) sums[k] += codes[index * dim + k];
  }
  return Float32Array.from(sums, (sum) => sum / indices.length);
}

/** A standard normal number (Box and Muller 1958). */
export function normal() {
  return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
}

/**
 * A variation of a code: the same at temperature 0, a sample of the latent distribution at 1.  The step preserves that
 * distribution at any temperature.
 */
export function vary(code, temperature, centre, deviation) {
  const share = Math.sqrt(1 - temperature ** 2);
  return code.map((value, k) => centre[k] + share * (value - centre[k]) + temperature * deviation[k] * normal());
}

/** The place of a code on a plane (`Projection` of model.js); on an embedding, among the points whose codes are near. */
export function placeOf(plane, points, code) {
  const dim = code.length;
  if (plane.kind === "linear") {
    const offset = add(code, plane.centre, -1);
    return [0, 1].map((axis) => dot(offset, plane.axes.subarray(axis * dim)));
  }
  const { weights, chosen } = nearest(points.count, (i) => squaredDistance(code, points.codes, i * dim));
  return [0, 1].map((axis) => chosen.reduce((sum, i, j) => sum + weights[j] * (axis ? plane.y : plane.x)[i], 0));
}

/**
 * The code of a place: on a linear plane the given code moved within the plane, its other directions unchanged; on an
 * embedding a mean of the codes of the points around.
 */
export function codeAt(plane, points, place, code) {
  const dim = code.length;
  if (plane.kind === "linear") {
    const now = placeOf(plane, points, code);
    const [dx, dy] = [place[0] - now[0], place[1] - now[1]];
    return code.map((value, k) => value + dx * plane.axes[k] + dy * plane.axes[dim + k]);
  }
  const { weights, chosen } = nearest(points.count, (i) => (plane.x[i] - place[0]) ** 2 + (plane.y[i] - place[1]) ** 2);
  const found = new Float32Array(dim);
  chosen.forEach((i, j) => {
    for (let k = 0; k < dim; k++) found[k] += weights[j] * points.codes[i * dim + k];
  });
  return found;
}

const AROUND = 8;

/** The few smallest of `count` squared distances, and weights that fall with them. */
function nearest(count, squared) {
  const chosen = [];
  const distances = [];
  for (let i = 0; i < count; i++) {
    const distance = squared(i);
    if (chosen.length === AROUND && distance >= distances[AROUND - 1]) continue;
    let at = chosen.length === AROUND ? AROUND - 1 : chosen.length;
    while (at > 0 && distances[at - 1] > distance) {
      chosen[at] = chosen[at - 1];
      distances[at] = distances[at - 1];
      at--;
    }
    chosen[at] = i;
    distances[at] = distance;
  }
  const smallest = Math.max(distances[0] ?? 0, 1e-12);
  const raw = distances.map((distance) => smallest / Math.max(distance, 1e-12));
  const sum = raw.reduce((a, b) => a + b, 0);
  return { chosen, weights: raw.map((weight) => weight / sum) };
}
