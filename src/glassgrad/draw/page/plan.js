"use strict";
// Which parts of a picture are seen when these boxes are open, and the graph that the layout engine is asked to lay
// out. Works on data alone: the page runs it, and so does Python, for the first view.
const plan = (picture) => {
  const MOST_PARTS = 150; // nodes and boxes of a state that is laid out before anybody asks for it
  const boxes = new Map(picture.boxes.map((box) => [box.id, box]));
  const nodes = new Map(picture.nodes.map((node) => [node.id, node]));
  const parents = new Map([...nodes.values(), ...boxes.values()].map((item) => [item.id, item.parent]));

  function around(id) {
    const chain = [];
    for (let box = parents.get(id); box; box = parents.get(box)) chain.unshift(box);
    return chain;
  }

  function scene(opened) {
    const seenAs = (id) => around(id).find((box) => !opened.has(box)) ?? id;
    const isSeen = (id) => seenAs(id) === id && !(boxes.has(id) && opened.has(id));
    const edges = picture.edges.filter((edge) => isSeen(edge.to)).map((edge) => {
      const from = seenAs(edge.from);
      return { ...edge, ...edge.seen?.[from], from };
    });
    return {
      nodes: picture.nodes.filter((node) => isSeen(node.id)),
      boxes: picture.boxes.filter((box) => opened.has(box.id) && around(box.id).every((outer) => opened.has(outer))),
      edges: edges.filter((edge) => edge.from !== edge.to),
    };
  }

  function layoutGraph(shown) {
    const root = { id: "root", children: [], edges: [] };
    const containers = new Map([[null, root]]);
    for (const box of shown.boxes) {
      const title = { text: box.title, width: box.width, height: box.height };
      const item = { id: box.id, children: [], labels: [title] };
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
      const label = { id: edge.id + "/label", text: "x", width: edge.w, height: edge.h };
      label.layoutOptions = { "elk.edgeLabels.inline": "true" };
      root.edges.push({ id: edge.id, sources: [edge.from], targets: [edge.to], labels: [label] });
    }
    return root;
  }

  const isSmall = (opened) => {
    const { nodes: seen, boxes: open } = scene(opened);
    return seen.length + open.length <= MOST_PARTS;
  };

  // The states that are laid out with the page: as it is at first, and, of a picture that is not large, all open.
  function firstStates() {
    const all = new Set(boxes.keys());
    return [new Set(picture.open), ...(picture.open.length < all.size && isSmall(all) ? [all] : [])];
  }

  // The states that one click leads to, and then those one click from everything open; of each, small ones first: they
  // are soon there, and the engine is quicker at the large ones for having had them.
  function nextTo(opened) {
    const all = new Set(boxes.keys());
    return [...clicks(opened), all, new Set(), ...clicks(all)].filter(isSmall);
  }

  function clicks(opened) {
    const shown = scene(opened);
    const wider = shown.nodes.filter((node) => node.opens).map(({ id }) => new Set(opened).add(id));
    const narrower = shown.boxes.map(({ id }) => new Set([...opened].filter((box) => box !== id)));
    const size = new Map([...wider, ...narrower].map((state) => [state, scene(state).nodes.length]));
    return [...size.keys()].sort((a, b) => size.get(a) - size.get(b));
  }

  return { boxes, nodes, scene, layoutGraph, firstStates, nextTo };
};
