// Shows the picture that the page carries: which boxes are open decides what is seen, the layout engine where.
(async () => {
  const picture = JSON.parse(await engine.unpacked("picture"));
  const stage = document.getElementById("stage");
  const tale = document.getElementById("tale");
  const boxes = new Map(picture.boxes.map((box) => [box.id, box]));
  const nodes = new Map(picture.nodes.map((node) => [node.id, node]));
  const parents = new Map([...nodes.values(), ...boxes.values()].map((item) => [item.id, item.parent]));
  const order = new Map(picture.nodes.map((node, place) => [node.id, place]));
  let opened = new Set(picture.open);
  let steps = [];
  let step = null; // null: everything is shown
  let view = { x: 0, y: 0, scale: 1 };
  let size = { width: 1, height: 1 };
  let places = new Map();
  let svg, camera;

  // What is seen --------------------------------------------------------------------------------------------------

  function around(id) {
    const chain = [];
    for (let box = parents.get(id); box; box = parents.get(box)) chain.unshift(box);
    return chain;
  }

  function seenAs(id) {
    return around(id).find((box) => !opened.has(box)) ?? id;
  }

  function isSeen(id) {
    return seenAs(id) === id && !(boxes.has(id) && opened.has(id));
  }

  function scene() {
    const edges = picture.edges.filter((edge) => isSeen(edge.to)).map((edge) => ({ ...edge, from: seenAs(edge.from) }));
    return {
      nodes: picture.nodes.filter((node) => isSeen(node.id)),
      boxes: picture.boxes.filter((box) => opened.has(box.id) && around(box.id).every((outer) => opened.has(outer))),
      edges: edges.filter((edge) => edge.from !== edge.to),
    };
  }

  // Where it stands -----------------------------------------------------------------------------------------------

  function layoutGraph(shown) {
    const root = { id: "root", children: [], edges: [], layoutOptions: picture.options };
    const containers = new Map([[null, root]]);
    for (const box of shown.boxes) {
      const title = { text: box.title, width: box.width, height: box.height };
      const item = { id: box.id, children: [], labels: [title], layoutOptions: picture.box_options };
      containers.set(box.id, item);
      containers.get(box.parent).children.push(item);
    }
    for (const node of shown.nodes) {
      const item = { id: node.id, width: node.w, height: node.h };
      if (node.under) {
        item.labels = [{ text: "sum", ...node.under }];
        item.layoutOptions = { "elk.nodeLabels.placement": "OUTSIDE V_BOTTOM H_CENTER" };
      }
      containers.get(node.parent).children.push(item);
    }
    for (const edge of shown.edges) {
      const label = { id: edge.id + "/label", text: "x", width: edge.w, height: edge.h, layoutOptions: picture.inline };
      root.edges.push({ id: edge.id, sources: [edge.from], targets: [edge.to], labels: [label] });
    }
    return root;
  }

  function gathered(root) {
    const found = { places: new Map(), lines: new Map(), labels: new Map(), width: root.width, height: root.height };
    const queue = [root];
    while (queue.length) {
      const item = queue.pop();
      for (const child of item.children ?? []) {
        found.places.set(child.id, child);
        queue.push(child);
      }
      for (const edge of item.edges ?? []) {
        const section = edge.sections[0];
        found.lines.set(edge.id, [section.startPoint, ...(section.bendPoints ?? []), section.endPoint]);
        found.labels.set(edge.id, edge.labels[0]);
      }
    }
    return found;
  }

  // Drawing -------------------------------------------------------------------------------------------------------

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
    if (nodes.get(edge.from).kind === "op") path[0] = border(places.get(edge.from), path[0], 1);
    const last = path.length - 1;
    if (nodes.get(edge.to).kind === "op") path[last] = border(places.get(edge.to), path[last], -1);
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

  function drawBox(box, place) {
    const group = make("g", { class: "closes", tabindex: "0", role: "button", "data-box": box.id,
      "aria-label": `${box.title}, open; select to close` }, camera);
    make("rect", { class: box.level % 2 ? "box odd" : "box", x: place.x, y: place.y, width: place.width,
      height: place.height, rx: 10 }, group);
    make("text", { class: "title", x: place.x + 10, y: place.y + 18 }, group).textContent = `${box.title} ⊖`;
  }

  function drawNode(node, place) {
    const { x, y } = centre(place);
    const group = make("g", { class: node.class, transform: `translate(${x} ${y})`, "data-node": node.id,
      "aria-label": [node.label, node.forward, node.backward].filter(Boolean).join(". ") }, camera);
    if (node.kind !== "output") group.setAttribute("tabindex", "0");
    group.setAttribute("role", node.opens ? "button" : "img");
    if (node.opens) {
      group.classList.add("opens");
      group.setAttribute("aria-label", `${node.label}, closed; select to open`);
    }
    group.innerHTML = node.svg; // made by the same program as this page, every text in it escaped
  }

  function draw(shown, found) {
    const old = svg;
    svg = make("svg", { role: "group", "aria-label": `Computational graph of ${picture.title}` });
    make("rect", { class: "paper", x: "0", y: "0", width: "100%", height: "100%" }, svg);
    camera = make("g", {}, svg);
    for (const box of shown.boxes) drawBox(box, found.places.get(box.id));
    for (const edge of shown.edges) {
      const group = make("g", { class: "edge", "data-edge": edge.id, "data-from": edge.from, "data-to": edge.to }, camera);
      drawLine(group, found.lines.get(edge.id), edge, found.places);
      const { x, y } = centre(found.labels.get(edge.id));
      make("g", { transform: `translate(${x} ${y})` }, group).innerHTML = edge.svg;
    }
    for (const node of shown.nodes) drawNode(node, found.places.get(node.id));
    size = { width: found.width, height: found.height };
    places = found.places;
    if (old) old.replaceWith(svg);
    else stage.replaceChildren(svg);
    listen();
  }

  let busy = Promise.resolve();

  function show(focus) {
    busy = busy.then(async () => {
      const shown = scene();
      try {
        draw(shown, gathered(await engine.layout(layoutGraph(shown))));
      } catch (error) {
        tale.textContent = `The picture cannot be laid out in this browser: ${error.message ?? error}.`;
        return;
      }
      steps = inOrder(shown);
      fit();
      showStep(false);
      if (focus) (svg.querySelector(`[data-box="${focus}"],[data-node="${focus}"]`))?.focus();
      document.body.dataset.ready = String(Number(document.body.dataset.ready ?? 0) + 1);
    });
    return busy;
  }

  // Steps ---------------------------------------------------------------------------------------------------------

  function inOrder(shown) {
    const missing = new Map(shown.nodes.map((node) => [node.id, 0]));
    for (const edge of shown.edges) missing.set(edge.to, missing.get(edge.to) + 1);
    const left = new Set(missing.keys());
    const result = [];
    while (left.size) {
      const ready = [...left].filter((id) => missing.get(id) <= 0);
      const next = (ready.length ? ready : [...left]).sort((a, b) => order.get(a) - order.get(b))[0];
      left.delete(next);
      if (nodes.get(next).kind !== "output") result.push(next);
      for (const edge of shown.edges) if (edge.from === next) missing.set(edge.to, missing.get(edge.to) - 1);
    }
    const forward = result.filter((id) => nodes.get(id).kind !== "leaf").map((id) => ({ id, back: false }));
    const backward = [...result].reverse().filter((id) => nodes.get(id).backward).map((id) => ({ id, back: true }));
    const has = shown.edges.some((edge) => edge.svg.includes('class="backward"'));
    return has ? [...forward, ...backward] : forward;
  }

  function showStep(speak) {
    const at = step === null ? null : steps[step];
    const done = step === null ? steps : steps.slice(0, step + 1);
    const given = picture.nodes.filter((node) => node.kind === "leaf").map((node) => node.id);
    const computed = new Set([...given, ...done.filter((one) => !one.back).map((one) => one.id)]);
    const returned = new Set(done.filter((one) => one.back).map((one) => one.id));
    for (const element of svg.querySelectorAll("[data-node]")) {
      const id = element.dataset.node;
      const output = nodes.get(id).kind === "output";
      element.classList.toggle("later", step !== null && !output && !computed.has(id));
      element.classList.toggle("unreturned", step !== null && !returned.has(id));
      element.classList.toggle("now", at?.id === id);
    }
    const started = returned.size > 0;
    for (const element of svg.querySelectorAll("[data-edge]")) {
      const { from, to } = element.dataset;
      const back = nodes.get(to).kind === "output" ? started : returned.has(to);
      element.classList.toggle("later", step !== null && !computed.has(from));
      element.classList.toggle("unreturned", step !== null && !back);
      element.classList.toggle("now", at !== null && (at.back ? from === at.id || to === at.id : to === at.id));
    }
    document.getElementById("back").disabled = step === null;
    if (at) {
      const text = at.back ? `Backward: ${nodes.get(at.id).backward}` : `Forward: ${nodes.get(at.id).forward}`;
      tale.textContent = `${step + 1} of ${steps.length}. ${text}`;
      reveal(places.get(at.id));
    } else if (speak) {
      tale.textContent = "Everything is shown.";
    }
  }

  function go(by) {
    const next = step === null ? (by > 0 ? 0 : steps.length - 1) : step + by;
    step = next < 0 || next >= steps.length ? null : next;
    showStep(true);
  }

  // Pan and zoom --------------------------------------------------------------------------------------------------

  function place() {
    camera.setAttribute("transform", `translate(${view.x} ${view.y}) scale(${view.scale})`);
  }

  function fit() {
    const [wide, high] = [stage.clientWidth, stage.clientHeight];
    view.scale = Math.min((wide - 24) / size.width, (high - 24) / size.height, 2.2);
    view.x = (wide - size.width * view.scale) / 2;
    view.y = (high - size.height * view.scale) / 2;
    place();
  }

  function zoom(factor, x = stage.clientWidth / 2, y = stage.clientHeight / 2) {
    const scale = Math.min(Math.max(view.scale * factor, 0.02), 12);
    view.x = x - ((x - view.x) * scale) / view.scale;
    view.y = y - ((y - view.y) * scale) / view.scale;
    view.scale = scale;
    place();
  }

  function reveal(spot) {
    const [wide, high] = [stage.clientWidth, stage.clientHeight];
    const { x, y } = centre(spot);
    const [left, top] = [view.x + x * view.scale, view.y + y * view.scale];
    const seen = left > 60 && left < wide - 60 && top > 40 && top < high - 40;
    if (seen && view.scale >= 0.8) return;
    view.scale = Math.max(view.scale, 1);
    view.x = wide / 2 - x * view.scale;
    view.y = high / 2 - y * view.scale;
    place();
  }

  let held = null;

  function listen() {
    svg.addEventListener("wheel", (event) => {
      event.preventDefault();
      const { left, top } = stage.getBoundingClientRect();
      zoom(Math.exp(-event.deltaY / 400), event.clientX - left, event.clientY - top);
    }, { passive: false });
    svg.addEventListener("pointerdown", (event) => { held = { x: event.clientX, y: event.clientY, moved: false }; });
    svg.addEventListener("pointermove", (event) => {
      if (!held || !event.buttons) return;
      const [dx, dy] = [event.clientX - held.x, event.clientY - held.y];
      if (!held.moved && Math.hypot(dx, dy) < 4) return;
      view.x += dx;
      view.y += dy;
      held = { x: event.clientX, y: event.clientY, moved: true };
      place();
    });
    svg.addEventListener("click", (event) => { if (!held?.moved) toggle(event.target); });
  }

  // Open and close ------------------------------------------------------------------------------------------------

  function toggle(target) {
    const node = target.closest?.("[data-node]")?.dataset.node;
    const box = target.closest?.("[data-box]")?.dataset.box;
    if (node && nodes.get(node).opens) {
      opened.add(node);
    } else if (box && (target.closest(".title") || target === document.activeElement || target.matches(".box"))) {
      opened.delete(box);
    } else {
      return;
    }
    step = null;
    show(node ?? box);
  }

  const actions = {
    back: () => go(-1),
    step: () => go(1),
    end: () => { step = null; showStep(true); },
    open: () => { opened = new Set(boxes.keys()); step = null; show(); },
    close: () => { opened = new Set(); step = null; show(); },
    larger: () => zoom(1.25),
    smaller: () => zoom(0.8),
    fit,
  };
  const keys = {
    ArrowRight: "step", ArrowLeft: "back", Escape: "end", o: "open", c: "close", "+": "larger", "=": "larger",
    "-": "smaller", 0: "fit",
  };
  for (const [id, action] of Object.entries(actions)) document.getElementById(id).addEventListener("click", action);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const chosen = event.target.closest?.("[data-node],[data-box]");
    if ((event.key === "Enter" || event.key === " ") && chosen) {
      event.preventDefault();
      toggle(chosen);
    } else if (keys[event.key] && svg) {
      event.preventDefault();
      actions[keys[event.key]]();
    }
  });
  window.addEventListener("resize", () => { if (svg) fit(); });
  show();
})();
