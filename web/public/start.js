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
  // What a page reads first, by its path, word for word as its query asks.
  var READS = {
    "/quests": ["/quests?limit=60"],
    "/badges": ["/achievements?limit=100"],
    "/wallet": ["/me/balances", "/me/transactions?limit=25"],
    "/history": ["/me/history?limit=30"],
  };
  // By the first part of the path, as the build names the page's chunks; in development there are none.
  var chunks = JSON.parse(document.currentScript.dataset.chunks || "{}")[location.pathname.split("/")[1] || "camp"];
  if (!chunks) return;
  ["/me", "/services"].concat(READS[location.pathname] || []).forEach(function (read) {
    hint("preload", "/api/v1" + read, "fetch");
  });
  chunks.forEach(function (chunk) {
    hint("modulepreload", chunk);
  });
})();
