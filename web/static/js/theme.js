// Runs before the first paint, so that nobody sees the wrong colours flash by. "auto" follows the system.
"use strict";
(function () {
  let chosen = "auto";
  try { chosen = localStorage.getItem("theme") || "auto"; } catch { /* storage is off: follow the system */ }
  if (chosen === "dark" || chosen === "light") document.documentElement.dataset.theme = chosen;
})();
