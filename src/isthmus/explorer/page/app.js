/** The page: `start(model)` opens it on any model (see model.js). */

import { Arithmetic } from "./arithmetic.js";
import { Dimensions } from "./dimensions.js";
import { announce, find, h, toast } from "./dom.js";
import { Interpolation } from "./interpolation.js";
import { Link, readLink } from "./link.js";
import { Manifold } from "./manifold.js";
import { Drawing } from "./drawing.js";
import { ImagePanel } from "./image_panel.js";
import { Session } from "./session.js";
import { Stage } from "./stage.js";
import { Theme } from "./theme.js";
import { Toolbar, showProgress } from "./toolbar.js";
import { Variations } from "./variations.js";

/** @param {import("./model.js").Model} model */
export async function start(model) {
  const theme = new Theme();
  theme.choose(readLink().get("theme"));
  let about;
  try {
    about = await model.describe();
  } catch (error) {
    find("side").replaceChildren(h("p", { class: "empty", role: "alert" }, error.message));
    return;
  }
  introduce(about);
  const session = new Session(model, about);
  theme.tell((now) => {
    session.theme = now;
    session.emit("theme");
  });
  const stage = new Stage(session);
  new ImagePanel(session);
  const tools = openTools(session, stage);
  const toolbar = new Toolbar(session, stage);
  const link = new Link({ session, stage, toolbar, tools, theme });
  session.on("fault", ({ message }) => toast(message));
  session.on("code", ({ announcement }) => announcement && announce(announcement));
  find("surprise").addEventListener("click", () => surprise(session));

  // The first image needs no points, which arrive later.
  link.follow(location.href);
  document.documentElement.dataset.ready = "true";
  await openPoints(session, stage, toolbar);
  link.open();
}

function introduce(about) {
  const { height, width, channels } = about.image;
  document.title = `${about.name} · isthmus explore`;
  find("name").textContent = about.name;
  document.documentElement.classList.toggle("see-through", channels === 4);
  const colours = about.falseColour || { 1: "grey", 3: "colour", 4: "colour with opacity" }[channels];
  const kind = about.hasRate ? "variational autoencoder" : "plain autoencoder";
  find("facts").textContent =
    `${about.recipe} · ${kind} · ${width} × ${height} ${colours} · ${about.latentDim} latent dimension${about.latentDim > 1 ? "s" : ""}`;
}

/** Fetch the points and show them. */
async function openPoints(session, stage, toolbar) {
  const { model, about } = session;
  if (!about.capabilities.points) {
    noPoints(session, stage, toolbar, about.note);
    return;
  }
  const progress = showProgress();
  try {
    progress("Opening the images …");
    const points = await model.points((done, total) =>
      total ? progress(`Encoding ${done.toLocaleString("en")} of ${total.toLocaleString("en")} images …`, done / total) : null);
    session.setPoints(points);
    const [name] = about.projections;
    session.setPlane(await model.projection(name), name);
    find("facts").textContent += ` · ${points.count.toLocaleString("en")} ${points.what}`;
    progress(null);
    announce(`${points.count} ${points.what} shown`);
  } catch (error) {
    progress(null);
    noPoints(session, stage, toolbar, error.message);
    return;
  }
  if (about.capabilities.distortions) model.distortions().then((found) => session.setDistortions(found), session.fail);
}

function noPoints(session, stage, toolbar, why) {
  session.about.capabilities.neighbours = false;
  stage.setLayers("images");
  stage.rest();
  toolbar.setNoPoints(why ?? "");
}

function surprise(session) {
  if (!session.points) {
    session.moveToSample(null, "surprise");
    return;
  }
  const { count } = session.points;
  const index = Math.floor(Math.random() * count);
  // Never the image that is shown already: the page opens on one of them.
  const shown = session.codeOf(index).every((number, axis) => number === session.code[axis]);
  session.moveToPoint(shown ? (index + 1) % count : index, "surprise");
}

function openTools(session, stage) {
  const { about } = session;
  const made = [["dimensions", "Dimensions", (panel) => new Dimensions(session, panel)]];
  if (about.latentDim === 2 && about.hasStandardPrior) made.push(["manifold", "Manifold", (panel) => new Manifold(session, panel)]);
  made.push(["interpolation", "Interpolation", (panel) => new Interpolation(session, stage, panel)]);
  if (about.capabilities.encode) made.push(["drawing", "Draw", (panel) => new Drawing(session, panel, () => show("drawing"))]);
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
  function mark({ tab, panel }, isShown) {
    tab.setAttribute("aria-selected", String(isShown));
    tab.tabIndex = isShown ? 0 : -1;
    panel.hidden = !isShown;
  }
  function show(id) {
    if (!tabs.has(id) || now === id) return;
    if (now) {
      mark(tabs.get(now), false);
      tabs.get(now).tool.close?.();
    }
    now = id;
    mark(tabs.get(id), true);
    tabs.get(id).tool.open?.();
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
