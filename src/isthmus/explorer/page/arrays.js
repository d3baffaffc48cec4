/** Arrays from text: little-endian, as every browser's machine is, in base64. */

/** The bytes of a base64 text. */
export function bytesOf(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** @returns {Float32Array} */
export function floatsOf(text, precision = "float32") {
  const { buffer } = bytesOf(text);
  return precision === "float32" ? new Float32Array(buffer) : Float32Array.from(new Uint16Array(buffer), fromHalf);
}

/** @returns {Int32Array} */
export function integersOf(text) {
  return new Int32Array(bytesOf(text).buffer);
}

/** Bytes that were deflated (zlib). */
export async function inflate(text) {
  const stream = new Blob([bytesOf(text)]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** The number of 16 bits (IEEE 754, binary16), if it is finite. */
function fromHalf(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = (bits & 1023) / 1024;
  return sign * (exponent ? (1 + fraction) * 2 ** (exponent - 15) : fraction * 2 ** -14);
}
