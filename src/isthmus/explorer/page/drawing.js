/** The user's own image: drawn, dropped, pasted or opened; encoded while it is drawn. */

import { announce, choice, h, slider, toast } from "./dom.js";
import { latest } from "./latest.js";
import { fromImageData, toImageData } from "./canvas.js";

export class Drawing {
  constructor(session, panel, show) {
    this.session = session;
    this.show = show;
    const { width, height, channels } = session.about.image;
    this.colour = channels !== 1;
    this.seeThrough = channels === 4;
    this.tool = "brush";
    const grain = Math.max(1, Math.round(280 / Math.max(width, height)));
    this.pad = h("canvas", {
      class: "pad", width: width * grain, height: height * grain, tabindex: "0", role: "img",
      "aria-label": "Canvas: draw with a finger or a mouse, or open an image with the button beside it",
    });
    this.small = new OffscreenCanvas(width, height);
    this.context = this.pad.getContext("2d", { willReadFrequently: true });
    this.paper = "#000000";
    this.ink = "#ffffff";
    this.past = [];
    this.brush = slider("Width", { min: 0.5, max: 6, step: 0.25, value: Math.max(1.5, width / 12) }, (v) => `${Number(v).toFixed(2)} px`, () => {});
    this.tools = choice("pen", "Drawing tool", [["brush", "Brush"], ["eraser", "Eraser"]], this.tool, (tool) => (this.tool = tool));
    this.inkInput = h("input", { type: "color", value: this.ink, "aria-label": "Colour of the brush" });
    this.file = h("input", { type: "file", accept: "image/*", class: "visually-hidden", tabindex: "-1", "aria-hidden": "true" });
    this.file.addEventListener("change", () => this.file.files[0] && this.take(this.file.files[0]));
    panel.append(
      h("p", { class: "hint" }, "Draw, or drop an image anywhere on this page. It is encoded while you draw, and the page shows its latent code and its reconstruction."),
      h("div", { class: "drawing" },
        this.pad,
        h("div", { class: "drawing-tools" },
          h("button", { class: "main", onclick: () => this.file.click() }, "Open an image…"),
          this.file,
          h("button", { onclick: () => session.image && this._change(() => this._put(toImageData(session.image))) }, "Start from the image shown"),
          h("div", { class: "row" },
            h("button", { onclick: () => this._undo() }, "Undo"),
            h("button", { onclick: () => this._change(() => this._clear()) }, "Clear"),
            h("button", { onclick: () => this._change(() => this._invert()) }, "Invert")),
          this.tools,
          this.brush.element,
          this.colour ? h("label", { class: "inline" }, "Colour ", this.inkInput) : null)),
    );
    this._encode = latest(async () => this._show("your drawing"), session.fail);
    this._listen();
    this._clear();
    // On dark images a white brush, on bright ones a black brush.
    session.on("image", () => {
      if (this.toned) return;
      this.toned = true;
      const { pixels } = session.image;
      const mean = pixels.reduce((sum, value) => sum + value, 0) / pixels.length;
      if (!this.colour && mean < 128) return;
      [this.paper, this.ink] = ["#ffffff", "#000000"];
      this.inkInput.value = this.ink;
      this._clear();
    });
  }

  /** Open an image file. */
  async take(file) {
    this.show();
    const { session } = this;
    const inTime = session.ask("drawing");
    try {
      const images = session.about.capabilities.prepare ? await session.model.prepare(file) : await this._prepareHere(file);
      if (!inTime()) return;
      this._remember();
      this._put(toImageData(images));
      session.showImage(images, file.name || "your image", "drawing");
      announce("The image is encoded");
    } catch (error) {
      toast(error.message);
    }
  }

  _listen() {
    let last = null;
    const at = (event) => {
      const box = this.pad.getBoundingClientRect();
      return [((event.clientX - box.left) * this.pad.width) / box.width, ((event.clientY - box.top) * this.pad.height) / box.height];
    };
    this.pad.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      this.pad.setPointerCapture(event.pointerId);
      this._remember();
      last = at(event);
      this._line(last, last);
    });
    this.pad.addEventListener("pointermove", (event) => {
      if (!last) return;
      for (const part of event.getCoalescedEvents?.() ?? [event]) {
        const now = at(part);
        this._line(last, now);
        last = now;
      }
    });
    for (const end of ["pointerup", "pointercancel"]) this.pad.addEventListener(end, () => (last = null));
    addEventListener("paste", (event) => {
      const file = [...event.clipboardData.files].find(({ type }) => type.startsWith("image/"));
      if (file) this.take(file);
    });
    addEventListener("dragover", (event) => {
      event.preventDefault();
      document.body.classList.add("dropping");
    });
    addEventListener("dragleave", (event) => {
      if (!event.relatedTarget) document.body.classList.remove("dropping");
    });
    addEventListener("drop", (event) => {
      event.preventDefault();
      document.body.classList.remove("dropping");
      const file = event.dataTransfer.files[0];
      if (file) this.take(file);
      else toast("Drop an image file.");
    });
  }

  _line(from, to) {
    const { context } = this;
    const erases = this.tool === "eraser";
    context.globalCompositeOperation = erases && this.seeThrough ? "destination-out" : "source-over";
    context.beginPath();
    context.moveTo(...from);
    context.lineTo(to[0] + 0.01, to[1]);
    context.lineWidth = (this.brush.value * this.pad.width) / this.session.about.image.width;
    context.lineCap = "round";
    context.strokeStyle = erases ? this.paper : this.colour ? this.inkInput.value : this.ink;
    context.stroke();
    context.globalCompositeOperation = "source-over";
    this._encode();
  }

  _remember() {
    this.past.push(this.context.getImageData(0, 0, this.pad.width, this.pad.height));
    if (this.past.length > 30) this.past.shift();
  }

  _undo() {
    const before = this.past.pop();
    if (!before) return;
    this.context.putImageData(before, 0, 0);
    this._encode();
  }

  /** Change the pad in a way that can be undone, and encode it. */
  _change(work) {
    this._remember();
    work();
    this._encode();
  }

  _clear() {
    this.context.clearRect(0, 0, this.pad.width, this.pad.height);
    if (!this.seeThrough) {
      this.context.fillStyle = this.paper;
      this.context.fillRect(0, 0, this.pad.width, this.pad.height);
    }
  }

  _invert() {
    const image = this.context.getImageData(0, 0, this.pad.width, this.pad.height);
    for (let i = 0; i < image.data.length; i++) if (i % 4 !== 3) image.data[i] = 255 - image.data[i];
    this.context.putImageData(image, 0, 0);
  }

  _put(imageData) {
    const small = this.small.getContext("2d");
    small.putImageData(imageData, 0, 0);
    this.context.imageSmoothingEnabled = false;
    this.context.clearRect(0, 0, this.pad.width, this.pad.height); // else transparent pixels would show the image before
    this.context.drawImage(this.small, 0, 0, this.pad.width, this.pad.height);
  }

  /** Encode the pad at the model's size: the mean of the pixels that fall into one, weighted by opacity. */
  async _show(name) {
    const { width, height, channels } = this.session.about.image;
    const large = this.context.getImageData(0, 0, this.pad.width, this.pad.height);
    const grain = this.pad.width / width;
    const reduced = new ImageData(width, height);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const sum = [0, 0, 0, 0];
        for (let v = 0; v < grain; v++) {
          let at = 4 * ((y * grain + v) * large.width + x * grain);
          for (let u = 0; u < grain; u++, at += 4) {
            const opacity = large.data[at + 3];
            for (let c = 0; c < 3; c++) sum[c] += opacity * large.data[at + c];
            sum[3] += opacity;
          }
        }
        const [red, green, blue, opacity] = sum;
        const colour = [red, green, blue].map((part) => part / (opacity || 1));
        reduced.data.set([...colour, opacity / grain ** 2], 4 * (y * width + x));
      }
    }
    this.session.showImage(fromImageData(reduced, channels), name, "drawing");
    await new Promise((resolve) => setTimeout(resolve, 16));
  }

  /** Crop and resize a file in the browser: its centre, at the model's size. */
  async _prepareHere(file) {
    const { width, height, channels } = this.session.about.image;
    let bitmap;
    try {
      bitmap = await createImageBitmap(file);
    } catch {
      throw new Error("The browser cannot open this image.");
    }
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext("2d");
    const scale = Math.max(width / bitmap.width, height / bitmap.height);
    if (channels !== 4) {
      context.fillStyle = "#ffffff";
      context.fillRect(0, 0, width, height);
    }
    context.imageSmoothingQuality = "high";
    const [w, h] = [bitmap.width * scale, bitmap.height * scale];
    context.drawImage(bitmap, (width - w) / 2, (height - h) / 2, w, h);
    return fromImageData(context.getImageData(0, 0, width, height), channels);
  }
}
