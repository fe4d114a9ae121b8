/** Brings the drawings that are not in the core, once. */
import { addIcons, type Icons } from "@/art";
import moreUrl from "@/art/generated/more.json?url";

let asked = false;

export function loadMore(): void {
  if (asked) return;
  asked = true;
  void fetch(moreUrl)
    .then((answer) => answer.json() as Promise<Icons>)
    .then(addIcons)
    .catch(() => {
      asked = false;
    });
}
