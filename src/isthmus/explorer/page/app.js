/** The page, put together: `start(model)` opens it on any model (see model.js). */

import { Arithmetic } from "./arithmetic.js";
import { Dimensions } from "./dimensions.js";
import { announce, check, choice, find, h, toast } from "./dom.js";
import { Journey } from "./journey.js";
import { codeToText, readLink, textToCode, writeLink } from "./link.js";
import { Manifold } from "./manifold.js";
import { Own } from "./own.js";
import { classColour, gradient } from "./palette.js";
import { PicturePanel } from "./picture.js";
import { Session } from "./session.js";
import { Stage } from "./stage.js";
import { Variations } from "./variations.js";

const PROJECTIONS = { latent: "Latent space", pca: "PCA", umap: "UMAP" };

/** @param {import("./model.js").Model} model */
export async function start(model) {
  const link = readLink();
  const setTheme = prepareTheme(link.get("theme"));
  let about;
  try {
    about = await model.describe();
  } catch (error) {
    find("side").replaceChildren(h("p", { class: "empty", role: "alert" }, error.message));
    return;
  }
  introduce(about);
  const session = new Session(model, about);
  setTheme(session);
  const stage = new Stage(session);
  new PicturePanel(session);
  const tools = openTools(session, stage);
  openToolbar(session, stage);
  session.on("fault", ({ message }) => toast(message));
  session.on("code", ({ said }) => said && announce(said));
  session.on("plane", () => nameAxes(session));
  nameAxes(session);
  find("surprise").addEventListener("click", () => surprise(session));

  // The first picture needs no points: those come when they are ready.
  session.moveTo(textToCode(link.get("z") ?? "", session.dim) ?? Float32Array.from(about.centre), { by: "link" });
  document.documentElement.dataset.ready = "true";
  await openPoints(session, stage, link.get("p"));
  restore(session, stage, tools, link);
  keepLink(session, stage, tools);
}

function introduce(about) {
  const { height, width, channels } = about.image;
  document.title = `${about.name} · isthmus explore`;
  find("name").textContent = about.name;
  const colours = { 1: "grey", 3: "colour", 4: "colour with opacity" }[channels];
  const kind = about.hasRate ? "variational autoencoder" : "plain autoencoder";
  find("facts").textContent =
    `${about.recipe} · ${kind} · ${width} × ${height} ${colours} · ${about.latentDim} number${about.latentDim > 1 ? "s" : ""} a code`;
}

function prepareTheme(wanted) {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const button = find("theme");
  let session = null;
  let chosen = wanted === "dark" || wanted === "light" ? wanted : null;
  const apply = () => {
    const theme = chosen ?? (dark.matches ? "dark" : "light");
    document.documentElement.dataset.theme = theme;
    button.setAttribute("aria-pressed", String(theme === "dark"));
    if (session) {
      session.theme = theme;
      session.chosenTheme = chosen;
      session.emit("theme");
    }
  };
  dark.addEventListener("change", apply);
  button.addEventListener("click", () => {
    chosen = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    apply();
  });
  apply();
  return (given) => {
    session = given;
    apply();
  };
}

function openToolbar(session, stage) {
  const { about } = session;
  const parts = [];
  if (about.capabilities.points) {
    parts.push(
      choice("layers", "What the map shows", [["points", "Points"], ["pictures", "Pictures"], ["both", "Both"]], stage.layers, (value) => stage.setLayers(value)),
      choice("tool", "What dragging does", [["move", "Explore"], ["pan", "Pan"], ["lasso", "Lasso"]], "move", (value) => stage.setTool(value)),
    );
    const colours = h("select", { id: "colour-by", "aria-label": "Colour of the points", onchange: (event) => stage.setColourBy(event.target.value) },
      h("option", { value: "label" }, "Colour by label"));
    session.on("points", () => about.hasRate && colours.append(h("option", { value: "rate" }, "Colour by rate")));
    session.on("costs", () => colours.append(h("option", { value: "distortion" }, "Colour by distortion")));
    parts.push(colours);
    if (about.projections.length > 1) {
      parts.push(
        h("select", { id: "projection", "aria-label": "Projection", onchange: (event) => changeProjection(session, event.target) },
          about.projections.map((name) => h("option", { value: name }, PROJECTIONS[name] ?? name))),
      );
    }
  }
  find("toolbar").append(...parts);
  stage.setTool("move");
  find("zoom-in").addEventListener("click", () => stage.zoom(1.4));
  find("zoom-out").addEventListener("click", () => stage.zoom(1 / 1.4));
  find("zoom-fit").addEventListener("click", () => stage.fit());
  session.on("colours", () => drawLegend(session, stage));
}

async function changeProjection(session, select) {
  const name = select.value;
  select.disabled = true;
  const progress = showProgress();
  try {
    progress(`Computing ${PROJECTIONS[name]} of ${session.points.count.toLocaleString("en")} codes …`);
    session.setPlane(await session.model.projection(name), name);
  } catch (error) {
    session.fail(error);
    select.value = session.planeName;
  }
  progress(null);
  select.disabled = false;
}

function drawLegend(session, stage) {
  const legend = find("legend");
  const { points, about, theme } = session;
  if (stage.colourBy !== "label") {
    const [low, high] = stage.amounts ?? [0, 1];
    const bar = h("span", { class: "gradient" });
    bar.style.background = gradient(theme);
    legend.replaceChildren(h("p", { class: "ramp" }, `${low.toFixed(0)} nats`, bar, `${high.toFixed(0)} nats`));
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
        h("button", {
          class: "chip", "aria-pressed": "true", title: "Show or hide",
          onclick: (event) => event.currentTarget.setAttribute("aria-pressed", String(stage.toggleLabel(label))),
        }, h("span", { class: "dot" }), about.labels[label] ?? String(label)),
      ),
    );
  }
  labels.forEach((label, i) => {
    legend.children[i].firstElementChild.style.background = classColour(theme, label);
    legend.children[i].setAttribute("aria-pressed", String(!stage.hidden.has(label)));
  });
}

function nameAxes(session) {
  find("axis-x").textContent = session.plane.names[0];
  find("axis-y").textContent = session.plane.names[1];
}

function showProgress() {
  const element = find("progress");
  return (text, share = null) => {
    element.hidden = text === null;
    if (text === null) return;
    const bar = h("span", { class: "bar" });
    bar.style.setProperty("--share", share ?? 0);
    element.replaceChildren(h("span", {}, text), share === null ? "" : bar);
  };
}

/** Fetch the points and lay them out. */
async function openPoints(session, stage, wanted) {
  const { model, about } = session;
  if (!about.capabilities.points) {
    noPoints(session, stage, about.note);
    return;
  }
  const progress = showProgress();
  try {
    progress("Opening the images …");
    const points = await model.points((done, total) =>
      total ? progress(`Encoding ${done.toLocaleString("en")} of ${total.toLocaleString("en")} images …`, done / total) : null);
    session.setPoints(points);
    const name = about.projections.includes(wanted) ? wanted : about.projections[0];
    if (name !== about.projections[0]) progress(`Computing ${PROJECTIONS[name]} …`);
    session.setPlane(await model.projection(name), name);
    if (find("projection")) find("projection").value = name;
    find("facts").textContent += ` · ${points.count.toLocaleString("en")} ${points.what}`;
    progress(null);
    announce(`${points.count} ${points.what} are shown`);
  } catch (error) {
    progress(null);
    noPoints(session, stage, error.message);
    return;
  }
  if (about.capabilities.distortions) model.distortions().then((found) => session.setDistortions(found), session.fail);
}

function noPoints(session, stage, why) {
  session.about.capabilities.neighbours = false;
  stage.setLayers("pictures");
  stage.rest();
  find("toolbar").replaceChildren(h("p", { class: "hint" }, "No images to show as points. ", why ?? ""));
}

function surprise(session) {
  if (session.points) session.moveToPoint(Math.floor(Math.random() * session.points.count), "surprise");
  else session.moveToSample(null, "surprise");
}

function openTools(session, stage) {
  const { about } = session;
  const made = [["dimensions", "Dimensions", (panel) => new Dimensions(session, panel)]];
  if (about.latentDim === 2 && about.hasRate) made.push(["manifold", "Manifold", (panel) => new Manifold(session, panel)]);
  made.push(["journey", "Journey", (panel) => new Journey(session, stage, panel)]);
  if (about.capabilities.encode) made.push(["own", "Draw", (panel) => new Own(session, panel, () => show("own"))]);
  made.push(["variations", "Similar", (panel) => new Variations(session, panel)]);
  if (about.capabilities.points) made.push(["arithmetic", "Arithmetic", (panel) => new Arithmetic(session, panel)]);
  const tabs = new Map();
  for (const [id, text, make] of made) {
    const panel = h("div", { role: "tabpanel", id: `panel-${id}`, "aria-labelledby": `tab-${id}`, class: "panel", tabindex: "0", hidden: true });
    const tab = h("button", { role: "tab", id: `tab-${id}`, "aria-controls": `panel-${id}`, "aria-selected": "false", tabindex: "-1", onclick: () => show(id) }, text);
    find("tabs").append(tab);
    find("panels").append(panel);
    tabs.set(id, { tab, panel, tool: make(panel) });
  }
  let now = null;
  function show(id) {
    if (!tabs.has(id) || now === id) return;
    if (now) {
      const before = tabs.get(now);
      before.tab.setAttribute("aria-selected", "false");
      before.tab.tabIndex = -1;
      before.panel.hidden = true;
      before.tool.close?.();
    }
    now = id;
    const { tab, panel, tool } = tabs.get(id);
    tab.setAttribute("aria-selected", "true");
    tab.tabIndex = 0;
    panel.hidden = false;
    tool.open?.();
    session.emit("tool");
  }
  find("tabs").addEventListener("keydown", (event) => {
    const ids = [...tabs.keys()];
    const at = ids.indexOf(now);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1 + ids.length, Home: 0, End: ids.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    show(ids[to % ids.length]);
    tabs.get(now).tab.focus();
  });
  show("dimensions");
  return { tabs, show, now: () => now };
}

// The state of the page as a link.

function restore(session, stage, tools, link) {
  const view = link.get("v")?.split(",").map(Number);
  if (view?.length === 3 && view.every(Number.isFinite) && view[2] > 0) {
    stage.setView({ x: view[0], y: view[1], scale: view[2] * Math.min(stage.width, stage.height) });
  }
  const layers = link.get("l");
  if (session.points && ["points", "pictures", "both"].includes(layers)) {
    stage.setLayers(layers);
    check(find("toolbar").querySelector("fieldset"), layers);
  }
  const journey = tools.tabs.get("journey").tool;
  const ends = (link.get("ab") ?? "").split(".").map((text) => textToCode(text, session.dim));
  const way = ["straight", "spherical"].includes(link.get("w")) ? link.get("w") : null;
  if (ends.length === 2 && ends.every(Boolean)) journey.restore({ ends, way });
  const groups = link.get("g")?.split(".");
  if (session.points && groups?.length === 2) tools.tabs.get("arithmetic")?.tool.restore({ names: groups });
  const temperature = Number(link.get("T"));
  if (link.has("T") && temperature >= 0 && temperature <= 1) tools.tabs.get("variations").tool.temperature.value = temperature;
  if (link.has("t")) tools.show(link.get("t"));
  const index = Number(link.get("i") ?? NaN);
  if (session.points && Number.isInteger(index) && index >= 0 && index < session.points.count) session.moveToPoint(index);
}

function keepLink(session, stage, tools) {
  let timer = 0;
  const state = () => {
    const journey = tools.tabs.get("journey").tool.state();
    const groups = tools.tabs.get("arithmetic")?.tool.state();
    const { x, y, scale } = stage.view;
    const { index } = session.origin ?? {};
    return {
      z: codeToText(session.code),
      i: index,
      v: [x, y, scale / Math.min(stage.width, stage.height)].map((value) => Number(value.toPrecision(6))).join(","),
      l: stage.layers,
      p: session.planeName,
      t: tools.now(),
      T: tools.tabs.get("variations").tool.temperature.value,
      ab: journey?.ends.map(codeToText).join("."),
      w: journey?.way,
      g: groups?.names.join("."),
      theme: session.chosenTheme,
    };
  };
  const keep = () => {
    clearTimeout(timer);
    timer = setTimeout(() => writeLink(state()), 300);
  };
  for (const name of ["code", "view", "plane", "tool", "theme"]) session.on(name, keep);
  find("toolbar").addEventListener("change", keep);
  find("panels").addEventListener("change", keep);
  keep();
  find("copy-link").addEventListener("click", async () => {
    writeLink(state());
    try {
      await navigator.clipboard.writeText(location.href);
      toast("The link is copied. Whoever explores the same run sees the same by it.");
    } catch {
      toast("The address of this page is the link: copy it from the address bar.");
    }
  });
}
