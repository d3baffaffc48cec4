/** Gestures on the stage: mouse, touch, wheel and keyboard. */

const STEP = 12; // pixels that an arrow key moves the cursor
const THRESHOLD = 4; // pixels that a pointer moves before it drags

export class Gestures {
  /** @param {Stage} stage */
  constructor(stage) {
    this.stage = stage;
    this.held = new Map(); // where each pointer that is down was last, by its id
    this.gesture = null; // of the pointers that are down: { tool, from, moved }
    const { element } = stage;
    element.addEventListener("pointerdown", (event) => this._press(event));
    element.addEventListener("pointermove", (event) => (this.held.has(event.pointerId) ? this._drag(event) : stage.hover(this._at(event))));
    element.addEventListener("pointerup", (event) => this._release(event));
    element.addEventListener("pointercancel", (event) => this._release(event));
    element.addEventListener("pointerleave", () => stage.hover(null));
    element.addEventListener("wheel", (event) => this._turn(event), { passive: false });
    element.addEventListener("keydown", (event) => this._key(event));
  }

  _at(event) {
    const box = this.stage.element.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  _press(event) {
    const { stage, held } = this;
    if (event.button === 2 || event.target.closest("button")) return;
    stage.element.setPointerCapture(event.pointerId);
    const at = this._at(event);
    held.set(event.pointerId, at);
    stage.hover(null);
    if (held.size === 2) {
      stage.lasso = null;
      this.gesture = { tool: "pinch", moved: true };
      return;
    }
    const tool = event.button === 1 || event.ctrlKey ? "pan" : event.shiftKey ? "lasso" : stage.tool;
    this.gesture = { tool, from: at, moved: false };
    if (tool === "lasso") stage.lasso = [at];
  }

  _drag(event) {
    const { stage, held, gesture } = this;
    const now = this._at(event);
    const before = held.get(event.pointerId);
    held.set(event.pointerId, now);
    if (gesture.tool === "pinch" && held.size === 2) {
      const other = [...held].find(([id]) => id !== event.pointerId)[1];
      const [was, is] = [before, now].map((p) => Math.hypot(p[0] - other[0], p[1] - other[1]));
      stage.zoom(is / (was || 1), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
      stage.pan((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
      return;
    }
    if (!gesture.moved && Math.hypot(now[0] - gesture.from[0], now[1] - gesture.from[1]) < THRESHOLD) return;
    gesture.moved = true;
    if (gesture.tool === "pan") stage.pan(now[0] - before[0], now[1] - before[1]);
    else if (gesture.tool === "lasso") {
      stage.lasso.push(now);
      stage.draw();
    } else if (gesture.tool === "move") {
      stage.session.moveToPlace(stage.view.toPlane(...now));
    }
  }

  _release(event) {
    const { stage, held, gesture } = this;
    if (!held.delete(event.pointerId)) return;
    if (gesture.tool === "lasso" && stage.lasso) stage.selectLasso();
    if (gesture.tool !== "pinch" && !gesture.moved && event.type === "pointerup") {
      const dot = stage.dotAt(gesture.from);
      if (dot >= 0) stage.session.moveToPoint(dot);
      else stage.session.moveToPlace(stage.view.toPlane(...gesture.from));
    }
    stage.announcePlace();
  }

  _turn(event) {
    event.preventDefault();
    const notch = event.deltaMode === 1 ? 16 : 1;
    this.stage.zoom(Math.exp((-event.deltaY * notch) / (event.ctrlKey ? 120 : 480)), ...this._at(event));
  }

  _key(event) {
    const { stage } = this;
    // The buttons that lie on the stage have keys of their own.
    if (event.target !== stage.element || event.ctrlKey || event.metaKey) return;
    const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (arrows[event.key]) {
      const [dx, dy] = arrows[event.key].map((direction) => direction * (event.shiftKey ? 4 : 1) * STEP);
      if (event.altKey) stage.pan(-4 * dx, -4 * dy);
      else {
        const [px, py] = stage.view.toPixels(stage.session.place);
        stage.session.moveToPlace(stage.view.toPlane(px + dx, py + dy));
        stage.announcePlace();
      }
    } else if (event.key === "+" || event.key === "=") stage.zoom(1.25);
    else if (event.key === "-") stage.zoom(0.8);
    else if (event.key === "0") stage.fit();
    else if (event.key === "Enter" && stage.index) stage.moveToNearest();
    else if (event.key === "Escape") stage.session.select([]);
    else return;
    event.preventDefault();
  }
}
