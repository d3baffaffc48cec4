/** The model in the page itself: networks, points and pictures came with the file (see `Model` in model.js). */

import { floatsOf, inflate, integersOf } from "./arrays.js";
import { distortionOf, rateOf } from "./costs.js";
import { Network } from "./network.js";

/** How long the page may stand still for pictures; a frame of the screen lasts 16. */
const SLICE_MILLISECONDS = 12;

export class LocalModel {
  /** @param {Object} run  What export/page.py wrote. */
  constructor(run) {
    this.run = run;
    this.about = run.about;
    this.dim = run.about.latentDim;
    this.decoder = new Network(run.decoder);
    this.encoder = run.encoder && new Network(run.encoder);
    this.codes = run.points && floatsOf(run.points.codes);
  }

  async describe() {
    return this.about;
  }

  async decode(codes, count) {
    const { height, width, channels } = this.about.image;
    const size = height * width * channels;
    const pixels = new Uint8Array(count * size);
    await this._inSlices(count, (i) => {
      this.decoder.run(codes.subarray(i * this.dim, (i + 1) * this.dim));
      pixels.set(this._shown(this.decoder.outputs.images, size), i * size);
    });
    return { count, height, width, channels, pixels };
  }

  async encode(pixels, count) {
    const { dim } = this;
    const size = pixels.length / count;
    const found = {
      mean: new Float32Array(count * dim),
      logVariance: this.about.hasRate ? new Float32Array(count * dim) : null,
      rate: new Float32Array(count),
      distortion: new Float32Array(count),
    };
    await this._inSlices(count, (i) => {
      const picture = this._given(pixels.subarray(i * size, (i + 1) * size));
      const { mean, log_variance: logVariance } = this.encoder.run(picture);
      found.mean.set(mean, i * dim);
      if (logVariance) {
        found.logVariance.set(logVariance, i * dim);
        found.rate[i] = rateOf(mean, logVariance);
      }
      found.distortion[i] = this._distortion(picture, mean, logVariance);
    });
    return found;
  }

  async points() {
    const { what, names, labels, rate, information } = this.run.points;
    return {
      what, names, count: names.length, codes: this.codes,
      labels: labels && integersOf(labels), rate: floatsOf(rate), information: floatsOf(information),
    };
  }

  async projection(name) {
    const { x, y, axes, centre, names } = this.run.projections[name];
    return { kind: "linear", x: floatsOf(x), y: floatsOf(y), axes: floatsOf(axes), centre: floatsOf(centre), names };
  }

  async distortions() {
    return floatsOf(this.run.points.distortion);
  }

  async pointImages(indices) {
    this.pictures ??= await inflate(this.run.points.pictures);
    const { height, width, channels } = this.about.image;
    const size = height * width * channels;
    const pixels = new Uint8Array(indices.length * size);
    indices.forEach((index, i) => pixels.set(this.pictures.subarray(index * size, (index + 1) * size), i * size));
    return { count: indices.length, height, width, channels, pixels };
  }

  async neighbours(code, count) {
    const { codes, dim } = this;
    const squared = new Float64Array(codes.length / dim);
    for (let i = 0; i < squared.length; i++) {
      for (let k = 0; k < dim; k++) squared[i] += (codes[i * dim + k] - code[k]) ** 2;
    }
    const indices = Int32Array.from(squared.keys()).sort((a, b) => squared[a] - squared[b] || a - b).slice(0, count);
    return { indices, distances: Float32Array.from(indices, (i) => Math.sqrt(squared[i])) };
  }

  /** Some of the codes that were drawn for the file. */
  async sample(count, label, seed) {
    const pool = floatsOf(label === null ? this.run.samples.all : this.run.samples.labels[label]);
    const drawn = pool.length / this.dim;
    if (!drawn) throw new Error(`No image of class ${this.about.labels[label]} was trained on.`);
    const codes = new Float32Array(count * this.dim);
    for (let i = 0; i < count; i++) {
      const at = ((seed + i) % drawn) * this.dim;
      codes.set(pool.subarray(at, at + this.dim), i * this.dim);
    }
    return codes;
  }

  /** Do something `count` times, and let the page breathe in between; once is done at once. */
  async _inSlices(count, work) {
    let began = performance.now();
    for (let i = 0; i < count; i++) {
      work(i);
      if (i + 1 < count && performance.now() - began > SLICE_MILLISECONDS) {
        await breath();
        began = performance.now();
      }
    }
  }

  /** What a network gave as 8-bit pixels; channels that no picture has are shown by their mean. */
  _shown(values, size) {
    const times = this.run.dtype === "uint8" ? 1 : 255;
    const each = values.length / size;
    return Uint8Array.from({ length: size }, (_, i) => {
      let sum = 0;
      for (let c = 0; c < each; c++) sum += values[i * each + c];
      return Math.round(Math.min(255, Math.max(0, (times * sum) / each)));
    });
  }

  /** 8-bit pixels as the network takes them; drawn black or white where training drew them. */
  _given(pixels) {
    const full = this.run.dtype === "uint8" ? 255 : 1;
    if (!this.run.uniform) return Float32Array.from(pixels, (value) => (value / 255) * full);
    this.uniform ??= floatsOf(this.run.uniform);
    return Float32Array.from(pixels, (value, i) => (this.uniform[i] < Math.fround(value / 255) ? full : 0));
  }

  /** -log p(x | z), averaged over draws of the posterior: always the same ones. */
  _distortion(picture, mean, logVariance) {
    const { dtype, pixels: { binarise, threshold }, likelihood } = this.run;
    const full = dtype === "uint8" ? 255 : 1;
    const x = picture.map((value) => (binarise === "threshold" ? Number(Math.fround(value / full) > threshold) : value / full));
    this.noise ??= floatsOf(this.run.noise);
    const draws = logVariance ? this.noise.length / this.dim : 1;
    let sum = 0;
    for (let draw = 0; draw < draws; draw++) {
      const noise = this.noise.subarray(draw * this.dim, (draw + 1) * this.dim);
      const code = mean.map((value, k) => (logVariance ? value + Math.exp(0.5 * logVariance[k]) * noise[k] : value));
      sum += distortionOf(likelihood.kind, x, { log_scale: [likelihood.logScale], ...this.decoder.run(code) });
    }
    return sum / draws;
  }
}

/** Let the browser do what waits; by a message, since timers wait for milliseconds more. */
function breath() {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
