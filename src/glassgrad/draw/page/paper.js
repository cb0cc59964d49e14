"use strict";
// Draws what is seen, where the layout has put it.
const paper = (picture, known, speech) => {
  function make(tag, attributes, parent) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    parent?.append(element);
    return element;
  }

  function centre(place) {
    return { x: place.x + place.width / 2, y: place.y + place.height / 2 };
  }

  function border(place, point, side) {
    const radius = place.height / 2;
    const off = Math.min(Math.abs(point.y - centre(place).y), radius);
    return { x: centre(place).x + side * (place.width / 2 - radius + Math.sqrt(radius ** 2 - off ** 2)), y: point.y };
  }

  function drawLine(group, points, edge, places) {
    const path = points.map((point) => ({ ...point }));
    if (known.nodes.get(edge.from).kind === "op") path[0] = border(places[edge.from], path[0], 1);
    const last = path.length - 1;
    if (known.nodes.get(edge.to).kind === "op") path[last] = border(places[edge.to], path[last], -1);
    const tip = path[last];
    const length = Math.hypot(tip.x - path[last - 1].x, tip.y - path[last - 1].y) || 1;
    const ux = (tip.x - path[last - 1].x) / length;
    const uy = (tip.y - path[last - 1].y) / length;
    path[last] = { x: tip.x - 6 * ux, y: tip.y - 6 * uy };
    make("path", { class: "line", d: "M" + path.map((point) => `${point.x} ${point.y}`).join("L") }, group);
    const [x, y] = [tip.x - 8 * ux, tip.y - 8 * uy];
    const head = `M${tip.x} ${tip.y}L${x - 3.5 * uy} ${y + 3.5 * ux}L${x + 3.5 * uy} ${y - 3.5 * ux}z`;
    make("path", { class: "tip", d: head }, group);
  }

  function drawBox(camera, box, place) {
    const group = make("g", { class: "closes", tabindex: "0", role: "button", "data-box": box.id }, camera);
    make("rect", { class: box.level % 2 ? "box odd" : "box", x: place.x, y: place.y, width: place.width,
      height: place.height, rx: 10 }, group);
    make("text", { class: "title", x: place.x + 10, y: place.y + 18 }, group).textContent = `${box.title} ⊖`;
  }

  function drawEdge(camera, edge, found) {
    const group = make("g", { class: "edge", "data-edge": edge.id, "data-from": edge.from, "data-to": edge.to }, camera);
    drawLine(group, found.lines[edge.id], edge, found.places);
    const { x, y } = centre(found.labels[edge.id]);
    const label = make("g", { transform: `translate(${x} ${y})` }, group);
    label.innerHTML = edge.svg; // made by the same program as this page, every text in it escaped
    for (const figure of label.querySelectorAll(".figure")) {
      const back = figure.parentNode !== label;
      const number = back ? edge.gradient : edge.value;
      if (typeof number !== "number") continue;
      figure.dataset.table = number;
      figure.dataset.name = edge.name;
      if (back) figure.dataset.back = "1";
      figure.setAttribute("tabindex", "0");
      figure.setAttribute("role", "button");
    }
  }

  function drawNode(camera, node, place) {
    const { x, y } = centre(place);
    const group = make("g", { class: node.class, transform: `translate(${x} ${y})`, "data-node": node.id,
      role: node.opens ? "button" : "img" }, camera);
    if (node.kind !== "output") group.setAttribute("tabindex", "0");
    group.classList.toggle("opens", Boolean(node.opens));
    group.innerHTML = node.svg;
  }

  function draw(shown, found) {
    const svg = make("svg", { role: "group" });
    make("rect", { class: "paper", x: "0", y: "0", width: "100%", height: "100%" }, svg);
    const camera = make("g", {}, svg);
    for (const box of shown.boxes) drawBox(camera, box, found.places[box.id]);
    for (const edge of shown.edges) drawEdge(camera, edge, found);
    for (const node of shown.nodes) drawNode(camera, node, found.places[node.id]);
    speak(svg);
    return { svg, camera };
  }

  // Give everything its name for those who hear the picture.
  function speak(svg) {
    svg.setAttribute("aria-label", speech.say("graph", { title: picture.title }));
    for (const element of svg.querySelectorAll("[data-node]")) {
      const node = known.nodes.get(element.dataset.node);
      const words = [node.label, speech.told(node.forward), speech.told(node.backward)].filter(Boolean).join(". ");
      element.setAttribute("aria-label", node.opens ? speech.say("closed", { label: node.label }) : words);
    }
    for (const element of svg.querySelectorAll("[data-box]")) {
      const label = known.boxes.get(element.dataset.box).title;
      element.setAttribute("aria-label", speech.say("opened", { label }));
    }
    for (const element of svg.querySelectorAll("[data-table]")) {
      const name = (element.dataset.back ? `${speech.say("derivative")}, ` : "") + element.dataset.name;
      element.setAttribute("aria-label", speech.say("numbers", { name }));
    }
  }

  return { draw, speak, centre };
};
