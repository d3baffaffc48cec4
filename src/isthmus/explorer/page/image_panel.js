/** The image shown: the decoded code, its rate and distortion among those of the data, and the nearest images. */

import { find, save, svg } from "./dom.js";
import { latest } from "./latest.js";
import { ImageButtons } from "./image_buttons.js";
import { paint } from "./canvas.js";

const BARS = 48;
const NEIGHBOURS = 8;

export class ImagePanel {
  constructor(session) {
    this.session = session;
    const { capabilities } = session.about;
    find("reading").hidden = !capabilities.encode;
    find("rate-row").hidden = !session.about.hasRate;
    find("total-row").hidden = !session.about.hasRate;
    find("total-name").textContent = session.about.isLikelihood ? "Total, −ELBO" : "Total";
    this.neighbours = new ImageButtons(find("neighbours"));
    this._near = latest(async (code) => this._showNeighbours(code), session.fail, 80);
    session.on("code", () => this._showOrigin());
    session.on("image", () => {
      paint(find("decoded"), session.image);
      paint(find("peek"), session.image);
      if (session.points && capabilities.neighbours) this._near(session.code);
    });
    session.on("reading", () => this._showReading());
    session.on("points", () => this._near(session.code));
    session.on("costs", () => {
      this._drawHistogram();
      this._showReading();
    });
    session.on("theme", () => this._showReading());
    find("save-image").addEventListener("click", () => this._save());
    // On a narrow page the sliders are below the image: a copy stays in view in a corner.
    new IntersectionObserver(([entry]) => (find("peek").hidden = entry.isIntersecting || entry.boundingClientRect.top > 0)).observe(find("decoded"));
  }

  _showOrigin() {
    const { origin } = this.session;
    find("original-figure").hidden = !origin;
    if (!origin) return;
    paint(find("original"), origin.images);
    find("original-name").textContent = origin.name;
  }

  _showReading() {
    const { reading } = this.session;
    if (!reading) return;
    const total = reading.rate + reading.distortion;
    find("rate").textContent = nats(reading.rate);
    find("distortion").textContent = nats(reading.distortion);
    find("total").textContent = nats(total);
    find("reading-of").textContent = `nats, of the ${reading.given ? "input image" : "decoded image, encoded again"}`;
    const percent = this.session.percentile(total);
    find("unusual").hidden = percent === null;
    if (percent === null) return;
    const { what } = this.session.points;
    find("unusual-text").textContent =
      percent >= 99.95
        ? `Costs more than all ${what}`
        : percent < 0.05
          ? `Costs less than all ${what}`
          : `Costs more than ${percent.toFixed(percent > 99 || percent < 1 ? 1 : 0)} % of ${what}`;
    if (this.range) {
      const [low, high] = this.range;
      const at = Math.min(1, Math.max(0, (total - low) / (high - low)));
      find("unusual-mark").setAttribute("transform", `translate(${at * BARS * 4}, 0)`);
    }
  }

  _drawHistogram() {
    const costs = this.session.sortedCosts;
    // With a margin on the right, for images that cost more than all of the data.
    const low = costs[0];
    const usual = costs[Math.floor(0.995 * (costs.length - 1))];
    const high = usual + 0.15 * (usual - low || 1);
    this.range = [low, high];
    const counts = new Array(BARS).fill(0);
    for (const cost of costs) counts[Math.min(BARS - 1, Math.floor(((cost - low) / (high - low)) * BARS))]++;
    const most = Math.max(...counts);
    const bars = counts.map((count, i) => {
      const height = count ? Math.max(1, (30 * count) / most) : 0;
      return svg("rect", { x: 4 * i, y: 32 - height, width: 3, height, rx: 1 });
    });
    const mark = svg("g", { id: "unusual-mark" }, svg("line", { y1: 0, y2: 34 }), svg("circle", { cy: 34, r: 3 }));
    find("unusual-chart").replaceChildren(...bars, mark);
  }

  async _showNeighbours(code) {
    const { session } = this;
    const found = await session.model.neighbours(code, NEIGHBOURS);
    const images = await session.model.pointImages(found.indices);
    find("neighbours-section").hidden = false;
    this.neighbours.show(images, (i) => {
      const index = found.indices[i];
      const [name, distance] = [session.nameOf(index), `distance ${found.distances[i].toFixed(2)}`];
      return { label: `Go to image ${name}, ${distance}`, title: `${name}: ${distance}`, go: () => session.moveToPoint(index, "neighbour") };
    });
  }

  _save() {
    find("decoded").toBlob((blob) => save(blob, `${this.session.about.name}.png`), "image/png");
  }
}

function nats(value) {
  return value.toFixed(Math.abs(value) < 10 ? 2 : 1).replace("-", "−");
}
