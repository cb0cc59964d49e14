"use strict";
// What the page carries, unpacked, and the layout engine that is among it, in a worker.
const engine = (() => {
  // Compressed, and written with 85 signs, five for each four bytes.
  const signs = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%:()*+-;.=,?@^_`{|}~";

  function unpacked(id) {
    const text = document.getElementById(id).textContent;
    const values = new Uint8Array(128);
    for (let i = 0; i < signs.length; i++) values[signs.charCodeAt(i)] = i;
    const bytes = new DataView(new ArrayBuffer(Math.ceil(text.length / 5) * 4));
    for (let i = 0; i < text.length; i += 5) {
      let word = 0;
      for (let j = 0; j < 5; j++) word = word * 85 + (i + j < text.length ? values[text.charCodeAt(i + j)] : 84);
      bytes.setUint32((i / 5) * 4, word);
    }
    const length = Math.floor((text.length * 4) / 5);
    const stream = new Blob([bytes.buffer.slice(0, length)]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).text();
  }

  let worker = null;
  let started = null;
  let asked = 0;
  const waiting = new Map();

  const start = () => (started ??= made()); // once, and kept

  async function made() {
    const code = new Blob([await unpacked("engine")], { type: "text/javascript" });
    worker = new Worker(URL.createObjectURL(code));
    worker.onmessage = ({ data }) => {
      const answer = waiting.get(data.id);
      waiting.delete(data.id);
      if (answer) (data.error ? answer.reject : answer.resolve)(data.error ?? data.data);
    };
    worker.onerror = () => waiting.forEach((answer) => answer.reject(new Error("the layout engine cannot start")));
    await ask({ cmd: "register", algorithms: ["layered"] });
  }

  function ask(message) {
    return new Promise((resolve, reject) => {
      const id = ++asked;
      waiting.set(id, { resolve, reject });
      worker.postMessage({ layoutOptions: {}, options: {}, ...message, id });
    });
  }

  async function layout(graph) {
    await start();
    return places.gathered(await ask({ cmd: "layout", graph: places.prepared(graph) }));
  }

  return { layout, unpacked, start };
})();
