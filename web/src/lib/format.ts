/** Numbers, times and words as people read them. */

let locale = "en";
/** Made when first needed, since each takes the browser a while: the page need not wait for those it does not show yet. */
const made = new Map<string, unknown>();

function once<F>(name: string, make: () => F): () => F {
  return () => {
    if (!made.has(name)) made.set(name, make());
    return made.get(name) as F;
  };
}

const numbers = once("numbers", () => new Intl.NumberFormat(locale));
const days = once("days", () => new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", year: "numeric" }));
const moments = once("moments", () => new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }));
const relative = once("relative", () => new Intl.RelativeTimeFormat(locale, { numeric: "auto" }));

/** How dates and numbers are written. The words of the page are English: another language's forms would not fit them. */
export function setLocale(wanted: string): void {
  locale = /^en(-[A-Z]{2})?$/.test(wanted) ? wanted : "en";
  made.clear();
}

/** What every English writes alike is written without the browser's tables. */
export const number = (amount: number): string => (Number.isInteger(amount) && Math.abs(amount) < 1000 ? String(amount) : numbers().format(amount));
export const signed = (amount: number): string => (amount > 0 ? `+${number(amount)}` : number(amount));
export const day = (time: string): string => days().format(new Date(time));
export const moment = (time: string): string => moments().format(new Date(time));
export const count = (amount: number, one: string, many = `${one}s`): string => `${number(amount)} ${amount === 1 ? one : many}`;
const WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
/** By what a date calls it: 0 is Sunday. */
export const weekday = (day: number): string => WEEKDAYS[day] ?? "";
export const words = (name: string): string => name.replaceAll("_", " ").replaceAll("-", " ");
export const title = (name: string): string => words(name).replace(/^./, (letter) => letter.toUpperCase());

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

export function ago(time: string, now: number = Date.now()): string {
  const seconds = (new Date(time).getTime() - now) / 1000;
  if (Math.abs(seconds) > 30 * 86_400) return day(time);
  for (const [unit, size] of STEPS) if (Math.abs(seconds) >= size) return relative().format(Math.round(seconds / size), unit);
  return "just now";
}

export function duration(seconds: number): string {
  for (const [unit, size] of STEPS) if (seconds >= size) return count(Math.round(seconds / size), unit);
  return count(seconds, "second");
}

const NAMES: Record<string, string> = { xp: "XP", coins: "coins", gems: "gems", guild_tokens: "guild tokens" };
/** How a currency is called within a sentence; `given` is the name of one that was added later. */
export const currencyName = (code: string, given?: string): string => NAMES[code] ?? given ?? words(code);

/** A reward in a few words: "+50 XP, +10 coins". */
export function rewardWords(currencies: Record<string, number> = {}): string {
  return Object.entries(currencies)
    .filter(([, amount]) => amount > 0)
    .map(([code, amount]) => `+${number(amount)} ${currencyName(code)}`)
    .join(", ");
}

const SOURCES: Record<string, string> = {
  "mint:quests": "Quest",
  "mint:achievements": "Badge",
  "mint:levels": "Level",
  "mint:grants": "Gift of an admin",
  "sink:store": "Bazaar",
  "sink:debt": "Debt",
};
export const sourceName = (source: string): string => SOURCES[source] ?? title(source.split(":").pop() ?? source);
