/** Sounds are parameters, not files. Loaded only for those who switched sound on. */
import { zzfx } from "zzfx";

const SOUNDS = {
  toast: [0.6, 0, 523, 0.02, 0.1, 0.2, 1, 1.6, 0, 0, 262, 0.06],
  level: [0.8, 0, 392, 0.03, 0.3, 0.5, 1, 1.4, 0, 0, 196, 0.1, 0.1],
};

export function chime(name: keyof typeof SOUNDS): void {
  zzfx(...SOUNDS[name]);
}
