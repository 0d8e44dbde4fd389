/* Draws the figures of the page, in the colours of the page: light, dark or on paper. */
(() => {
  "use strict";
  const PAPER_WIDTH = 660; // pixels: A4 and Letter, less their margins
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const config = { responsive: true, displayModeBar: false, showTips: false, displaylogo: false };
  const figures = Array.from(document.querySelectorAll("script[data-plot]"), (script) => ({
    div: document.getElementById(script.dataset.plot),
    text: script.textContent,
  }));

  function coloured(layout, paper) {
    const style = getComputedStyle(document.documentElement);
    const ink = paper ? "#1b2530" : style.getPropertyValue("--ink").trim();
    const card = paper ? "#ffffff" : style.getPropertyValue("--card").trim();
    layout.font = { ...layout.font, color: ink };
    layout.hoverlabel = { ...layout.hoverlabel, bgcolor: card, bordercolor: ink };
    layout.hoverlabel.font = { ...layout.hoverlabel.font, color: ink };
    // A finger that scrolls the page must not zoom a picture.
    layout.dragmode = false;
    // On a phone the names beside the bars leave more room to the bars.
    if (innerWidth < 600 && !paper) layout.font.size = 11;
    for (const name of Object.keys(layout)) {
      if (/^[xy]axis/.test(name)) layout[name].fixedrange = true;
    }
    if (paper) layout.width = PAPER_WIDTH;
    return layout;
  }

  function draw(paper) {
    for (const { div, text } of figures) {
      const { data, layout } = JSON.parse(text);
      Plotly.react(div, data, coloured(layout, paper), config);
    }
  }

  // A table that goes on beyond its box fades out at that side.
  function fade(box) {
    box.classList.toggle("more", box.scrollLeft + box.clientWidth < box.scrollWidth - 2);
  }
  const boxes = Array.from(document.querySelectorAll(".scroll"));
  for (const box of boxes) box.addEventListener("scroll", () => fade(box), { passive: true });
  const fadeAll = () => boxes.forEach(fade);
  addEventListener("resize", fadeAll);
  fadeAll();

  draw(false);
  dark.addEventListener("change", () => draw(false));
  addEventListener("beforeprint", () => draw(true));
  addEventListener("afterprint", () => draw(false));
})();
