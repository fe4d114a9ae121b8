import { useEffect, useRef, useState } from "react";

const LENGTH_MS = 700;

/** The number on its way to `target`; at once for those who asked for less motion. */
export function useCountUp(target: number): number {
  const [shown, setShown] = useState(target);
  const from = useRef(target);
  useEffect(() => {
    const start = from.current;
    if (start === target) return;
    if (matchMedia("(prefers-reduced-motion: reduce)").matches || document.hidden) {
      from.current = target;
      setShown(target);
      return;
    }
    const began = performance.now();
    let frame = requestAnimationFrame(function step(now) {
      const part = Math.min(1, (now - began) / LENGTH_MS);
      const value = Math.round(start + (target - start) * (1 - (1 - part) ** 3));
      from.current = value;
      setShown(value);
      if (part < 1) frame = requestAnimationFrame(step);
    });
    return () => cancelAnimationFrame(frame);
  }, [target]);
  return shown;
}
