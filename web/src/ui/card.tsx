import { type ReactNode, useId } from "react";
import type { Mood } from "@/art";
import { Icon, Pet } from "./drawing";

interface CardProps {
  title?: ReactNode;
  /** Beside the title: a link, a button, a number. */
  action?: ReactNode;
  className?: string;
  children: ReactNode;
}

/** A sticker with a hard lower edge. */
export function Card({ title, action, className = "", children }: CardProps) {
  const id = useId();
  return (
    <section aria-labelledby={title ? id : undefined} className={`sticker min-w-0 p-5 max-sm:p-4 ${className}`}>
      {title && (
        <div className="mb-3 flex min-h-9 items-center justify-between gap-3">
          <h2 id={id} className="font-display text-2xl leading-tight">
            {title}
          </h2>
          {action}
        </div>
      )}
      {children}
    </section>
  );
}

interface PillProps {
  tone?: "plain" | "ok" | "bad" | "gold" | "xp";
  icon?: string;
  children: ReactNode;
}

export function Pill({ tone = "plain", icon, children }: PillProps) {
  return (
    <span className={`pill pill-${tone}`}>
      {icon && <Icon name={icon} size={18} />}
      {children}
    </span>
  );
}

/** Nothing here yet: the pet, what it means, and one thing to do. */
export function Empty({ title, mood = "calm", children }: { title: string; mood?: Mood; children?: ReactNode }) {
  return (
    <div className="grid justify-items-center gap-3 py-6 text-center">
      <Pet stage="young" mood={mood} size={132} />
      <p className="font-display text-xl">{title}</p>
      {children}
    </div>
  );
}
