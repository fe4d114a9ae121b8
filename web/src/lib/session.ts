/** State of the page itself: theme, quiet mode, connection. Data of the server lives in queries. */
import { create } from "zustand";

export type Theme = "light" | "dark";
export type Connection = "connecting" | "live" | "away";

interface Session {
  theme: Theme;
  quiet: boolean;
  sound: boolean;
  hideStreaks: boolean;
  connection: Connection;
  setTheme: (theme: Theme) => void;
  setQuiet: (quiet: boolean) => void;
  setSound: (sound: boolean) => void;
  setHideStreaks: (hideStreaks: boolean) => void;
  setConnection: (connection: Connection) => void;
}

function keep(name: string, value: string): void {
  try {
    localStorage.setItem(`questhall.${name}`, value);
  } catch {
    // Storage is off: the wish holds until the page closes.
  }
}

export const useSession = create<Session>()((set) => ({
  theme: globalThis.document?.documentElement.dataset.theme === "dark" ? "dark" : "light",
  quiet: false,
  sound: false,
  hideStreaks: false,
  connection: "connecting",
  setTheme: (theme) => {
    document.documentElement.dataset.theme = theme;
    document.querySelector('meta[name="theme-color"]')?.setAttribute("content", theme === "dark" ? "#171029" : "#fff6e6");
    keep("theme", theme);
    set({ theme });
  },
  setQuiet: (quiet) => set({ quiet }),
  setSound: (sound) => set({ sound }),
  setHideStreaks: (hideStreaks) => set({ hideStreaks }),
  setConnection: (connection) => set({ connection }),
}));
