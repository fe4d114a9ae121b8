// Runs before the first paint, so that a dark page never flashes light, and before the page's own script, so that what
// this address will need is on its way while that one loads.
(function () {
  var chosen = null;
  try {
    chosen = localStorage.getItem("questhall.theme");
  } catch (_) {
    /* storage is off: the system's wish holds */
  }
  if (chosen !== "dark" && chosen !== "light") chosen = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  document.documentElement.dataset.theme = chosen;

  function hint(rel, href, as) {
    var link = document.createElement("link");
    link.rel = rel;
    link.href = href;
    link.crossOrigin = "anonymous";
    if (as) link.as = as;
    document.head.append(link);
  }
  // By the first part of the path, as the build names the page's chunks; in development there are none.
  var chunks = JSON.parse(document.currentScript.dataset.chunks || "{}")[location.pathname.split("/")[1] || "camp"];
  if (!chunks) return;
  hint("preload", "/api/v1/me", "fetch");
  hint("preload", "/api/v1/services", "fetch");
  chunks.forEach(function (chunk) {
    hint("modulepreload", chunk);
  });
})();
