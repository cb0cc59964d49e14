"use strict";
// The panel that shows an array: what it is like, and its entries as a table.
const numbersPanel = (picture, speech) => {
  const panel = document.getElementById("numbers");
  const table = document.getElementById("numbers-table");
  let shown = null;
  let asked = null; // what had the focus before

  function cell(row, tag, text, exact) {
    const element = document.createElement(tag);
    element.textContent = text;
    if (exact && exact !== text) element.title = exact;
    row.append(element);
  }

  function short(text) {
    const number = Number(text);
    return Number.isFinite(number) && text.length > 7 ? String(Number(number.toPrecision(5))) : text;
  }

  function list(rows) {
    const element = document.createElement("table");
    const head = element.createTHead().insertRow();
    cell(head, "th", "");
    for (let column = 1; column < rows[0].length; column++) cell(head, "th", String(column - 1));
    const body = element.createTBody();
    for (const [place, ...entries] of rows) {
      const row = body.insertRow();
      cell(row, "th", place);
      for (const entry of entries) cell(row, "td", short(entry), entry);
    }
    return element;
  }

  function write() {
    const { name, back, number } = shown;
    const { type, rows, ...facts } = picture.tables[number];
    document.getElementById("numbers-title").textContent = (back ? `${speech.say("derivative")}, ` : "") + name;
    const words = Object.entries(facts).map(([fact, value]) => `${speech.say(fact)} ${value}`);
    document.getElementById("numbers-facts").textContent = [type, ...words].join(" · ");
    table.replaceChildren(rows ? list(rows) : facts.minimum || facts.bad ? speech.say("many") : "");
  }

  function show(what) {
    asked = document.activeElement;
    shown = what;
    write();
    panel.hidden = false;
    document.getElementById("hide").focus();
  }

  function hide() {
    if (!shown) return false;
    shown = null;
    panel.hidden = true;
    asked?.focus?.();
    return true;
  }

  document.getElementById("hide").addEventListener("click", hide);
  return { show, hide, panel, speak: () => { if (shown) write(); } };
};
