"use strict";
(() => {
  const root = document.documentElement;
  const toggle = document.getElementById("theme");
  const dark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const name = () => { toggle.textContent = dark() ? "Light" : "Dark"; };
  toggle.hidden = false;
  toggle.addEventListener("click", () => { root.dataset.theme = dark() ? "light" : "dark"; name(); });
  name();

  for (const button of document.querySelectorAll(".copy")) {
    const code = button.parentElement.querySelector("code");
    button.hidden = false;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(code.textContent);
      } catch {
        const range = document.createRange();
        range.selectNodeContents(code);
        const selection = getSelection();
        selection.removeAllRanges();
        selection.addRange(range);
        document.execCommand("copy");
      }
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
  }

  for (const film of document.querySelectorAll(".film")) {
    const frames = [...film.querySelectorAll(".frames li")];
    const controls = film.querySelector(".controls");
    const [play, slider, label] = ["button", "input", "output"].map((tag) => controls.querySelector(tag));
    let timer = 0;
    const show = (k) => {
      frames.forEach((frame, other) => frame.classList.toggle("now", other === k));
      slider.value = k;
      label.textContent = frames[k].textContent;
    };
    const stop = () => { clearTimeout(timer); timer = 0; play.textContent = "Play"; };
    const step = () => {
      const k = (Number(slider.value) + 1) % frames.length;
      show(k);
      timer = setTimeout(step, k === frames.length - 1 ? 2000 : 350);
    };
    const start = () => { play.textContent = "Pause"; timer = setTimeout(step, 350); };
    film.classList.add("player");
    controls.hidden = frames.length < 2;
    slider.addEventListener("input", () => { stop(); show(Number(slider.value)); });
    play.addEventListener("click", () => { if (timer) { stop(); } else { start(); } });
    show(frames.length - 1);
    if (frames.length > 1 && !matchMedia("(prefers-reduced-motion: reduce)").matches) {
      new IntersectionObserver(([entry], watcher) => {
        if (entry.isIntersecting) { watcher.disconnect(); start(); }
      }, { threshold: 0.5 }).observe(film);
    }
  }
})();
