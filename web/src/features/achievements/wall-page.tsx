import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useDeferredValue, useState } from "react";
import { wordsOf } from "@/lib/client";
import { count, title } from "@/lib/format";
import type { Achievement } from "@/lib/types";
import { Bar, Button, buttonClass, Card, Empty, Input, Select, Skeleton, Trouble } from "@/ui";
import { BadgeTile } from "./badge-tile";
import { wallQuery } from "./queries";
import { earned, RARITIES, wrapped } from "./words";

const CATEGORIES = ["milestone", "streak", "mastery", "social", "special"];

export function WallPage({ author }: { author: boolean }) {
  const [q, setQ] = useState("");
  const [category, setCategory] = useState("");
  const [has, setHas] = useState("");
  const [rarity, setRarity] = useState("");
  const [status, setStatus] = useState("");
  const search = useDeferredValue(q);
  const clear = () => {
    for (const set of [setQ, setCategory, setHas, setRarity, setStatus]) set("");
  };
  const everything = useInfiniteQuery(wallQuery({}));
  const { data, isPending, error, refetch, hasNextPage, fetchNextPage } = useInfiniteQuery({ ...wallQuery({ category, earned: has, status, q: search }), placeholderData: keepPreviousData });
  const all = everything.data?.pages.flatMap((page) => page.items) ?? [];
  const shown = (data?.pages.flatMap((page) => page.items) ?? []).filter((badge) => !rarity || badge.rarity === rarity);
  const mine = all.filter(earned).length;
  // What can be opened first, then what is closest, then by category.
  const order = (badge: Achievement) => (wrapped(badge) ? -2 : earned(badge) ? -1 : 0) * 100 - (badge.mine?.fraction ?? 0) * 10 + CATEGORIES.indexOf(badge.category);
  const sorted = [...shown].sort((one, other) => order(one) - order(other));
  return (
    <>
      <div className="page-head">
        <h1 className="page-title">Badges</h1>
        <div className="flex flex-wrap gap-3">
          <Link to="/badges/board" className={buttonClass("plain")}>
            Rare board
          </Link>
          {author && (
            <Link to="/badges/new" className={buttonClass("primary")}>
              Make a badge
            </Link>
          )}
        </div>
      </div>
      <div className="mb-4 flex max-w-xl items-center gap-3">
        <div className="min-w-0 flex-1">
          <Bar value={all.length > 0 ? mine / all.length : 0} label={`${mine} of ${all.length} badges earned`} tone="gold" />
        </div>
        <p className="font-bold tabular-nums">
          {mine} of {all.length}
        </p>
      </div>
      <search className="filters">
        <Input type="search" aria-label="Search badges" placeholder="Search" value={q} onChange={(event) => setQ(event.target.value)} />
        <Select aria-label="Category" value={category} onChange={(event) => setCategory(event.target.value)}>
          <option value="">Any category</option>
          {CATEGORIES.map((value) => (
            <option key={value} value={value}>
              {title(value)}
            </option>
          ))}
        </Select>
        <Select aria-label="Rarity" value={rarity} onChange={(event) => setRarity(event.target.value)}>
          <option value="">Any rarity</option>
          {Object.entries(RARITIES).map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </Select>
        <Select aria-label="Earned" value={has} onChange={(event) => setHas(event.target.value)}>
          <option value="">Earned or not</option>
          <option value="true">Earned</option>
          <option value="false">Still to earn</option>
        </Select>
        {author && (
          <Select aria-label="Published or draft" value={status} onChange={(event) => setStatus(event.target.value)}>
            <option value="">Published</option>
            <option value="draft">Drafts</option>
            <option value="archived">Archived</option>
          </Select>
        )}
      </search>
      <p role="status" className="sr-only">
        {isPending ? "Loading" : count(shown.length, "badge")}
      </p>
      {error && !data && <Trouble words={wordsOf(error)} again={() => void refetch()} />}
      {isPending && <Skeleton height={640} />}
      {!isPending && !error && shown.length === 0 && <Empty title="No badge fits" mood="curious"><Button variant="plain" onClick={clear}>Show all badges</Button></Empty>}
      {sorted.length > 0 && (
        <Card>
          <ul className="wall">
            {sorted.map((badge) => (
              <BadgeTile key={badge.id} badge={badge} />
            ))}
          </ul>
        </Card>
      )}
      {hasNextPage && (
        <Button variant="plain" onClick={() => void fetchNextPage()}>
          Show more
        </Button>
      )}
    </>
  );
}
