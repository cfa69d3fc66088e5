// Tells the app's own pages, which have the same origin as this one, that somebody has signed on, and goes.
"use strict";

(function () {
  if ("BroadcastChannel" in window) {
    const channel = new BroadcastChannel("anteroom");
    channel.postMessage("anteroom:signed-on");
    channel.close();
  }
  window.close();
})();
