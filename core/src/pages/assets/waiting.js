// Asks whether access has been given, and goes on as soon as it has. Without scripts, the page
// refreshes itself.
"use strict";

(function () {
  const INTERVAL_MS = 2000;
  const LONGEST_WAIT_MS = 30000;
  const REQUEST_LIMIT_MS = 10000;

  const box = document.querySelector("[data-waiting]");
  const line = document.querySelector("[data-waiting-text]");
  if (!box || !line || !box.dataset.statusUrl) return;

  const origins = (box.dataset.origins || "").split(" ").filter(Boolean);
  let failures = 0;
  let timer = 0;
  let isAsking = false;
  let isOver = false;

  // Screen readers announce every change: say only what is new.
  function say(state, text) {
    box.dataset.waiting = state;
    if (line.textContent !== text) line.textContent = text;
  }

  // A path of this host, or an address on one of the origins this installation serves.
  function isAllowed(location) {
    if (typeof location !== "string" || /[\u0000-\u0020\u007f\\]/.test(location)) return false;
    if (location.startsWith("/")) return !location.startsWith("//");
    try {
      const url = new URL(location);
      return !url.username && !url.password && origins.includes(url.origin);
    } catch {
      return false;
    }
  }

  function leave(location, text) {
    isOver = true;
    say("ended", text);
    window.location.replace(isAllowed(location) ? location : window.location.href);
  }

  function take(answer) {
    switch (answer.state) {
      case "waiting":
        failures = 0;
        say("asking", "Checking every few seconds whether you have access.");
        return;
      case "ready":
        leave(answer.location, "You have access now. Taking you there…");
        return;
      case "signed_out":
        leave(answer.location, "You are signed out. Taking you to the sign-in page…");
        return;
      case "disabled":
        isOver = true;
        say("ended", "This account has been switched off. Please contact support.");
        return;
      default:
        throw new Error("unknown state");
    }
  }

  function pause() {
    clearTimeout(timer);
    timer = 0;
  }

  function schedule() {
    pause();
    if (isOver || document.hidden) return;
    timer = setTimeout(ask, Math.min(INTERVAL_MS * 2 ** failures, LONGEST_WAIT_MS));
  }

  async function ask() {
    if (isOver || isAsking) return;
    pause();
    isAsking = true;
    const limit = new AbortController();
    const limitTimer = setTimeout(() => limit.abort(), REQUEST_LIMIT_MS);
    try {
      const response = await fetch(box.dataset.statusUrl, {
        credentials: "same-origin",
        mode: "same-origin",
        redirect: "error",
        cache: "no-store",
        headers: { Accept: "application/json" },
        signal: limit.signal,
      });
      if (!response.ok) throw new Error("status " + response.status);
      take(await response.json());
    } catch {
      failures = Math.min(failures + 1, 8);
      // One lost answer is nothing to worry anybody with.
      if (failures > 1) say("trouble", "The connection is interrupted. We keep trying; there is nothing you need to do.");
    } finally {
      clearTimeout(limitTimer);
      isAsking = false;
      schedule();
    }
  }

  document.addEventListener("visibilitychange", () => (document.hidden ? pause() : ask()));
  window.addEventListener("online", ask);
  // Restored from the back/forward cache, after having left or not: ask again.
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    isOver = false;
    ask();
  });
  ask();
})();
