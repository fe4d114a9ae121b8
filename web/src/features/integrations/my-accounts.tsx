import { useQuery } from "@tanstack/react-query";
import { wordsOf } from "@/lib/client";
import { day } from "@/lib/format";
import { Card, Icon } from "@/ui";
import { kindOfLink } from "./kinds";
import { myLinksQuery } from "./queries";

/** Where else the player is known: what these accounts do counts here. */
export function MyAccounts() {
  const { data, error } = useQuery(myLinksQuery);
  return (
    <Card title="Linked accounts">
      {error && <p role="alert">{wordsOf(error)}</p>}
      <ul className="divide-y-2 divide-sunk">
        {data?.items.map((one) => (
          <li key={one.id} className="flex items-center gap-3 py-2">
            <Icon name={kindOfLink(one.kind).icon} size={32} />
            <p className="min-w-0 flex-1">
              <span className="font-bold wrap-anywhere">{one.account}</span>
              <span className="block text-sm text-ink-2">
                {kindOfLink(one.kind).name}, since {day(one.created_at)}
              </span>
            </p>
          </li>
        ))}
      </ul>
      {data?.items.length === 0 && <p className="text-ink-2">None yet. A manager links your GitHub name to you, and what you do there counts here.</p>}
    </Card>
  );
}
