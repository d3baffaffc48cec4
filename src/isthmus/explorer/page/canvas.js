/** Images on canvases. */

/** One of several images as `ImageData`. */
export function toImageData(images, index = 0) {
  const { height, width, channels, pixels } = images;
  const size = height * width;
  const data = new ImageData(width, height);
  const out = data.data;
  let at = index * size * channels;
  for (let i = 0; i < size; i++, at += channels) {
    out[4 * i] = pixels[at];
    out[4 * i + 1] = pixels[channels === 1 ? at : at + 1];
    out[4 * i + 2] = pixels[channels === 1 ? at : at + 2];
    out[4 * i + 3] = channels === 4 ? pixels[at + 3] : 255;
  }
  return data;
}

/** One of several images on a new canvas. */
export function toCanvas(images, index) {
  const canvas = new OffscreenCanvas(images.width, images.height);
  paint(canvas, images, index);
  return canvas;
}

/** Draw one image on a canvas of its size. */
export function paint(canvas, images, index = 0) {
  if (canvas.width !== images.width) canvas.width = images.width;
  if (canvas.height !== images.height) canvas.height = images.height;
  canvas.getContext("2d").putImageData(toImageData(images, index), 0, 0);
}

/** Draw all images on a canvas, in rows of `columns`, `gap` pixels apart. */
export function paintSheet(canvas, images, columns, gap = 0) {
  const rows = Math.ceil(images.count / columns);
  canvas.width = columns * (images.width + gap) - gap;
  canvas.height = rows * (images.height + gap) - gap;
  const context = canvas.getContext("2d");
  for (let i = 0; i < images.count; i++) {
    const [column, row] = [i % columns, Math.floor(i / columns)];
    context.putImageData(toImageData(images, i), column * (images.width + gap), row * (images.height + gap));
  }
}

/** `ImageData` as an image of the model. */
export function fromImageData(data, channels) {
  const size = data.width * data.height;
  const pixels = new Uint8Array(size * channels);
  for (let i = 0; i < size; i++) {
    const [r, g, b, a] = data.data.subarray(4 * i, 4 * i + 4);
    if (channels === 1) pixels[i] = Math.round(0.299 * r + 0.587 * g + 0.114 * b);
    else pixels.set(channels === 3 ? [r, g, b] : [r, g, b, a], i * channels);
  }
  return { count: 1, height: data.height, width: data.width, channels, pixels };
}

/** Concatenate images. */
export function join(parts) {
  const pixels = new Uint8Array(parts.reduce((sum, part) => sum + part.pixels.length, 0));
  let at = 0;
  for (const part of parts) {
    pixels.set(part.pixels, at);
    at += part.pixels.length;
  }
  return { ...parts[0], count: parts.reduce((sum, part) => sum + part.count, 0), pixels };
}
