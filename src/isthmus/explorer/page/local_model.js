/** The model in an exported page: networks, points and images are in the file (see `Model` in model.js). */

import { floatsOf, inflate, integersOf } from "./arrays.js";
import { squaredDistance } from "./codes.js";
import { distortionOf, rateOf } from "./costs.js";
import { imagesAt } from "./model.js";
import { Network } from "./network.js";

/** How long decoding may block the page; a frame of the screen lasts 16. */
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
    const images = this._blank(count);
    await this._inSlices(count, (i) => {
      this.decoder.run(codes.subarray(i * this.dim, (i + 1) * this.dim));
      this._display(this.decoder.outputs.images, imagesAt(images, i).pixels);
    });
    return images;
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
      const image = this._input(pixels.subarray(i * size, (i + 1) * size));
      const { mean, log_variance: logVariance } = this.encoder.run(image);
      found.mean.set(mean, i * dim);
      if (logVariance) {
        found.logVariance.set(logVariance, i * dim);
        found.rate[i] = rateOf(mean, logVariance);
      }
      found.distortion[i] = this._distortion(image, mean, logVariance);
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
    this.images ??= await inflate(this.run.points.images);
    const images = this._blank(indices.length);
    const all = { ...images, pixels: this.images };
    indices.forEach((index, i) => imagesAt(images, i).pixels.set(imagesAt(all, index).pixels));
    return images;
  }

  async neighbours(code, count) {
    const { codes, dim } = this;
    const squared = Float64Array.from({ length: codes.length / dim }, (_, i) => squaredDistance(code, codes, i * dim));
    const indices = Int32Array.from(squared.keys()).sort((a, b) => squared[a] - squared[b] || a - b).slice(0, count);
    return { indices, distances: Float32Array.from(indices, (i) => Math.sqrt(squared[i])) };
  }

  /** Some of the latent codes that were sampled for the file. */
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

  /** Call `work` `count` times, and yield to the browser in between. */
  async _inSlices(count, work) {
    let began = performance.now();
    for (let i = 0; i < count; i++) {
      work(i);
      if (i + 1 < count && performance.now() - began > SLICE_MILLISECONDS) {
        await pause();
        began = performance.now();
      }
    }
  }

  _blank(count) {
    const { height, width, channels } = this.about.image;
    return { count, height, width, channels, pixels: new Uint8Array(count * height * width * channels) };
  }

  /** Write the output of a network as 8-bit pixels: of its channels the first, and black where it has fewer. */
  _display(values, pixels) {
    const times = this.run.dtype === "uint8" ? 1 : 255;
    const { height, width, channels } = this.about.image;
    const each = values.length / (height * width);
    for (let i = 0; i < height * width; i++) {
      for (let c = 0; c < Math.min(each, channels); c++) {
        pixels[i * channels + c] = Math.round(Math.min(255, Math.max(0, times * values[i * each + c])));
      }
    }
  }

  /** 8-bit pixels as input of the network, binarised if they were binarised in training. */
  _input(pixels) {
    const full = this.run.dtype === "uint8" ? 255 : 1;
    if (!this.run.uniform) return Float32Array.from(pixels, (value) => (value / 255) * full);
    this.uniform ??= floatsOf(this.run.uniform);
    return Float32Array.from(pixels, (value, i) => (this.uniform[i] < Math.fround(value / 255) ? full : 0));
  }

  /** -log p(x | z), averaged over draws of the posterior, with fixed noise. */
  _distortion(image, mean, logVariance) {
    const { dtype, pixels: { binarise, threshold }, likelihood } = this.run;
    const full = dtype === "uint8" ? 255 : 1;
    const x = image.map((value) => (binarise === "threshold" ? Number(Math.fround(value / full) > threshold) : value / full));
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

/** Yield to the browser; by a message, since timers wait for milliseconds more. */
function pause() {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
