/** The one WebSocket of a tab: subscribes `me`, recovers by cursor after a gap, batches what arrives by frame. */
import ReconnectingWebSocket from "partysocket/ws";
import type { Message } from "./live";
import { useSession } from "./session";

export interface Listener {
  /** Messages of one frame, oldest first; `missed` of them arrived while the connection was away. */
  messages: (batch: Message[], missed: boolean) => void;
  /** What was missed is more than the server kept: read everything again. */
  reload: () => void;
  /** The server ended the connection with its session. */
  ended: () => void;
}

const SESSION_ENDED = 4401;

const PING_MS = 25_000;
const GULP_MS = 120;
// An act and what follows from it come within some frames: each is shown with its own.
const PROMPT_FRAMES = 4;
// Between two pongs and 20 s more.
const MISSED_AFTER_MS = PING_MS + 20_000;
const CATCH_UP_MS = 5_000;

/** Where a channel stood when its connection came back: what was said until then was missed. */
interface Gap {
  until: string;
  since: number;
}

interface Frame {
  type: string;
  cursor?: string;
  channel?: string;
  recovered?: boolean;
  reload?: boolean;
}

const keyOf = (userId: string) => `questhall.cursors.${userId}`;

/** Where this tab heard up to, also before it was loaded again: what was said since then covers all that this page reads. */
function rememberedCursors(userId: string): Map<string, string> {
  try {
    return new Map(Object.entries(JSON.parse(sessionStorage.getItem(keyOf(userId)) ?? "{}") as Record<string, string>));
  } catch {
    return new Map();
  }
}

function rememberCursors(userId: string, cursors: Map<string, string>): void {
  try {
    sessionStorage.setItem(keyOf(userId), JSON.stringify(Object.fromEntries(cursors)));
  } catch {
    // Storage is off: after a reload everything is read twice.
  }
}

/** Opens it; the answer closes it. */
export function openSocket(userId: string, channels: string[], listener: Listener): () => void {
  const url = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/v1/ws`;
  const socket = new ReconnectingWebSocket(url, [], { minReconnectionDelay: 400, maxReconnectionDelay: 8_000, connectionTimeout: 6_000 });
  const cursors = rememberedCursors(userId);
  const session = useSession.getState();
  let waiting: { message: Message; missed: boolean }[] = [];
  const gaps = new Map<string, Gap>();
  // Loaded anew: the page was not there, however short that was. By this machine's clock alone: the server's may differ.
  let lastHeard = -Infinity;
  let silence = 0;
  let frame = 0;
  let flushed = -Infinity;
  let prompt = PROMPT_FRAMES;
  let closed = false;
  let heard = false;
  // Whether no connection was to be had at first: then the page's reads may have been answered from what is kept offline.
  let stumbled = false;

  const flush = () => {
    frame = 0;
    prompt = performance.now() - flushed > GULP_MS * PROMPT_FRAMES ? PROMPT_FRAMES : prompt - 1;
    flushed = performance.now();
    const batch = waiting;
    waiting = [];
    rememberCursors(userId, cursors);
    for (const missed of [true, false]) {
      const messages = batch.filter((one) => one.missed === missed).map((one) => one.message);
      if (messages.length > 0) listener.messages(messages, missed);
    }
  };
  const wasMissed = (message: Message): boolean => {
    const gap = gaps.get(message.channel);
    if (!gap) return false;
    const late = Date.now() - gap.since > CATCH_UP_MS;
    if (late || message.cursor === gap.until) gaps.delete(message.channel);
    return !late;
  };
  // The first messages are shown with the next frame; a flood is taken in gulps. Hidden tabs get no frames.
  const schedule = () => {
    if (frame !== 0) return;
    const wait = prompt > 0 ? 0 : Math.max(0, GULP_MS - (performance.now() - flushed));
    frame = document.hidden || wait > 0 ? window.setTimeout(flush, wait) : requestAnimationFrame(flush);
  };

  socket.addEventListener("open", () => {
    silence = Date.now() - lastHeard;
    for (const channel of channels) socket.send(JSON.stringify({ type: "subscribe", channel, cursor: cursors.get(channel) ?? null }));
  });
  socket.addEventListener("close", (event) => {
    if (closed) return;
    stumbled ||= !heard;
    session.setConnection(navigator.onLine ? "connecting" : "away");
    if (event.code === SESSION_ENDED) listener.ended();
  });
  socket.addEventListener("message", (event: MessageEvent) => {
    const said = JSON.parse(String(event.data)) as Frame;
    heard = true;
    lastHeard = Date.now();
    if (said.type === "message") {
      const message = said as Message;
      cursors.set(message.channel, message.cursor);
      waiting.push({ message, missed: wasMissed(message) });
      schedule();
    } else if (said.type === "subscribed") {
      if (said.recovered && said.channel && said.cursor && said.cursor !== cursors.get(said.channel) && silence > MISSED_AFTER_MS)
        gaps.set(said.channel, { until: said.cursor, since: Date.now() });
      session.setConnection("live");
      // Recovered: what was said since the cursor follows, moves it on, and is all that the page's reads can lack.
      if (said.recovered && !stumbled) return;
      // What happened between the page's reads and this moment may be in neither.
      if (!said.recovered && said.channel && said.cursor) {
        cursors.set(said.channel, said.cursor);
        rememberCursors(userId, cursors);
      }
      stumbled = false;
      listener.reload();
    }
  });
  const pings = setInterval(() => {
    if (socket.readyState === socket.OPEN) socket.send('{"type":"ping"}');
  }, PING_MS);
  const offline = () => session.setConnection("away");
  // Back before the socket noticed: it is as live as it was. If it did notice, its own end says so.
  const online = () => session.setConnection(socket.readyState === socket.OPEN ? "live" : "connecting");
  window.addEventListener("offline", offline);
  window.addEventListener("online", online);

  return () => {
    closed = true;
    clearInterval(pings);
    window.removeEventListener("offline", offline);
    window.removeEventListener("online", online);
    socket.close();
    session.setConnection("connecting");
  };
}
