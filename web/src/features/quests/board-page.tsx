import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useDeferredValue, useState } from "react";
import { wordsOf } from "@/lib/client";
import { count, title } from "@/lib/format";
import { buttonClass, Button, Empty, Input, Select, Skeleton, Trouble } from "@/ui";
import { OFFERED_KINDS } from "./progress";
import { boardQuery } from "./queries";
import { QuestCard } from "./quest-card";

const STATES = { "": "Any state", available: "Open", in_progress: "Under way", completed: "Done", cooling_down: "Resting", locked: "Locked" };

/** The quest board. `author` shows the way to the forms. */
export function BoardPage({ author }: { author: boolean }) {
  const [q, setQ] = useState("");
  const [kind, setKind] = useState("");
  const [category, setCategory] = useState("");
  const [state, setState] = useState("");
  const [status, setStatus] = useState("");
  const search = useDeferredValue(q);
  const { data, isPending, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({ ...boardQuery({ kind, category, state, status, q: search }), placeholderData: keepPreviousData });
  const everything = useInfiniteQuery(boardQuery({}));
  const categories = [...new Set(everything.data?.pages.flatMap((page) => page.items.map((quest) => quest.category)) ?? [])].sort();
  const quests = data?.pages.flatMap((page) => page.items) ?? [];
  const clear = () => {
    setQ("");
    setKind("");
    setCategory("");
    setState("");
    setStatus("");
  };
  return (
    <>
      <div className="page-head">
        <h1 className="page-title">Quests</h1>
        {author && (
          <Link to="/quests/new" className={buttonClass("primary")}>
            Write a quest
          </Link>
        )}
      </div>
      <search className="filters">
        <Input type="search" aria-label="Search quests" placeholder="Search" value={q} onChange={(event) => setQ(event.target.value)} />
        <Select aria-label="Kind" value={kind} onChange={(event) => setKind(event.target.value)}>
          <option value="">Any kind</option>
          {OFFERED_KINDS.map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </Select>
        <Select aria-label="Category" value={category} onChange={(event) => setCategory(event.target.value)}>
          <option value="">Any category</option>
          {categories.map((value) => (
            <option key={value} value={value}>
              {title(value)}
            </option>
          ))}
        </Select>
        <Select aria-label="State" value={state} onChange={(event) => setState(event.target.value)}>
          {Object.entries(STATES).map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
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
        {isPending ? "Loading" : count(quests.length, "quest")}
      </p>
      {error && <Trouble words={wordsOf(error)} again={() => void refetch()} />}
      {isPending && (
        <div className="cards">
          {[1, 2, 3, 4, 5, 6].map((n) => (
            <Skeleton key={n} height={212} />
          ))}
        </div>
      )}
      {!isPending && !error && quests.length === 0 && (
        <Empty title="No quest fits" mood="curious">
          <p>Ember looked behind every tree.</p>
          <Button variant="plain" onClick={clear}>
            Show all quests
          </Button>
        </Empty>
      )}
      <ul className="cards">
        {quests.map((quest) => (
          <QuestCard key={quest.id} quest={quest} />
        ))}
      </ul>
      {hasNextPage && (
        <Button variant="plain" className="mt-5" busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          Show more
        </Button>
      )}
    </>
  );
}
