// Shows the picture that the page carries: which boxes are open decides what is seen, the layout engine where.
(async () => {
  const picture = JSON.parse(await engine.unpacked("picture"));
  const stage = document.getElementById("stage");
  const tale = document.getElementById("tale");
  const known = plan(picture);
  const speech = wording(picture);
  const artist = paper(picture, known, speech);
  const layouts = views(picture, known);
  const numbers = numbersPanel(picture, speech);
  const order = new Map(picture.nodes.map((node, place) => [node.id, place]));
  let opened = new Set(picture.open);
  let steps = [];
  let step = null; // null: everything is shown
  let view = { x: 0, y: 0, scale: 1 };
  let size = { width: 1, height: 1 };
  let spots = {};
  let svg, camera;

  // The picture ---------------------------------------------------------------------------------------------------

  let busy = Promise.resolve();

  function show(focus) {
    busy = busy.then(async () => {
      const shown = known.scene(opened);
      try {
        const found = await layouts.of(opened);
        size = { width: found.width, height: found.height };
        spots = found.places;
        const old = svg;
        ({ svg, camera } = artist.draw(shown, found));
        if (old) old.replaceWith(svg);
        else stage.replaceChildren(svg);
      } catch (error) {
        tale.textContent = speech.say("failed", { reason: error.message ?? error });
        return;
      }
      listen();
      steps = inOrder(shown);
      fit();
      showStep(false);
      if (focus) (svg.querySelector(`[data-box="${focus}"],[data-node="${focus}"]`))?.focus();
      document.body.dataset.ready = String(Number(document.body.dataset.ready ?? 0) + 1);
      layouts.ahead(opened);
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
      if (known.nodes.get(next).kind !== "output") result.push(known.nodes.get(next));
      for (const edge of shown.edges) if (edge.from === next) missing.set(edge.to, missing.get(edge.to) - 1);
    }
    const forward = result.filter((node) => node.kind !== "leaf").map(({ id }) => ({ id, back: false }));
    const returning = result.reverse().filter((node) => node.backward[0]).map(({ id }) => ({ id, back: true }));
    const has = shown.edges.some((edge) => edge.svg.includes('class="backward"'));
    return has ? [...forward, ...returning] : forward;
  }

  function showStep(speak) {
    const at = step === null ? null : steps[step];
    const done = step === null ? steps : steps.slice(0, step + 1);
    const given = picture.nodes.filter((node) => node.kind === "leaf").map((node) => node.id);
    const computed = new Set([...given, ...done.filter((one) => !one.back).map((one) => one.id)]);
    const returned = new Set(done.filter((one) => one.back).map((one) => one.id));
    for (const element of svg.querySelectorAll("[data-node]")) {
      const id = element.dataset.node;
      const output = known.nodes.get(id).kind === "output";
      element.classList.toggle("later", step !== null && !output && !computed.has(id));
      element.classList.toggle("unreturned", step !== null && !returned.has(id));
      element.classList.toggle("now", at?.id === id);
    }
    for (const element of svg.querySelectorAll("[data-edge]")) {
      const { from, to } = element.dataset;
      const back = known.nodes.get(to).kind === "output" ? returned.size > 0 : returned.has(to);
      element.classList.toggle("later", step !== null && !computed.has(from));
      element.classList.toggle("unreturned", step !== null && !back);
      element.classList.toggle("now", at !== null && (at.back ? from === at.id || to === at.id : to === at.id));
    }
    document.getElementById("back").disabled = step === null;
    tell(at, speak);
    if (at) reveal(spots[at.id]);
  }

  function tell(at, speak) {
    if (at) {
      const node = known.nodes.get(at.id);
      const head = speech.say(at.back ? "backward" : "forward", { step: step + 1, steps: steps.length });
      tale.textContent = `${head} ${speech.told(at.back ? node.backward : node.forward)}`;
    } else {
      const sealed = picture.sealed ? speech.say("sealed", { count: picture.sealed }) : "";
      const alone = Object.keys(picture.languages).length === 1 ? speech.say("one_language") : "";
      const intro = [speech.say("intro"), speech.told(picture.proof), sealed, alone].filter(Boolean).join(" ");
      tale.textContent = speak ? speech.say("everything") : intro;
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
    const { x, y } = artist.centre(spot);
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
    const figure = target.closest?.("[data-table]");
    if (figure) {
      const { table, name, back } = figure.dataset;
      numbers.show({ number: Number(table), name, back });
      return;
    }
    const node = target.closest?.("[data-node]")?.dataset.node;
    const box = target.closest?.("[data-box]")?.dataset.box;
    if (node && known.nodes.get(node).opens) {
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
    open: () => { opened = new Set(known.boxes.keys()); step = null; show(); },
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
    if (event.key === "Escape" && numbers.hide()) return;
    if (event.target.closest?.("select,#numbers")) return;
    const chosen = event.target.closest?.("[data-node],[data-box],[data-table]");
    if ((event.key === "Enter" || event.key === " ") && chosen) {
      event.preventDefault();
      toggle(chosen);
    } else if (keys[event.key] && svg) {
      event.preventDefault();
      actions[keys[event.key]]();
    }
  });
  window.addEventListener("resize", () => { if (svg) fit(); });
  speech.offer(document.getElementById("language"), () => {
    if (!svg) return;
    artist.speak(svg);
    numbers.speak();
    tell(step === null ? null : steps[step], false);
  });
  await show();
  engine.start().catch(() => {}); // told when it is needed
})();
