// What stands behind the "#" of a page that was asked for is sent to no server. It stays in this tab until its person is
// signed in, and then goes behind the page's address again.
"use strict";

(function () {
  const KEY = "anteroom.fragment";
  const LONGEST = 8192;

  function kept() {
    try {
      return JSON.parse(sessionStorage.getItem(KEY)) || {};
    } catch {
      return {};
    }
  }

  function keep(handle) {
    const fragment = window.location.hash;
    if (fragment.length < 2 || fragment.length > LONGEST) return;
    try {
      sessionStorage.setItem(KEY, JSON.stringify({ handle, fragment }));
    } catch {
      // A browser that keeps nothing: the page opens without it.
    }
  }

  function goOn(link) {
    const { handle, fragment } = kept();
    const isOfThisPage = handle === new URL(link.href).searchParams.get("r") && typeof fragment === "string" && fragment.startsWith("#");
    try {
      sessionStorage.removeItem(KEY);
    } catch {
      // There was none.
    }
    window.location.replace(isOfThisPage ? link.href + fragment : link.href);
  }

  const link = document.querySelector("a[data-go-on]");
  if (link) {
    goOn(link);
    return;
  }
  const field = document.querySelector("input[name=r]");
  if (!field || !field.value) return;
  keep(field.value);
  const start = document.querySelector("form[action$='/sign-in/start']");
  if (!start || kept().handle !== field.value) return;
  const mark = document.createElement("input");
  mark.type = "hidden";
  mark.name = "fragment";
  mark.value = "1";
  start.append(mark);
})();
