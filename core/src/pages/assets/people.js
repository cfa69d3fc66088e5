// Finds people as one types. Without scripts, the form's button does it.
"use strict";

(function () {
  const PAUSE_MS = 200;

  const form = document.querySelector("form[data-live]");
  const results = document.querySelector("[data-results]");
  const voice = document.querySelector("[data-say]");
  if (!form || !results) return;

  let timer = 0;
  let question = null;

  function address() {
    const url = new URL(form.action);
    for (const [name, value] of new FormData(form)) {
      if (value) url.searchParams.set(name, value);
    }
    return url;
  }

  async function find() {
    if (question) question.abort();
    question = new AbortController();
    const url = address();
    try {
      const response = await fetch(url, {
        credentials: "same-origin",
        mode: "same-origin",
        redirect: "error",
        cache: "no-store",
        headers: { Accept: "text/html" },
        signal: question.signal,
      });
      if (!response.ok) throw new Error("status " + response.status);
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      const found = page.querySelector("[data-results]");
      if (!found) throw new Error("no results");
      results.replaceChildren(...document.importNode(found, true).childNodes);
      history.replaceState(null, "", url);
      if (voice) voice.textContent = results.querySelector("table") ? voice.dataset.found : voice.dataset.nobody;
    } catch (error) {
      // Signed out, or nothing works: the button's page says so.
      if (error.name !== "AbortError") form.requestSubmit();
    }
  }

  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(find, PAUSE_MS);
  });

  // What was typed before this script was there, or is back with the page.
  const box = form.elements.namedItem("q");
  if (box && box.value !== box.defaultValue) find();
})();
