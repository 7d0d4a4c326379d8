// SPDX-License-Identifier: Apache-2.0
"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const tip = document.getElementById("tip"), zoom = document.getElementById("zoom");

  // Schemes: an element goes when the last scheme that it speaks of goes.
  const boxes = all("[data-scheme]");
  const speaking = all("[data-rows]").map(e => [e, e.dataset.rows.split(" ").map(Number)]);
  const bar = document.querySelector("nav.bar");
  const measure = () => document.documentElement.style.setProperty("--bar", `${bar.offsetHeight}px`);
  new ResizeObserver(measure).observe(bar);
  function show() {
    const on = boxes.map(box => box.checked);
    for (const [element, rows] of speaking) element.classList.toggle("off", !rows.some(r => on[r]));
    const shown = on.filter(Boolean).length;
    document.getElementById("count").textContent = shown === on.length ? `${shown}` : `${shown} of ${on.length}`;
  }
  boxes.forEach(box => box.addEventListener("change", show));
  const setAll = value => { boxes.forEach(box => { if (!box.parentNode.hidden) box.checked = value; }); show(); };
  document.getElementById("all").addEventListener("click", () => setAll(true));
  document.getElementById("none").addEventListener("click", () => setAll(false));
  document.getElementById("filter").addEventListener("input", event => {
    const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const box of boxes) {
      const name = box.parentNode.textContent.toLowerCase();
      box.parentNode.hidden = !words.every(word => name.includes(word));
    }
  });
  all("[data-hide-axis]").forEach(box => box.addEventListener("change", () =>
    document.body.classList.toggle(`hide-${box.dataset.hideAxis}`, !box.checked)));

  // Tables sort by what a heading says.
  all(".compare").forEach(table => all("thead th", table).forEach((head, column) => {
    head.tabIndex = 0;
    const sort = () => {
      const down = head.getAttribute("aria-sort") !== "descending";
      all("th", head.parentNode).forEach(other => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const key = row => { const cell = row.cells[column];
        return cell.dataset.v === undefined ? cell.textContent : Number(cell.dataset.v); };
      const body = table.tBodies[0], sign = down ? -1 : 1;
      [...body.rows].sort((a, b) => key(a) < key(b) ? -sign : key(a) > key(b) ? sign : 0).forEach(row => body.append(row));
    };
    head.addEventListener("click", sort);
    head.addEventListener("keydown", event => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); sort(); } });
  }));

  // The numbers of a panel, as they are drawn: [{axis, points: [[x, "y"] ...], line}].
  const series = panel => panel.series ??= all("polyline.curve, polyline.stretch, path.dots", panel).map(line => {
    const points = line.hasAttribute("points")
      ? line.getAttribute("points").split(" ").map(p => { const [x, y] = p.split(","); return [Number(x), y]; })
      : all("path.dots", panel) && line.getAttribute("d").split("M").slice(1).map((p, i) =>
          [Number(p.split(" ")[0]), line.dataset.values.split(" ")[i]]);
    return {axis: line.dataset.axis, points, line};
  });
  const logarithmic = panel => !["channels", "stretch"].includes(panel.dataset.kind);
  const digits = text => { const n = Number(text); return Math.abs(n) >= 1e5 ? n.toExponential(3) : String(Number(n.toPrecision(6))); };
  const visible = line => getComputedStyle(line).display !== "none";
  const axes = panel => series(panel).filter(one => visible(one.line));

  function mark(panel, x) {
    all(".mark", panel).forEach(old => old.remove());
    if (x === null) return;
    const lines = axes(panel);
    if (!lines.length) return;
    const group = lines[0].line.parentNode, m = group.transform.baseVal.consolidate().matrix;
    const box = panel.viewBox.baseVal, make = name => document.createElementNS("http://www.w3.org/2000/svg", name);
    const g = make("g");
    g.setAttribute("class", "mark");
    g.setAttribute("pointer-events", "none");
    const rule = make("path");
    rule.setAttribute("class", "cross");
    rule.setAttribute("d", `M${m.a * x + m.e} 20V${(panel.height.baseVal.value && 140) - 18}`);
    g.append(rule);
    for (const {points, line} of lines) {
      const at = points.find(p => p[0] === x);
      if (!at) continue;
      const y = panel.dataset.kind === "channels" ? Math.log10(Number(at[1])) : Number(at[1]);
      const dot = make("circle");
      dot.setAttribute("class", `cursor ${[...line.classList].find(c => /^a.$/.test(c)) ?? ""}`);
      dot.setAttribute("cx", m.a * x + m.e);
      dot.setAttribute("cy", m.d * y + m.f);
      dot.setAttribute("r", 2.6);
      g.append(dot);
    }
    panel.append(g);
  }
  function read(panel, x) {
    const name = logarithmic(panel) ? `Δ = ${Math.round(10 ** x)}` : `channel ${x}`;
    const values = axes(panel).map(({axis, points}) => [axis, points.find(p => p[0] === x)]).filter(pair => pair[1]);
    return name + values.map(([axis, point]) => `\n${axis === "*" ? "all" : axis}  ${digits(point[1])}`).join("");
  }
  function nearest(panel, clientX) {
    const lines = axes(panel);
    if (!lines.length) return null;
    const m = lines[0].line.getScreenCTM(), x = (clientX - m.e) / m.a;
    let best = null;
    for (const {points} of lines) for (const [at] of points) if (best === null || Math.abs(at - x) < Math.abs(best - x)) best = at;
    return best;
  }
  const near = panel => { const r = panel.getBoundingClientRect(); return r.bottom > 0 && r.top < innerHeight; };
  function point(panel, x, left, top) {
    panel.at = x;
    const kind = panel.dataset.kind, twins = all(`.k-${kind}`).filter(near);
    if (logarithmic(panel)) all(".panel").filter(p => logarithmic(p) && near(p)).forEach(p => mark(p, x));
    else twins.forEach(p => mark(p, x));
    tip.textContent = read(panel, x);
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    tip.style.left = `${Math.min(left + 14, innerWidth - box.width - 6)}px`;
    tip.style.top = `${Math.min(top + 14, innerHeight - box.height - 6)}px`;
  }
  function leave() { tip.hidden = true; all(".mark").forEach(old => old.remove()); }
  function listen(panel) {
    panel.addEventListener("pointermove", event => {
      const x = nearest(panel, event.clientX);
      if (x !== null && !event.buttons) point(panel, x, event.clientX, event.clientY);
    });
    panel.addEventListener("pointerleave", leave);
    panel.addEventListener("blur", leave);
    panel.addEventListener("keydown", event => {
      if (event.key === "Enter") { event.preventDefault(); if (!zoom.open) enlarge(panel); return; }
      const step = {ArrowRight: 1, ArrowLeft: -1}[event.key];
      if (!step || !series(panel).length) return;
      event.preventDefault();
      const xs = [...new Set(axes(panel).flatMap(one => one.points.map(p => p[0])))].sort((a, b) => a - b);
      const from = xs.indexOf(panel.at), x = xs[Math.max(0, Math.min(xs.length - 1, from < 0 ? 0 : from + step))];
      const box = panel.getBoundingClientRect(), m = axes(panel)[0].line.getScreenCTM();
      point(panel, x, m.a * x + m.e, box.top + 10);
    });
  }
  all(".panel").forEach(panel => { listen(panel); panel.addEventListener("click", () => enlarge(panel)); });
  addEventListener("scroll", () => { if (!zoom.open) leave(); }, {passive: true});

  // One panel, large: the view box is what zooms and moves.
  function enlarge(panel) {
    leave();
    const copy = panel.cloneNode(true), stage = zoom.querySelector(".stage");
    all(".mark", copy).forEach(old => old.remove());
    stage.replaceChildren(copy);
    const box = copy.viewBox.baseVal, home = [box.x, box.y, box.width, box.height];
    const set = (x, width) => { const w = Math.min(home[2], Math.max(home[2] / 24, width));
      box.width = w; box.height = home[3] * w / home[2];
      box.x = Math.min(home[0] + home[2] - w, Math.max(home[0], x)); };
    const move = (dx, dy) => { box.x = Math.min(home[0] + home[2] - box.width, Math.max(home[0], box.x + dx));
      box.y = Math.min(home[1] + home[3] - box.height, Math.max(home[1], box.y + dy)); };
    const zoomAt = (factor, fx, fy) => { const px = box.x + fx * box.width, py = box.y + fy * box.height;
      set(0, box.width * factor); box.x = px - fx * box.width; box.y = py - fy * box.height; move(0, 0); };
    listen(copy);
    copy.addEventListener("wheel", event => { event.preventDefault(); const r = copy.getBoundingClientRect();
      zoomAt(event.deltaY > 0 ? 1.2 : 1 / 1.2, (event.clientX - r.left) / r.width, (event.clientY - r.top) / r.height); }, {passive: false});
    copy.addEventListener("pointermove", event => { if (event.buttons) { const r = copy.getBoundingClientRect();
      leave(); move(-event.movementX * box.width / r.width, -event.movementY * box.height / r.height); } });
    zoom.onkeydown = event => {
      if (event.key === "+" || event.key === "=") zoomAt(1 / 1.3, .5, .5);
      else if (event.key === "-") zoomAt(1.3, .5, .5);
      else if (event.key === "0") { set(home[0], home[2]); box.y = home[1]; }
      else return;
      event.preventDefault();
    };
    zoom.append(tip);
    zoom.showModal();
    copy.focus();
  }
  zoom.addEventListener("close", () => { document.body.append(tip); leave(); });
  zoom.addEventListener("click", event => { if (event.target === zoom) zoom.close(); });
})();
