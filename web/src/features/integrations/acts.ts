import { number, title } from "@/lib/format";
import { HAPPENINGS } from "@/lib/happenings";

const KINDS_MAX = 3;

/** `github.pull_request.merged` as people say it. */
const kindName = (kind: string): string => HAPPENINGS.find((one) => one.kind === kind)?.label ?? title(kind.replace(/^github\./, "").replaceAll(".", " "));

/** What acts a delivery told of: each kind once, with how often if it was more than once, the most frequent first. */
export function actsSaid(kinds: readonly string[]): string {
  const times = new Map<string, number>();
  for (const kind of kinds) times.set(kind, (times.get(kind) ?? 0) + 1);
  const said = [...times].sort((one, other) => other[1] - one[1]).map(([kind, n]) => (n > 1 ? `${kindName(kind)} × ${number(n)}` : kindName(kind)));
  const more = said.length - KINDS_MAX;
  return more > 0 ? `${said.slice(0, KINDS_MAX).join(", ")} and ${more} more` : said.join(", ");
}
