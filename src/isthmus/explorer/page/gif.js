/** Animations as GIF89a files: up to 256 colours, each frame compressed with LZW. */

const MOST_COLOURS = 256;

/**
 * Write an animation.
 * @param {ImageData[]} frames  All of one size.
 * @param {number} hundredths  How long each is shown.
 * @param {number} zoom  Pixels a side for each pixel.
 * @returns {Blob}
 */
export function writeGif(frames, hundredths, zoom) {
  const [width, height] = [frames[0].width * zoom, frames[0].height * zoom];
  const palette = choosePalette(frames);
  const bits = Math.max(2, Math.ceil(Math.log2(palette.length)));
  const bytes = [];
  const put = (...values) => bytes.push(...values);
  const short = (value) => put(value & 255, value >> 8);
  put(...new TextEncoder().encode("GIF89a"));
  short(width);
  short(height);
  put(0xf0 | (bits - 1), 0, 0);
  for (let i = 0; i < 1 << bits; i++) put(...(palette[i] ?? [0, 0, 0]));
  put(0x21, 0xff, 11, ...new TextEncoder().encode("NETSCAPE2.0"), 3, 1, 0, 0, 0); // for ever
  const find = finder(palette);
  for (const frame of frames) {
    put(0x21, 0xf9, 4, 4);
    short(hundredths);
    put(0, 0, 0x2c, 0, 0, 0, 0);
    short(width);
    short(height);
    put(0, bits);
    for (const block of blocks(pack(enlarge(frame, zoom, find), bits))) put(...block);
    put(0);
  }
  put(0x3b);
  return new Blob([Uint8Array.from(bytes)], { type: "image/gif" });
}

/** All colours if they are few enough; else boxes of colours, cut at the median of their widest side (Heckbert 1982). */
function choosePalette(frames) {
  const counts = new Map();
  for (const { data } of frames) {
    for (let i = 0; i < data.length; i += 4) {
      const colour = (data[i] << 16) | (data[i + 1] << 8) | data[i + 2];
      counts.set(colour, (counts.get(colour) ?? 0) + 1);
    }
  }
  const colours = Array.from(counts, ([colour, count]) => [colour >> 16, (colour >> 8) & 255, colour & 255, count]);
  if (colours.length <= MOST_COLOURS) return colours.map((colour) => colour.slice(0, 3));
  const boxes = [colours];
  while (boxes.length < MOST_COLOURS) {
    let [widest, axis, at] = [0, 0, 0];
    boxes.forEach((box, i) => {
      for (let channel = 0; channel < 3; channel++) {
        let [low, high] = [255, 0];
        for (const colour of box) {
          low = Math.min(low, colour[channel]);
          high = Math.max(high, colour[channel]);
        }
        if (high - low > widest) [widest, axis, at] = [high - low, channel, i];
      }
    });
    if (!widest) break;
    const box = boxes[at].sort((a, b) => a[axis] - b[axis]);
    let half = box.reduce((sum, colour) => sum + colour[3], 0) / 2;
    let cut = 0;
    while (cut < box.length - 1 && half > 0) half -= box[cut++][3];
    cut = Math.min(box.length - 1, Math.max(1, cut));
    boxes.splice(at, 1, box.slice(0, cut), box.slice(cut));
  }
  return boxes.map((box) => {
    const sum = box.reduce((total, colour) => total + colour[3], 0);
    return [0, 1, 2].map((channel) => Math.round(box.reduce((s, c) => s + c[channel] * c[3], 0) / sum));
  });
}

function finder(palette) {
  const known = new Map();
  return (red, green, blue) => {
    const key = (red << 16) | (green << 8) | blue;
    let best = known.get(key);
    if (best === undefined) {
      let least = Infinity;
      palette.forEach((colour, i) => {
        const far = (colour[0] - red) ** 2 + (colour[1] - green) ** 2 + (colour[2] - blue) ** 2;
        if (far < least) [least, best] = [far, i];
      });
      known.set(key, best);
    }
    return best;
  };
}

function enlarge({ data, width, height }, zoom, find) {
  const out = new Uint8Array(width * height * zoom * zoom);
  for (let y = 0; y < height; y++) {
    const row = y * zoom * width * zoom;
    for (let x = 0; x < width; x++) {
      const at = 4 * (y * width + x);
      out.fill(find(data[at], data[at + 1], data[at + 2]), row + x * zoom, row + (x + 1) * zoom);
    }
    for (let copy = 1; copy < zoom; copy++) out.copyWithin(row + copy * width * zoom, row, row + width * zoom);
  }
  return out;
}

/** Indices of colours to bytes: codes grow as the table does, and the table starts again when it is full. */
function pack(indices, bits) {
  const clear = 1 << bits;
  const out = [];
  let [held, count] = [0, 0];
  let size = bits + 1;
  let next = clear + 2;
  let table = new Map();
  const emit = (code) => {
    held |= code << count;
    count += size;
    while (count >= 8) {
      out.push(held & 255);
      held >>>= 8;
      count -= 8;
    }
  };
  emit(clear);
  let prefix = indices[0];
  for (let i = 1; i < indices.length; i++) {
    const key = (prefix << 8) | indices[i];
    const found = table.get(key);
    if (found !== undefined) {
      prefix = found;
      continue;
    }
    emit(prefix);
    if (next === 4096) {
      emit(clear);
      table = new Map();
      next = clear + 2;
      size = bits + 1;
    } else {
      table.set(key, next++);
      if (next > 1 << size && size < 12) size++;
    }
    prefix = indices[i];
  }
  emit(prefix);
  emit(clear + 1);
  if (count > 0) out.push(held & 255);
  return out;
}

function* blocks(bytes) {
  for (let start = 0; start < bytes.length; start += 255) {
    const part = bytes.slice(start, start + 255);
    yield [part.length, ...part];
  }
}
