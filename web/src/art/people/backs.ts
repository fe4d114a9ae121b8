/** What is worn on the back. */
import { flat, INK, LINE, lit, mirror } from "../paint";
import { inked, type Paint } from "./ink";

export const BACK_PAINT: Record<string, Paint> = {
  cape: (id, hue) => lit(`${id}bk`, '<path d="M64 136C44 160 30 196 26 216C44 226 60 216 74 224C92 216 108 216 126 224C140 216 156 226 174 216C170 196 156 160 136 136z"/>', inked(hue, 64, 54)),
  wings: (_, hue) => {
    const tone = inked(hue, 70, 80);
    const wing = `${flat('<path d="M72 160C44 116 14 108 4 124C-4 142 14 164 40 170C24 176 16 192 26 204C42 212 66 194 74 172z"/>', tone.base, INK)}<path d="M64 156C46 134 28 128 18 130M62 172C48 178 38 188 34 196" fill="none" stroke="#fff" stroke-width="4" stroke-linecap="round" opacity=".85"/>`;
    return wing + mirror(wing);
  },
  pack: (id, hue) => `${lit(`${id}bk`, '<path d="M52 150C52 134 74 128 100 128S148 134 148 150L152 206H48z"/>', inked(hue, 50, 52))}${flat('<path d="M40 126H160V146H40z"/>', "#ffe2ae", INK)}<path d="M54 126V146M146 126V146" stroke="${INK}" stroke-width="3"/>`,
  shield: (id, hue) => `${lit(`${id}bk`, '<path d="M44 126C64 128 84 122 100 114C116 122 136 128 156 126C166 176 140 208 100 222C60 208 34 176 44 126z"/>', inked(hue, 60, 56))}<path d="M52 138C70 138 86 134 100 126C114 134 130 138 148 138" fill="none" stroke="#ffcb47" stroke-width="${LINE}"/>`,
};
