/** Confetti in the upper third. Loaded only when there is something to celebrate. */
import confetti from "canvas-confetti";

const COLOURS = ["#0f7c70", "#ffcb47", "#c8412b", "#6a45d8", "#1f87c9"];

/** One burst over `host`: a dialog is above the page, so its confetti has to be in it. */
export async function burst(big = false, host: Element = document.body): Promise<void> {
  if (host.querySelector(":scope > .confetti")) return;
  const canvas = document.createElement("canvas");
  canvas.className = "confetti";
  canvas.setAttribute("aria-hidden", "true");
  host.append(canvas);
  // The default cannon starts a worker from a blob, which the policy refuses.
  const cannon = confetti.create(canvas, { resize: true, useWorker: false, disableForReducedMotion: true });
  await cannon({
    particleCount: big ? 130 : 70,
    spread: big ? 120 : 80,
    startVelocity: big ? 38 : 26,
    origin: { x: 0.5, y: big ? 0.35 : 0.12 },
    ticks: 130,
    gravity: 0.9,
    scalar: 0.85,
    colors: COLOURS,
  });
  canvas.remove();
}
