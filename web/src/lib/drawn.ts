/** What may wait until something else is on the screen. */
import { useEffect, useState } from "react";

const FRAME_MS = 200;

/** Once what has changed so far is on the screen; where nothing is drawn, a moment later. */
export const drawn = (): Promise<void> =>
  new Promise((resolve) => {
    requestAnimationFrame(() => setTimeout(resolve));
    setTimeout(resolve, FRAME_MS);
  });

/** Whether what was first shown with this is on the screen: then the rest may follow, in one go. */
export function useDrawn(): boolean {
  const [done, setDone] = useState(false);
  useEffect(() => {
    let gone = false;
    void drawn().then(() => gone || setDone(true));
    return () => {
      gone = true;
    };
  }, []);
  return done;
}
