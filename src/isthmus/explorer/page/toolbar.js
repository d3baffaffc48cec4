/** The toolbar and the legend of the map: layers, drag tool, colours and projection. */

import { check, choice, find, h, toast } from "./dom.js";
import { classColour, gradient } from "./palette.js";

const PROJECTIONS = { latent: "Latent space", pca: "PCA", umap: "UMAP" };
const LAYERS = { points: "Points", images: "Images", both: "Both" };
const COLOURS = { label: "Colour by label", rate: "Colour by rate", distortion: "Colour by distortion" };

export class Toolbar {
  constructor(session, stage) {
    this.session = session;
    this.stage = stage;
    stage.setTool("move");
    find("zoom-in").addEventListener("click", () => stage.zoom(1.4));
    find("zoom-out").addEventListener("click", () => stage.zoom(1 / 1.4));
    find("zoom-fit").addEventListener("click", () => stage.fit());
    session.on("plane", () => this._followPlane());
    this._nameAxes();
    if (!session.about.capabilities.points) return;
    this._fill();
    this.projected = Promise.resolve(); // resolves when all requested projections are shown, in order
    session.on("colours", () => this._drawLegend());
    session.on("costs", () => (this.colours.querySelector("[value=distortion]").disabled = false));
  }

  _fill() {
    const { session, stage } = this;
    const { hasRate, capabilities, projections } = session.about;
    this.layers = choice("layers", "Layers of the map", Object.entries(LAYERS), stage.layers, (value) => stage.setLayers(value));
    const known = Object.entries(COLOURS).filter(([value]) => ({ label: true, rate: hasRate, distortion: capabilities.distortions })[value]);
    this.colours = h("select", { id: "colour-by", "aria-label": "Colour of the points", onchange: () => stage.setColourBy(this.colours.value) },
      known.map(([value, text]) => h("option", { value, disabled: value === "distortion" }, text)));
    this.projections = h("select", { id: "projection", "aria-label": "Projection", onchange: () => this.setProjection(this.projections.value) },
      projections.map((name) => h("option", { value: name }, PROJECTIONS[name] ?? name)));
    find("toolbar").append(
      this.layers,
      choice("tool", "Drag tool", [["move", "Explore"], ["pan", "Pan"], ["lasso", "Lasso"]], "move", (value) => stage.setTool(value)),
      this.colours,
      projections.length > 1 ? this.projections : "",
    );
  }

  /** Replace the toolbar by the reason why there are no points. */
  setNoPoints(why) {
    find("toolbar").replaceChildren(h("p", { class: "hint" }, "No images to show as points. ", why));
  }

  /** Show "points", "images" or "both"; anything else changes nothing. */
  setLayers(layers) {
    if (!(layers in LAYERS) || (layers !== "points" && this.session.plane.kind !== "linear")) return;
    this.stage.setLayers(layers);
    check(this.layers, layers);
  }

  /** Colour the points by "label", "rate" or "distortion", which may not have arrived yet; anything else changes nothing. */
  setColourBy(what) {
    if (![...this.colours.options].some(({ value }) => value === what)) return;
    this.colours.value = what;
    this.stage.setColourBy(what);
  }

  /** Change the projection; resolves when the points have it. */
  setProjection(name) {
    this.projected = this.projected.then(() => this._changeProjection(name));
    return this.projected;
  }

  async _changeProjection(name) {
    const { session, projections } = this;
    if (!session.about.projections.includes(name) || name === session.planeName) return;
    projections.disabled = true;
    const progress = showProgress();
    try {
      progress(`Computing ${PROJECTIONS[name]} of ${session.points.count.toLocaleString("en")} latent codes …`);
      session.setPlane(await session.model.projection(name), name);
    } catch (error) {
      session.fail(error);
    }
    progress(null);
    projections.value = session.planeName;
    projections.disabled = false;
  }

  _followPlane() {
    const { session, stage } = this;
    this._nameAxes();
    if (this.projections) this.projections.value = session.planeName;
    if (!this.layers) return;
    // An embedding has no latent codes between its points.
    const flat = session.plane.kind === "linear";
    for (const input of this.layers.querySelectorAll("input")) input.disabled = !flat && input.value !== "points";
    if (flat || stage.layers === "points") return;
    this.setLayers("points");
    toast(`${PROJECTIONS[session.planeName]} has no latent codes between its points, so only the points are shown.`);
  }

  _nameAxes() {
    [find("axis-x").textContent, find("axis-y").textContent] = this.session.plane.names;
  }

  _drawLegend() {
    const legend = find("legend");
    const { stage } = this;
    const { points, theme } = this.session;
    if (stage.colours.by !== "label") {
      legend.replaceChildren(h("p", { class: "ramp" }, ...(stage.colours.amounts ? ramp(stage.colours.amounts, theme) : ["Still being computed …"])));
      return;
    }
    if (!points.labels) {
      legend.replaceChildren();
      return;
    }
    const labels = [...new Set(points.labels)].sort((a, b) => a - b);
    if (legend.childElementCount !== labels.length || legend.firstElementChild.tagName !== "BUTTON") {
      legend.replaceChildren(
        ...labels.map((label) =>
          h("button", { class: "chip", title: "Show or hide", onclick: () => stage.toggleLabel(label) },
            h("span", { class: "dot" }), this.session.classTitle(label)),
        ),
      );
    }
    labels.forEach((label, i) => {
      legend.children[i].firstElementChild.style.background = classColour(theme, label);
      legend.children[i].setAttribute("aria-pressed", String(!stage.colours.hidden.has(label)));
    });
  }
}

function ramp([low, high], theme) {
  const bar = h("span", { class: "gradient" });
  bar.style.background = gradient(theme);
  return [`${low.toFixed(0)} nats`, bar, `${high.toFixed(0)} nats`];
}

/** Show progress: a sentence and, if known, the fraction done; null hides it. */
export function showProgress() {
  const element = find("progress");
  return (text, share = null) => {
    element.hidden = text === null;
    if (text === null) return;
    const bar = h("span", { class: "bar" });
    bar.style.setProperty("--share", share ?? 0);
    element.replaceChildren(h("span", {}, text), share === null ? "" : bar);
  };
}
