import { ArrowDown, ArrowUp, GripVertical } from "lucide-react";
import { type PointerEvent, type ReactNode, useRef, useState } from "react";
import { moved, placeAt } from "@/lib/order";

interface Props<T extends { id: string }> {
  label: string;
  items: T[];
  nameOf: (item: T) => string;
  draw: (item: T) => ReactNode;
  onOrder: (items: T[]) => void;
  /** What a move did, for those who don't see it. */
  onSay: (words: string) => void;
  /** Instead of the list, while nothing is in it. */
  empty: string;
}

/** A short list that is put in order: by dragging the handle of a thing, or by its two buttons. */
export function SortableList<T extends { id: string }>({ label, items, nameOf, draw, onOrder, onSay, empty }: Props<T>) {
  const list = useRef<HTMLOListElement>(null);
  const [held, setHeld] = useState<string | null>(null);
  const say = (item: T, at: number) => onSay(`${nameOf(item)} is ${at + 1} of ${items.length}`);
  const move = (item: T, by: number) => {
    const from = items.indexOf(item);
    const to = Math.min(items.length - 1, Math.max(0, from + by));
    if (to !== from) onOrder(moved(items, from, to));
    say(item, to);
  };
  const grab = (event: PointerEvent, item: T) => {
    if (event.button !== 0) return;
    // The list hears the pointer from here on: what is dragged changes its place in the page, and would lose it.
    list.current?.setPointerCapture(event.pointerId);
    setHeld(item.id);
  };
  const drag = (event: PointerEvent) => {
    const from = items.findIndex((item) => item.id === held);
    if (from < 0) return;
    const others = [...(list.current?.children ?? [])].filter((_, at) => at !== from);
    const to = placeAt(event.clientY, others.map((row) => row.getBoundingClientRect()));
    if (to !== from) onOrder(moved(items, from, to));
  };
  const drop = () => {
    const at = items.findIndex((item) => item.id === held);
    const item = items[at];
    setHeld(null);
    if (item) say(item, at);
  };
  if (items.length === 0) return <p className="rounded-2xl bg-sunk p-4 text-ink-2">{empty}</p>;
  return (
    <ol ref={list} aria-label={label} className="sortable" onPointerMove={drag} onLostPointerCapture={drop}>
      {items.map((item, at) => (
        <li key={item.id} data-held={item.id === held || undefined}>
          <span className="sortable-grip" onPointerDown={(event) => grab(event, item)}>
            <GripVertical size={20} aria-hidden />
            {draw(item)}
          </span>
          <span className="min-w-0 flex-1 leading-tight font-bold wrap-anywhere">{nameOf(item)}</span>
          <button type="button" className="sortable-step" aria-label={`Move ${nameOf(item)} up`} aria-disabled={at === 0} onClick={() => move(item, -1)}>
            <ArrowUp size={20} aria-hidden />
          </button>
          <button type="button" className="sortable-step" aria-label={`Move ${nameOf(item)} down`} aria-disabled={at === items.length - 1} onClick={() => move(item, 1)}>
            <ArrowDown size={20} aria-hidden />
          </button>
        </li>
      ))}
    </ol>
  );
}
