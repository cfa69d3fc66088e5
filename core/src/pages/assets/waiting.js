// Asks whether access has been given, and goes on as soon as it has: whenever the server says that
// something has changed, or every two seconds where it cannot say so. Without scripts, the page
// refreshes itself.
"use strict";

(function () {
  const INTERVAL_MS = 2000;
  const LONGEST_WAIT_MS = 30000;
  const REQUEST_LIMIT_MS = 10000;
  const STREAM_PAUSE_MS = 30000;

  const box = document.querySelector("[data-waiting]");
  const line = document.querySelector("[data-waiting-text]");
  if (!box || !line || !box.dataset.statusUrl) return;

  // It shows life this often; one that comes late is not missed, two are.
  const streamSilenceMs = 2000 * (Number(box.dataset.heartbeat) || 55) + 40000;
  const origins = (box.dataset.origins || "").split(" ").filter(Boolean);
  let failures = 0;
  let timer = 0;
  let isAsking = false;
  let isStale = false; // told of a change while asking
  let isOver = false;
  let stream = null;
  let isStreaming = false;
  let streamTimer = 0;
  let noStreamBefore = 0;

  // The words are the page's own. Screen readers announce every change: say only what is new.
  function say(state, text) {
    box.dataset.waiting = state;
    if (text && line.textContent !== text) line.textContent = text;
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
    hangUp();
    say("ended", text);
    // What stood behind the "#" of the page that was asked for has come along so far.
    window.location.replace(isAllowed(location) ? location + window.location.hash : window.location.href);
  }

  function reload() {
    isOver = true;
    hangUp();
    window.location.reload();
  }

  function take(answer) {
    switch (answer.state) {
      case "waiting":
        failures = 0;
        say("asking", box.dataset.sayAsking);
        // A request for this person was filed, decided or withdrawn: the page tells of it.
        if ((answer.news || "") !== (box.dataset.news || "")) reload();
        return;
      case "ready":
        leave(answer.location, box.dataset.sayReady);
        return;
      case "signed_out":
        leave(answer.location, box.dataset.saySignedOut);
        return;
      case "disabled":
        isOver = true;
        hangUp();
        say("ended", box.dataset.sayDisabled);
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
    if (isOver || document.hidden || (isStreaming && failures === 0)) return;
    timer = setTimeout(ask, Math.min(INTERVAL_MS * 2 ** failures, LONGEST_WAIT_MS));
  }

  function hangUp() {
    clearTimeout(streamTimer);
    if (stream) stream.close();
    stream = null;
    isStreaming = false;
  }

  // A stream that has fallen silent may be dead without anybody having said so.
  function isAlive() {
    clearTimeout(streamTimer);
    streamTimer = setTimeout(() => {
      hangUp();
      ask();
    }, streamSilenceMs);
  }

  function listen() {
    const now = Date.now();
    if (stream || isOver || document.hidden || !box.dataset.streamUrl || now < noStreamBefore) return;
    noStreamBefore = now + STREAM_PAUSE_MS;
    stream = new EventSource(box.dataset.streamUrl);
    stream.addEventListener("open", () => {
      isStreaming = true;
      isAlive();
      ask(); // what has changed before that was not heard
    });
    stream.addEventListener("changed", () => {
      isAlive();
      ask();
    });
    stream.addEventListener("alive", isAlive);
    stream.addEventListener("error", () => {
      if (stream && stream.readyState === EventSource.CLOSED) hangUp();
      isStreaming = false;
      if (!timer && !isAsking) schedule();
    });
  }

  async function ask() {
    if (isOver) return;
    if (isAsking) {
      isStale = true;
      return;
    }
    pause();
    isAsking = true;
    isStale = false;
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
      const answer = await response.json();
      if (!isOver) take(answer);
    } catch {
      failures = Math.min(failures + 1, 8);
      // One lost answer is nothing to worry anybody with.
      if (failures > 1) say("trouble", box.dataset.sayTrouble);
    } finally {
      clearTimeout(limitTimer);
      isAsking = false;
      if (isStale) {
        ask();
      } else {
        listen();
        schedule();
      }
    }
  }

  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) {
      ask();
      return;
    }
    // Nobody looks: a browser has few connections to a site, and other tabs need them.
    pause();
    hangUp();
    noStreamBefore = 0;
  });
  // Whoever signs out goes where that leads: the end of the session is no news to them.
  document.addEventListener("submit", () => {
    isOver = true;
    pause();
    hangUp();
  });
  window.addEventListener("online", ask);
  window.addEventListener("pagehide", hangUp);
  // Restored from the back/forward cache, after having left or not: ask again.
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    isOver = false;
    ask();
  });
  ask();
})();
