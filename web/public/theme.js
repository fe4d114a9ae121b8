// Runs before the first paint, so that a dark page never flashes light.
(function () {
  var chosen = null;
  try {
    chosen = localStorage.getItem("questhall.theme");
  } catch (_) {
    /* storage is off: the system's wish holds */
  }
  if (chosen !== "dark" && chosen !== "light") chosen = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  document.documentElement.dataset.theme = chosen;
})();
