// Copies a value that somebody has to enter elsewhere. Without scripts, they mark it themselves.
"use strict";

(function () {
  const voice = document.querySelector("[data-say]");
  if (!navigator.clipboard) return;
  for (const button of document.querySelectorAll("button[data-copy]")) {
    const value = document.getElementById(button.dataset.copy);
    const copied = button.closest("[data-copied]").dataset.copied;
    const label = button.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(value.textContent);
      for (const other of document.querySelectorAll("button[data-copy]")) other.textContent = label;
      button.textContent = copied;
      if (voice) voice.textContent = copied;
    });
  }
})();
