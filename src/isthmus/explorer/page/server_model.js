/** The model on the server of the page: see `Model` in model.js. */

import { join } from "./canvas.js";

const BYTES = "application/octet-stream";
const POLL_MILLISECONDS = 250;
const MOST_AT_ONCE = 256;

export class ServerModel {
  async describe() {
    return (await ask("api/describe")).json();
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
    const found = await (await ask("api/encode", pixels, BYTES, "application/json")).json();
    return {
      mean: Float32Array.from(found.mean.flat()),
      logVariance: found.log_variance && Float32Array.from(found.log_variance.flat()),
      rate: Float32Array.from(found.rate),
      distortion: Float32Array.from(found.distortion),
    };
  }

  async points(progress) {
    const { arrays, words } = await tensors("api/points", progress);
    return {
      what: words.what,
      count: arrays.rate.length,
      codes: arrays.codes,
      labels: arrays.labels ?? null,
      names: words.names,
      rate: arrays.rate,
      information: arrays.information,
    };
  }

  async projection(name, progress) {
    const { arrays, words } = await tensors(`api/projection?name=${encodeURIComponent(name)}`, progress);
    const count = arrays.places.length / 2;
    const x = new Float32Array(count);
    const y = new Float32Array(count);
    for (let i = 0; i < count; i++) {
      x[i] = arrays.places[2 * i];
      y[i] = arrays.places[2 * i + 1];
    }
    const kind = arrays.axes ? "linear" : "embedding";
    return { kind, x, y, axes: arrays.axes ?? null, centre: arrays.centre ?? null, names: words.names };
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
    const found = await (await askJson("api/sample", { count, label, seed }, "application/json")).json();
    return Float32Array.from(found.codes.flat());
  }

  async prepare(file) {
    const type = file.type.startsWith("image/") ? file.type : "image/unknown";
    return images(await ask("api/prepare", file, type));
  }
}

async function ask(path, body, type, accept = BYTES) {
  const headers = { Accept: body === undefined ? "*/*" : accept };
  if (type) headers["Content-Type"] = type;
  return checked(() => fetch(path, { method: body === undefined ? "GET" : "POST", body, headers }));
}

async function askJson(path, value, accept = "application/json") {
  return ask(path, JSON.stringify(value), "application/json", accept);
}

/** Fetch, and turn whatever goes wrong into a sentence. */
async function checked(send) {
  let answer;
  try {
    answer = await send();
  } catch {
    throw new Error("The explorer does not answer. Is `isthmus explore` still running?");
  }
  if (answer.ok) return answer;
  let why = `The explorer answered with status ${answer.status}.`;
  try {
    why = (await answer.json()).error ?? why;
  } catch {
    // not JSON: the status has to do
  }
  throw new Error(why);
}

async function images(answer) {
  const [count, height, width, channels] = answer.headers.get("X-Shape").split(",").map(Number);
  return { count, height, width, channels, pixels: new Uint8Array(await answer.arrayBuffer()) };
}

/** Ask again until what is computed in the background is there. */
async function tensors(path, progress) {
  for (;;) {
    const answer = await checked(() => fetch(path, { headers: { Accept: BYTES } }));
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
  const arrays = {};
  const words = {};
  for (const [name, value] of Object.entries(header.__metadata__ ?? {})) words[name] = JSON.parse(value);
  delete header.__metadata__;
  for (const [name, { dtype, data_offsets: [start, end] }] of Object.entries(header)) {
    arrays[name] = new TYPES[dtype](buffer.slice(8 + length + start, 8 + length + end));
  }
  return { arrays, words };
}

