// For pages of the app behind the gate. Says when the session is about to end and when it has ended, keeps it going when told
// to, and has people sign on again in a window of its own. It asks when something is due, not all the time, and asking is no
// use of the session.
//
//   <script src="/auth/session.js" data-warn-before="120" defer></script>
//
// window.anteroom: session(), touch(), signOn(), each a promise of what GET /auth/session answers, or of null where nobody is
// signed in.
// Events of window: "anteroom:expiring" (detail: seconds, kind "idle" or "lifetime"), "anteroom:signed-out", "anteroom:signed-on".
"use strict";

(function () {
  const script = document.currentScript;
  const base = new URL(".", script.src);
  const warnBefore = Number(script.dataset.warnBefore) || 120;
  const LONGEST_S = 86400; // browsers' timers are of 24.8 days at most
  const RETRY_S = 60;
  const channel = "BroadcastChannel" in window ? new BroadcastChannel("anteroom") : null;
  const waiting = []; // for somebody to sign on
  let timer = 0;
  let isWarned = false;
  let isSignedIn = null; // not known yet

  function tell(name, detail) {
    window.dispatchEvent(new CustomEvent(name, { detail }));
  }

  function later(seconds) {
    clearTimeout(timer);
    timer = setTimeout(look, Math.min(Math.max(seconds, 1), LONGEST_S) * 1000);
  }

  function take(session) {
    if (!session) {
      clearTimeout(timer);
      if (isSignedIn !== false) tell("anteroom:signed-out", {});
      isSignedIn = false;
      return null;
    }
    isSignedIn = true;
    const left = Math.min(session.expires_in, session.idle_in);
    if (left > warnBefore) {
      isWarned = false;
      later(left - warnBefore);
    } else {
      if (!isWarned) {
        tell("anteroom:expiring", { seconds: left, kind: session.idle_in < session.expires_in ? "idle" : "lifetime" });
      }
      isWarned = true;
      later(left + 1);
    }
    return session;
  }

  async function ask(method) {
    const answer = await fetch(new URL("session", base), {
      method,
      credentials: "same-origin",
      cache: "no-store",
      headers: { Accept: "application/json" },
    });
    if (answer.status === 401) return take(null);
    if (!answer.ok) throw new Error(`session: ${answer.status}`);
    return take(await answer.json());
  }

  function look() {
    ask("GET").catch(() => later(RETRY_S)); // away for a while: the session may go on
  }

  function signedOn() {
    const had = waiting.splice(0);
    ask("GET").then(
      (session) => {
        if (session) tell("anteroom:signed-on", session);
        for (const { resolve } of had) resolve(session);
      },
      (error) => {
        for (const { reject } of had) reject(error);
      },
    );
  }

  // From a click: browsers let nothing else open a window.
  function signOn() {
    return new Promise((resolve, reject) => {
      if (!window.open(new URL("signed-on", base), "_blank", "popup,width=520,height=720")) {
        reject(new Error("the browser has blocked the window"));
        return;
      }
      waiting.push({ resolve, reject });
    });
  }

  if (channel) {
    channel.addEventListener("message", (event) => {
      if (event.data === "anteroom:signed-on") signedOn();
    });
  }
  // A page that the browser has kept and shows again, as after Back, may be of somebody who has signed out meanwhile.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) ask("GET").then((session) => session || window.location.reload(), () => later(RETRY_S));
  });
  // Timers sleep with the computer, and other tabs use the session as well.
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) look();
  });
  window.anteroom = { session: () => ask("GET"), touch: () => ask("POST"), signOn };
  look();
})();
