"use strict";
// What the layout engine is asked for, and its answer by name. Works on the engine's graphs alone: the page runs it,
// and so does Python, so both put everything in the same places.
const places = (() => {
  const all = {
    "elk.edgeRouting": "POLYLINE",
    "elk.spacing.edgeLabel": "0",
    "elk.spacing.nodeNode": "14",
    "elk.layered.spacing.nodeNodeBetweenLayers": "14",
  };
  const whole = {
    ...all,
    "elk.algorithm": "layered",
    "elk.direction": "RIGHT",
    "elk.hierarchyHandling": "INCLUDE_CHILDREN",
    "elk.json.edgeCoords": "ROOT",
    "elk.json.shapeCoords": "ROOT",
    "elk.randomSeed": "3", // of the first few, the one that keeps the order of the code most often
  };
  const box = {
    ...all,
    "elk.padding": "[top=28,left=12,bottom=12,right=12]",
    "elk.nodeLabels.placement": "INSIDE V_TOP H_LEFT",
  };
  const careful = { "elk.layered.nodePlacement.strategy": "NETWORK_SIMPLEX" };
  const order = { "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES" }; // in boxes the engine fails with it
  const quick = { "elk.layered.nodePlacement.strategy": "BRANDES_KOEPF", "elk.layered.thoroughness": "2" };
  const MOST_WORK = 150; // beyond it the careful way takes seconds, in Python soon minutes
  const LEVEL = 3; // heights that differ by less are made one

  // Return how many columns all lines together pass through, which is what the engine's time grows with.
  function work(edges) {
    const column = new Map();
    const missing = new Map();
    const leaving = new Map();
    for (const { sources: [from], targets: [to] } of edges) {
      missing.set(from, missing.get(from) ?? 0);
      missing.set(to, (missing.get(to) ?? 0) + 1);
      leaving.set(from, [...(leaving.get(from) ?? []), to]);
    }
    const ready = [...missing.keys()].filter((id) => missing.get(id) === 0);
    for (const id of ready) {
      for (const to of leaving.get(id) ?? []) {
        column.set(to, Math.max(column.get(to) ?? 0, (column.get(id) ?? 0) + 1));
        missing.set(to, missing.get(to) - 1);
        if (missing.get(to) === 0) ready.push(to);
      }
    }
    const at = (id) => column.get(id) ?? 0;
    return edges.reduce((sum, { sources, targets }) => sum + Math.max(1, at(targets[0]) - at(sources[0])), 0);
  }

  // Give everything in a graph the options that it is laid out with.
  function prepared(root) {
    const large = work(root.edges) > MOST_WORK;
    const way = large ? quick : careful;
    root.layoutOptions = { ...whole, ...way, ...(large ? {} : order) };
    const boxes = [...root.children];
    for (const item of boxes) {
      if (!item.children) continue;
      item.layoutOptions = { ...box, ...way };
      boxes.push(...item.children);
    }
    return root;
  }

  const spot = ({ x, y, width, height }) => ({ x, y, width, height });

  // Make a line level that almost is, from its label to both sides.
  function levelled(points, label) {
    const centre = { x: label.x + label.width / 2, y: label.y + label.height / 2 };
    const after = points.findIndex((point) => point.x >= centre.x);
    for (const [start, by] of [[after, 1], [after - 1, -1]]) {
      for (let i = start; points[i] && Math.abs(points[i].y - centre.y) < LEVEL; i += by) points[i].y = centre.y;
    }
    return points;
  }

  function gathered(root) {
    const found = { places: {}, lines: {}, labels: {}, width: root.width, height: root.height };
    const queue = [root];
    while (queue.length) {
      const item = queue.pop();
      for (const child of item.children ?? []) {
        found.places[child.id] = spot(child);
        queue.push(child);
      }
      for (const edge of item.edges ?? []) {
        const section = edge.sections[0];
        const label = spot(edge.labels[0]);
        const points = [section.startPoint, ...(section.bendPoints ?? []), section.endPoint];
        found.lines[edge.id] = levelled(points.map(({ x, y }) => ({ x, y })), label);
        found.labels[edge.id] = label;
      }
    }
    return found;
  }

  return { prepared, gathered, work };
})();
