"use strict";
// Everything that can be read is in the page already: without this script it stays a report, with links that work.
(() => {
  const byId = (id) => document.getElementById(id);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const root = document.documentElement;
  const drawing = byId("drawing");
  const canvas = byId("canvas");
  const nodes = all(".node");
  const arrows = all(".arrow");

  for (const tools of all(".tools")) tools.hidden = false;

  // --- colours ---
  const theme = byId("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const nameTheme = () => { theme.textContent = isDark() ? "Light colours" : "Dark colours"; };
  theme.addEventListener("click", () => { root.dataset.theme = isDark() ? "light" : "dark"; nameTheme(); });
  system.addEventListener("change", nameTheme);
  nameTheme();

  // --- search ---
  const search = byId("search");
  const rows = all(".filterable").map((row) => ({ row, text: row.textContent.toLowerCase() }));
  const labels = nodes.map((node) => ({ node, text: spoken(node).toLowerCase() }));
  function spoken(node) { return node.getAttribute("aria-label") + " " + node.getAttribute("href"); }
  const filter = () => {
    const wanted = search.value.trim().toLowerCase();
    for (const { row, text } of rows) row.hidden = !text.includes(wanted);
    for (const { node, text } of labels) node.classList.toggle("missed", !text.includes(wanted));
    const found = all(".finding").filter((finding) => !finding.hidden).length;
    const boxes = nodes.filter((node) => !node.classList.contains("missed"));
    byId("status").textContent = wanted ? `${found} of ${all(".finding").length} findings, ${boxes.length} of ${nodes.length} boxes` : "";
    if (boxes.length) makeStop(boxes[0]);
  };
  search.addEventListener("input", filter);
  search.addEventListener("keydown", (event) => { if (event.key === "Escape") { search.value = ""; filter(); } });

  // --- from box to evidence and back ---
  const reveal = () => {
    const target = byId(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    if (target.closest("[hidden]")) { search.value = ""; filter(); }
    for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    if (nodes.includes(target)) makeStop(target);
    target.focus({ preventScroll: true });
    target.scrollIntoView({ block: nodes.includes(target) ? "center" : "start", inline: "center" });
  };
  addEventListener("hashchange", reveal);
  // A second click on the same link changes no hash.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (link && link.getAttribute("href") === location.hash) { event.preventDefault(); reveal(); }
  });

  let opened = [];
  addEventListener("beforeprint", () => {
    opened = all("details:not([open])");
    for (const each of opened) each.open = true;
  });
  addEventListener("afterprint", () => { for (const each of opened) each.open = false; });

  if (drawing) graph();
  if (location.hash) reveal();

  // One box is in the tab order; the arrow keys lead to the others.
  function makeStop(stop) {
    for (const node of nodes) node.setAttribute("tabindex", node === stop ? "0" : "-1");
  }

  function graph() {
    makeStop(nodes[0]);

    const middle = (node) => {
      const box = node.getBoundingClientRect();
      return { x: box.left + box.width / 2, y: box.top + box.height / 2 };
    };
    // The nearest box in a direction; what lies aside counts threefold.
    const next = (from, dx, dy) => {
      const here = middle(from);
      let best = null;
      let least = Infinity;
      for (const node of nodes) {
        if (node === from || node.classList.contains("missed")) continue;
        const there = middle(node);
        const ahead = (there.x - here.x) * dx + (there.y - here.y) * dy;
        const aside = Math.abs((there.x - here.x) * dy) + Math.abs((there.y - here.y) * dx);
        if (ahead > 1 && ahead + 3 * aside < least) { best = node; least = ahead + 3 * aside; }
      }
      return best;
    };
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const shown = () => nodes.filter((node) => !node.classList.contains("missed"));
    drawing.addEventListener("keydown", (event) => {
      const node = event.target.closest(".node");
      if (!node || event.ctrlKey || event.altKey || event.metaKey) return;
      let target = null;
      if (event.key in ways) target = next(node, ...ways[event.key]) || node;
      else if (event.key === "Home") target = shown()[0];
      else if (event.key === "End") target = shown().at(-1);
      else if (event.key === "+" || event.key === "=") zoom(1.25);
      else if (event.key === "-") zoom(0.8);
      else return;
      event.preventDefault();
      if (target) { makeStop(target); target.focus(); }
    });

    // What a box requests and what requests it stand out.
    const trace = (node) => {
      const near = new Set(node ? [node.dataset.key] : []);
      for (const arrow of arrows) {
        const joined = node && (arrow.dataset.from === node.dataset.key || arrow.dataset.to === node.dataset.key);
        arrow.classList.toggle("near", Boolean(joined));
        if (joined) near.add(arrow.dataset.from).add(arrow.dataset.to);
      }
      for (const each of nodes) each.classList.toggle("near", near.has(each.dataset.key));
      drawing.classList.toggle("tracing", near.size > 1);
    };
    const traced = () => trace(drawing.querySelector(".node:hover") || document.activeElement.closest(".node"));
    for (const name of ["pointerover", "pointerleave", "focusin"]) drawing.addEventListener(name, traced);
    drawing.addEventListener("focusout", () => setTimeout(traced));

    // --- zoom and pan ---
    const full = drawing.viewBox.baseVal;
    let scale = 1;
    const setScale = (wanted) => {
      scale = Math.min(3, Math.max(0.1, wanted));
      drawing.style.width = `${full.width * scale}px`;
      drawing.style.height = `${full.height * scale}px`;
    };
    const zoom = (factor, at) => {
      const box = canvas.getBoundingClientRect();
      const x = at ? at.clientX - box.left : box.width / 2;
      const y = at ? at.clientY - box.top : box.height / 2;
      const [left, top, before] = [canvas.scrollLeft + x, canvas.scrollTop + y, scale];
      setScale(scale * factor);
      canvas.scrollLeft = (left * scale) / before - x;
      canvas.scrollTop = (top * scale) / before - y;
    };
    const fit = () => setScale(Math.min(1, canvas.clientWidth / full.width));
    byId("zoom-in").addEventListener("click", () => zoom(1.25));
    byId("zoom-out").addEventListener("click", () => zoom(0.8));
    byId("zoom-fit").addEventListener("click", fit);
    canvas.addEventListener("wheel", (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      zoom(event.deltaY < 0 ? 1.1 : 0.9, event);
    }, { passive: false });
    // At first as much as can be read, from the middle.
    setScale(Math.max(0.7, Math.min(1, canvas.clientWidth / full.width)));
    canvas.scrollLeft = (canvas.scrollWidth - canvas.clientWidth) / 2;

    let grip = null;
    canvas.addEventListener("pointerdown", (event) => {
      if (event.pointerType === "mouse" && event.button === 0) grip = { x: event.clientX, y: event.clientY, moved: false };
    });
    addEventListener("pointermove", (event) => {
      if (!grip) return;
      const [dx, dy] = [event.clientX - grip.x, event.clientY - grip.y];
      if (!grip.moved && Math.hypot(dx, dy) < 5) return;
      canvas.classList.add("dragged");
      canvas.scrollBy({ left: -dx, top: -dy, behavior: "instant" });
      grip = { x: event.clientX, y: event.clientY, moved: true };
    });
    let dragged = false;
    addEventListener("pointerup", () => {
      dragged = Boolean(grip && grip.moved);
      grip = null;
      canvas.classList.remove("dragged");
    });
    canvas.addEventListener("click", (event) => { if (dragged) { event.preventDefault(); dragged = false; } }, true);
    canvas.addEventListener("dragstart", (event) => event.preventDefault());
  }
})();
