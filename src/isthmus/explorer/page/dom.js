/** Elements of the page. */

/** Make an element: `h("button", { class: "quiet", onclick: f, "aria-label": "Fit" }, "Fit")`. */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

/** The same for SVG. */
export function svg(tag, props = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(props)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

export const find = (id) => document.getElementById(id);

/** Announce a text to screen readers. */
export function announce(text) {
  find("announcement").textContent = text;
}

let toastTimer = 0;

/** Show a sentence for five seconds. */
export function toast(text) {
  const element = find("toast");
  element.textContent = text;
  element.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => (element.hidden = true), 5000);
}

/** Save some bytes as a file. */
export function save(blob, name) {
  const address = URL.createObjectURL(blob);
  const link = h("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** A group of radio buttons. */
export function choice(name, legend, options, chosen, change) {
  const radio = (value) => h("input", { type: "radio", name, value, checked: value === chosen, onchange: () => change(value) });
  return h("fieldset", { class: "segments" },
    h("legend", { class: "visually-hidden" }, legend),
    options.map(([value, text]) => h("label", {}, radio(value), h("span", {}, text))));
}

/** Check the radio button of a value in a group that `choice` made. */
export function check(fieldset, value) {
  for (const input of fieldset.querySelectorAll("input")) input.checked = input.value === value;
}

/** A slider with its name and its value beside it; the value is that of the nearest step. */
export function slider(text, { min, max, step, value }, show, change) {
  const output = h("output");
  const input = h("input", { type: "range", min, max, step, value, "aria-label": text });
  const say = (number) => {
    output.textContent = show(number);
    input.setAttribute("aria-valuetext", show(number));
  };
  say(input.valueAsNumber);
  input.addEventListener("input", () => {
    say(input.valueAsNumber);
    change(input.valueAsNumber);
  });
  const element = h("div", { class: "slider" }, h("span", { class: "slider-name", "aria-hidden": "true" }, text), output, input);
  return {
    element,
    input,
    /** Show another value than that of the nearest step. */
    say,
    get value() {
      return input.valueAsNumber;
    },
    set value(number) {
      input.value = number;
      say(input.valueAsNumber);
    },
  };
}
