/** The state of the page in its address, so that a link shows another the same. */

/** A code as text: its float32 bytes in base64 for addresses. */
export function codeToText(code) {
  const bytes = new Uint8Array(Float32Array.from(code).buffer);
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** The code that a text stands for; null if it is none of `dim` finite numbers. */
export function textToCode(text, dim) {
  try {
    const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
    const code = new Float32Array(bytes.buffer);
    return code.length === dim && code.every((value) => Math.abs(value) <= 1e6) ? code : null;
  } catch {
    return null;
  }
}

/** What the address says, by name. */
export function readLink() {
  return new URLSearchParams(location.hash.slice(1));
}

/** Put a state into the address, without a step in the browser's history. */
export function writeLink(state) {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(state)) {
    if (value !== null && value !== undefined && value !== "") parameters.set(name, value);
  }
  history.replaceState(null, "", `#${parameters}`);
}
