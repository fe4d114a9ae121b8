/** Keeps the ladder's state and brings it to the page. */
import { create } from "zustand";
import type { Message } from "@/lib/live";
import { useSession } from "@/lib/session";
import { flyToPurse } from "./fly";
import { add, closeScene, dismiss, emptyLadder, show, type Ladder, type Toast } from "./ladder";
import { gainOf, sceneOf, toastOf } from "./moments";

interface Celebrations extends Ladder {
  missed: Message[];
}

export const useCelebrations = create<Celebrations>()(() => ({ ...emptyLadder, missed: [] }));

export function isTyping(): boolean {
  const focused = document.activeElement;
  if (focused instanceof HTMLInputElement) return !["checkbox", "radio", "button", "submit", "range"].includes(focused.type);
  return focused instanceof HTMLTextAreaElement || (focused instanceof HTMLElement && focused.isContentEditable);
}

let waitingForPause = false;

function afterTyping(): void {
  if (waitingForPause) return;
  waitingForPause = true;
  const look = () => {
    if (isTyping()) return;
    clearInterval(timer);
    document.removeEventListener("focusout", soon);
    waitingForPause = false;
    useCelebrations.setState((now) => show(now, performance.now()));
  };
  const soon = () => setTimeout(look, 50);
  const timer = setInterval(look, 2_000);
  document.addEventListener("focusout", soon);
}

/** What is worth a word to this player: to who hides streaks, nothing about them. */
const wanted = (messages: Message[]): Message[] => (useSession.getState().hideStreaks ? messages.filter((message) => !message.event.startsWith("streak.")) : messages);

/** Takes one frame's messages, oldest first. */
export function celebrate(messages: Message[]): void {
  const { quiet, sound } = useSession.getState();
  const batch = wanted(messages);
  const toasts = batch.map(toastOf).filter((toast) => toast !== null);
  const scenes = batch.map(sceneOf).filter((scene) => scene !== null);
  const gains = batch.map(gainOf).filter((gain) => gain !== null);
  const from = batch.find((message) => message.event === "quest.completed")?.data.quest_id;
  if (gains.length > 0 && !quiet) flyToPurse(gains, typeof from === "string" ? from : null);
  if (toasts.length === 0 && scenes.length === 0) return;
  const typing = isTyping();
  const before = useCelebrations.getState();
  // Quiet mode keeps the words and drops the show.
  useCelebrations.setState(add(before, toasts, quiet ? [] : scenes, performance.now(), typing));
  if (typing) afterTyping();
  if (sound && !quiet) void import("./sound").then(({ chime }) => chime(scenes.length > 0 ? "level" : "toast"));
}

/** What arrived while the connection was away: one sheet, no toasts. */
export function missedAll(batch: Message[]): void {
  const worth = wanted(batch).filter((message) => toastOf(message) !== null || sceneOf(message) !== null);
  if (worth.length > 0) useCelebrations.setState((now) => ({ missed: [...now.missed, ...worth] }));
}

/** When the first of what was missed happened. */
export const firstMissed = ({ missed }: { missed: Message[] }): string | null =>
  missed.reduce<string | null>((first, { time }) => (first === null || time < first ? time : first), null);
export const forgetMissed = (): void => useCelebrations.setState({ missed: [] });
export const dismissToast = (id: string): void => useCelebrations.setState((now) => dismiss(now, id));
export const endScene = (): void => useCelebrations.setState((now) => closeScene(now, performance.now()));

let own = 0;

/** Says something about what the player just did here. */
export function say(title: string, options: Partial<Toast> = {}): void {
  own += 1;
  const toast: Toast = { id: `own-${own}`, kind: "notice", title, ...options };
  useCelebrations.setState((now) => ({ toasts: [...now.toasts.filter((shown) => !shown.id.startsWith("own-")), toast] }));
}
