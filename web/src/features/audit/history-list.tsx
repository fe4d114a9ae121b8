import { Link } from "@tanstack/react-router";
import { ago, moment } from "@/lib/format";
import type { HistoryItem } from "@/lib/types";
import { Icon } from "@/ui";

const WHY = new Set(["transaction", "badge", "level"]);

function Target({ item }: { item: HistoryItem }) {
  if (!item.link) return null;
  const { kind, id } = item.link;
  if (kind === "quest")
    return (
      <Link to="/quests/$id" params={{ id }} className="why-link">
        Open<span className="sr-only">: {item.text}</span>
      </Link>
    );
  if (WHY.has(kind))
    return (
      <Link to="/why/$kind/$id" params={{ kind, id }} className="why-link">
        Why?<span className="sr-only"> {item.text}</span>
      </Link>
    );
  return null;
}

/** What happened, in plain words. */
export function HistoryList({ items, links = true }: { items: HistoryItem[]; links?: boolean }) {
  return (
    <ol className="divide-y-2 divide-sunk">
      {items.map((item) => (
        <li key={item.id} className="flex items-center gap-3 py-2.5">
          <Icon name={item.icon || "sparkles"} size={32} />
          <div className="min-w-0 flex-1">
            <p className="font-bold wrap-anywhere">{item.text}</p>
            <p className="text-sm text-ink-2">
              {item.detail && <>{item.detail.replace(/\.$/, "")}, </>}
              <time dateTime={item.time} title={moment(item.time)}>
                {ago(item.time)}
              </time>
            </p>
          </div>
          {links && <Target item={item} />}
        </li>
      ))}
    </ol>
  );
}
