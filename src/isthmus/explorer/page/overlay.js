/** The overlay: what is drawn over the points - the path of an interpolation, the selection, the lasso and the cursor. */

/** @param {Stage} stage */
export function drawOverlay(context, stage) {
  const { element, view, ratio, session, places, path, lasso } = stage;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, view.width, view.height);
  const style = getComputedStyle(element);
  const [ink, accent, card] = ["--ink", "--accent", "--card"].map((name) => style.getPropertyValue(name));
  const strokeFramed = () => {
    for (const [width, colour] of [[5, card], [2.5, accent]]) {
      context.lineWidth = width;
      context.strokeStyle = colour;
      context.stroke();
    }
  };
  if (path) {
    context.beginPath();
    path.forEach((code, i) => context[i ? "lineTo" : "moveTo"](...view.toPixels(session.placeOf(code))));
    context.lineJoin = context.lineCap = "round";
    strokeFramed();
  }
  context.fillStyle = ink;
  for (const i of session.selection.slice(0, 5000)) {
    const [px, py] = view.toPixels([places.x[i], places.y[i]]);
    context.fillRect(px - 1, py - 1, 2, 2);
  }
  if (lasso) {
    context.beginPath();
    lasso.forEach((pixel, i) => context[i ? "lineTo" : "moveTo"](...pixel));
    context.closePath();
    context.strokeStyle = accent;
    context.lineWidth = 1.5;
    context.setLineDash([5, 4]);
    context.stroke();
    context.setLineDash([]);
  }
  context.beginPath();
  context.arc(...view.toPixels(session.place), 8, 0, 2 * Math.PI);
  strokeFramed();
}
