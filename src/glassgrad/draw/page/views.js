"use strict";
// Where everything stands in each state of the picture: as the page was given it, as it was asked for before, or as
// the engine finds it now. While nobody asks, the engine works on what the next click may ask for; it needs the
// practice as well: its fourth layout takes a fifth of the time of its first.
const views = (picture, known) => {
  const MOST_AHEAD = 16; // states, after each that is looked at
  const QUIET = 300; // milliseconds after a picture
  const kept = new Map();
  const key = (opened) => known.scene(opened).boxes.map(({ id }) => id).join();
  for (const { open, ...found } of picture.views) kept.set(key(new Set(open)), Promise.resolve(found));
  let looks = 0;

  function placed(opened) {
    const name = key(opened);
    if (!kept.has(name)) kept.set(name, engine.layout(known.layoutGraph(known.scene(opened))));
    return kept.get(name);
  }

  // Return where everything stands when these boxes are open.
  function of(opened) {
    looks += 1; // what is asked for comes first
    return placed(opened);
  }

  // Lay out what one more click would ask for, one state after the other, until somebody asks. Whoever goes on clicking
  // finds the engine free.
  async function ahead(opened) {
    const look = ++looks;
    await new Promise((resolve) => { setTimeout(resolve, QUIET); });
    let left = MOST_AHEAD;
    for (const state of known.nextTo(opened)) {
      if (kept.has(key(state))) continue;
      if (look !== looks || left-- === 0) return;
      await placed(state).catch(() => {}); // told when it is asked for
    }
  }

  return { of, ahead };
};
