import { X } from "lucide-react";
import { useEffect, useState } from "react";
import { BadgeArt, Icon } from "@/ui";
import type { Rarity } from "@/lib/types";
import { dismissToast, useCelebrations } from "./celebrate";
import type { Toast } from "./ladder";

const LIFE_MS = 6_000;

function Art({ toast }: { toast: Toast }) {
  if (toast.kind === "badge") return <BadgeArt icon={toast.icon ?? "star"} rarity={(toast.rarity ?? "common") as Rarity} size={52} />;
  return <Icon name={toast.icon ?? (toast.kind === "problem" ? "warning" : "sparkles")} size={40} />;
}

const Words = ({ toast }: { toast: Toast }) => (
  <span className="block min-w-0 flex-1">
    <span className="block font-bold">{toast.title}</span>
    {toast.detail && <span className="block text-sm text-ink-2 first-letter:uppercase">{toast.detail}</span>}
  </span>
);

function Card({ toast, go }: { toast: Toast; go: (to: string) => void }) {
  const [held, setHeld] = useState(false);
  useEffect(() => {
    if (held) return;
    const timer = setTimeout(() => dismissToast(toast.id), LIFE_MS);
    return () => clearTimeout(timer);
  }, [held, toast.id, toast.count]);
  const { to } = toast;
  return (
    <li
      data-toast={toast.kind}
      className="toast pointer-events-auto flex items-center gap-3 rounded-[18px] border-2 border-edge bg-card p-3 pr-2 text-ink"
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      <span className="shrink-0">
        <Art toast={toast} />
      </span>
      {to ? (
        <button
          type="button"
          className="flex min-h-11 min-w-0 flex-1 items-center gap-3 rounded-xl text-left"
          onClick={() => {
            dismissToast(toast.id);
            go(to);
          }}
        >
          <Words toast={toast} />
          <span className="px-2 text-sm font-bold text-primary underline underline-offset-4 max-sm:sr-only">Look</span>
        </button>
      ) : (
        <Words toast={toast} />
      )}
      <button type="button" className="grid size-11 shrink-0 place-items-center rounded-xl" aria-label={`Close: ${toast.title}`} onClick={() => dismissToast(toast.id)}>
        <X size={18} aria-hidden />
      </button>
    </li>
  );
}

/** Toasts: at most three, politely announced, below the purse on a phone. */
export function Toaster({ go }: { go: (to: string) => void }) {
  const toasts = useCelebrations((state) => state.toasts);
  const bursts = useCelebrations((state) => state.bursts);
  useEffect(() => {
    if (bursts > 0) void import("./confetti").then(({ burst }) => burst());
  }, [bursts]);
  return (
    <section aria-label="News" aria-live="polite" aria-relevant="additions text" className="toaster pointer-events-none fixed z-50">
      <ol className="grid gap-2">
        {toasts.slice(-3).map((toast) => (
          <Card key={toast.id} toast={toast} go={go} />
        ))}
      </ol>
    </section>
  );
}
