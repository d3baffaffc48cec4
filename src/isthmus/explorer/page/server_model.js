/** The model on the server of the page: see `Model` in model.js. */

import { join } from "./canvas.js";

const BYTES = "application/octet-stream";
const JSON_TYPE = "application/json";
const POLL_MILLISECONDS = 250;
const MOST_AT_ONCE = 256;

export class ServerModel {
  async describe() {
    return (await ask("api/describe", undefined, undefined, JSON_TYPE)).json();
  }

  async decode(codes, count) {
    const dim = codes.length / count;
    const parts = [];
    for (let start = 0; start < count; start += MOST_AT_ONCE) {
      const part = codes.subarray(start * dim, Math.min(count, start + MOST_AT_ONCE) * dim);
      parts.push(ask("api/decode", part, BYTES).then(images));
    }
    return parts.length === 1 ? parts[0] : join(await Promise.all(parts));
  }

  async encode(pixels, count) {
    const found = await (await ask("api/encode", pixels, BYTES, JSON_TYPE)).json();
    return {
      mean: Float32Array.from(found.mean.flat()),
      logVariance: found.log_variance && Float32Array.from(found.log_variance.flat()),
      rate: Float32Array.from(found.rate),
      distortion: Float32Array.from(found.distortion),
    };
  }

  async points(progress) {
    const { arrays, words } = await tensors("api/points", progress);
    return { labels: null, ...arrays, ...words, count: words.names.length };
  }

  async projection(name, progress) {
    const { arrays, words } = await tensors(`api/projection?name=${encodeURIComponent(name)}`, progress);
    const { places, axes = null, centre = null } = arrays;
    const [x, y] = [0, 1].map((axis) => places.filter((_, i) => i % 2 === axis));
    return { kind: axes ? "linear" : "embedding", x, y, axes, centre, names: words.names };
  }

  async distortions(progress) {
    return (await tensors("api/distortions", progress)).arrays.distortion;
  }

  async pointImages(indices) {
    return images(await askJson("api/images", { indices: Array.from(indices) }, BYTES));
  }

  async neighbours(code, count) {
    const found = await (await askJson("api/neighbours", { code: Array.from(code), count })).json();
    return { indices: Int32Array.from(found.indices), distances: Float32Array.from(found.distances) };
  }

  async sample(count, label, seed) {
    const found = await (await askJson("api/sample", { count, label, seed })).json();
    return Float32Array.from(found.codes.flat());
  }

  async prepare(file) {
    const type = file.type.startsWith("image/") ? file.type : "image/unknown";
    return images(await ask("api/prepare", file, type));
  }
}

/** Fetch, and turn whatever goes wrong into a sentence. */
async function ask(path, body, type, accept = BYTES) {
  const headers = { Accept: accept, ...(type && { "Content-Type": type }) };
  const answer = await fetch(path, { method: body === undefined ? "GET" : "POST", body, headers }).catch(() => {
    throw new Error("The explorer does not answer. Is `isthmus explore` still running?");
  });
  if (answer.ok) return answer;
  const { error } = await answer.json().catch(() => ({})); // not JSON: the status has to do
  throw new Error(error ?? `The explorer answered with status ${answer.status}.`);
}

function askJson(path, value, accept = JSON_TYPE) {
  return ask(path, JSON.stringify(value), JSON_TYPE, accept);
}

async function images(answer) {
  const [count, height, width, channels] = answer.headers.get("X-Shape").split(",").map(Number);
  return { count, height, width, channels, pixels: new Uint8Array(await answer.arrayBuffer()) };
}

/** Ask again until what is computed in the background is there. */
async function tensors(path, progress) {
  for (;;) {
    const answer = await ask(path);
    if (answer.status !== 202) return readTensors(await answer.arrayBuffer());
    const { done, total } = await answer.json();
    progress?.(done, total);
    await new Promise((resolve) => setTimeout(resolve, POLL_MILLISECONDS));
  }
}

const TYPES = { F32: Float32Array, I32: Int32Array };

/** Read safetensors: the length of a header, the header in JSON, and the arrays one after the other. */
function readTensors(buffer) {
  const length = Number(new DataView(buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)));
  const { __metadata__: texts = {}, ...entries } = header;
  const [arrays, words] = [{}, {}];
  for (const [name, value] of Object.entries(texts)) words[name] = JSON.parse(value);
  for (const [name, { dtype, data_offsets: [start, end] }] of Object.entries(entries)) {
    arrays[name] = new TYPES[dtype](buffer.slice(8 + length + start, 8 + length + end));
  }
  return { arrays, words };
}
