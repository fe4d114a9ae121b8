/** Rewards fly from where they were earned to the purse. */
import type { Gain } from "./moments";

const MOST = 6;
const FLIGHT_MS = 750;
const PAUSE_MS = 1_500;

const still = (): boolean => matchMedia("(prefers-reduced-motion: reduce)").matches;

function originOf(questId: string | null): DOMRect | null {
  const place = questId ? document.querySelector(`[data-quest="${CSS.escape(questId)}"]`) : null;
  return (place ?? document.querySelector("[data-toast]") ?? document.querySelector("[data-hero]"))?.getBoundingClientRect() ?? null;
}

let lastFlight = -Infinity;

export function flyToPurse(gains: Gain[], questId: string | null): void {
  const now = performance.now();
  if (now - lastFlight < PAUSE_MS || still() || document.hidden) return;
  lastFlight = now;
  const start = originOf(questId);
  if (!start) return;
  let flown = 0;
  for (const currency of new Set(gains.map((gain) => gain.currency))) {
    const target = document.querySelector(`[data-purse="${CSS.escape(currency)}"]`);
    const icon = target?.querySelector("svg, img");
    if (!target || !icon) continue;
    const end = icon.getBoundingClientRect();
    const amount = gains.filter((gain) => gain.currency === currency).reduce((sum, gain) => sum + gain.amount, 0);
    for (let n = 0; n < Math.min(3, Math.max(1, Math.ceil(amount / 20))) && flown < MOST; n++, flown++) fly(icon, start, end, n, target);
  }
}

function fly(icon: Element, start: DOMRect, end: DOMRect, n: number, target: Element): void {
  const piece = icon.cloneNode(true) as HTMLElement;
  piece.setAttribute("aria-hidden", "true");
  piece.classList.add("flying");
  document.body.append(piece);
  const x = Math.min(Math.max(start.left + start.width * (0.3 + 0.2 * n), 0), innerWidth - 30);
  const y = Math.min(Math.max(start.top + start.height / 2, 60), innerHeight - 60);
  const flight = piece.animate(
    [
      { transform: `translate(${x}px, ${y}px) scale(.6)`, opacity: 0 },
      { transform: `translate(${x}px, ${y - 26}px) scale(1.5)`, opacity: 1, offset: 0.25 },
      { transform: `translate(${end.left}px, ${end.top}px) scale(.9)`, opacity: 1 },
    ],
    { duration: FLIGHT_MS, delay: n * 90, easing: "cubic-bezier(.5,0,.3,1)", fill: "backwards" },
  );
  const land = () => {
    piece.remove();
    target.animate([{ transform: "scale(1)" }, { transform: "scale(1.12)" }, { transform: "scale(1)" }], { duration: 260 });
  };
  flight.addEventListener("finish", land);
  flight.addEventListener("cancel", () => piece.remove());
}
