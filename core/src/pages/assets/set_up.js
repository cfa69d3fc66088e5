// A set-up link's secret stands behind '#', which no server is sent. It goes into the form, and out of the address. Without scripts, people
// paste it.
"use strict";

(function () {
  const field = document.getElementById("code");
  function take() {
    const code = window.location.hash.slice(1);
    if (!field || code === "") return;
    field.value = code;
    history.replaceState(null, "", window.location.pathname);
    document.querySelector("[data-by-hand]").hidden = true;
    document.querySelector("main form button").focus();
  }
  take();
  window.addEventListener("hashchange", take);  // another link, pasted over this one
})();
