"use strict";
// The page in several languages: what it says, and which one it speaks.
const wording = (picture) => {
  const codes = Object.keys(picture.languages);
  let spoken = 0;

  function say(name, values = {}) {
    return picture.words[name][spoken].replace(/\{(\w+)\}/g, (place, key) => values[key] ?? place);
  }

  const told = (texts) => texts[spoken] ?? "";

  function apply() {
    document.documentElement.lang = codes[spoken].replace("_", "-");
    for (const element of document.querySelectorAll("[data-text]")) element.textContent = say(element.dataset.text);
    for (const element of document.querySelectorAll("[data-hint]")) {
      element.title = say(element.dataset.hint);
      element.setAttribute("aria-label", element.title);
    }
    for (const element of document.querySelectorAll("[data-label]")) {
      element.setAttribute("aria-label", say(element.dataset.label));
    }
  }

  function offer(select, changed) {
    for (const [code, name] of Object.entries(picture.languages)) {
      const option = new Option(name, code);
      option.lang = code.replace("_", "-");
      select.add(option);
    }
    select.hidden = codes.length < 2;
    select.addEventListener("change", () => {
      spoken = codes.indexOf(select.value);
      apply();
      changed();
    });
    apply();
  }

  return { say, told, offer };
};
