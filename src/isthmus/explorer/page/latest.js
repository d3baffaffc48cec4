/** Calls of which only the newest matters: a finger moves faster than a network computes. */

/**
 * Run `work` on the newest arguments, one call at a time; arguments in between are dropped.
 * @param {(...values: any[]) => Promise<void>} work
 * @param {(error: Error) => void} [failed]
 * @param {number} [pause]  Milliseconds to leave between two calls.
 */
export function latest(work, failed = () => {}, pause = 0) {
  let waiting = null;
  let busy = false;
  return async function request(...values) {
    waiting = values;
    if (busy) return;
    busy = true;
    while (waiting) {
      const now = waiting;
      waiting = null;
      try {
        await work(...now);
      } catch (error) {
        failed(error);
      }
      if (pause) await new Promise((resolve) => setTimeout(resolve, pause));
    }
    busy = false;
  };
}

/** Call `work` once before the next frame, however often it is requested. */
export function once(work) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame((time) => {
      asked = false;
      work(time);
    });
  };
}
