"use strict";
// The page is complete without this script: it opens what a link leads to, and tells which boxes scroll.
(() => {
  const contents = document.getElementById("contents");
  const wide = matchMedia("(min-width: 68rem)");
  const fit = () => { contents.open = wide.matches; };
  wide.addEventListener("change", fit);
  fit();

  // On a small screen the contents cover what a link leads to.
  contents.addEventListener("click", (event) => {
    if (!wide.matches && event.target.closest("a")) contents.open = false;
  });

  const reveal = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    let opened = false;
    const first = target.matches("details") ? target : target.parentElement;
    for (let fold = first.closest("details"); fold; fold = fold.parentElement.closest("details")) {
      opened ||= !fold.open;
      fold.open = true;
    }
    if (opened) target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (link && link.hash === location.hash) reveal();
  });
  reveal();

  // A box that scrolls can be reached with the keyboard and says so; one that does not is no stop.
  const mark = (box) => {
    const sideways = box.scrollWidth > box.clientWidth + 1;
    const down = box.scrollHeight > box.clientHeight + 1 && box.matches(".scroll");
    if (sideways || down) box.tabIndex = 0; else box.removeAttribute("tabindex");
    const cue = box.previousElementSibling;
    if (cue && cue.classList.contains("cue")) cue.hidden = !sideways;
  };
  const watch = new ResizeObserver((entries) => entries.forEach((entry) => mark(entry.target)));
  document.querySelectorAll(".scroll, .plot, .formula, pre").forEach((box) => watch.observe(box));
})();
