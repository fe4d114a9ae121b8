import type { ReactNode } from "react";
import { HeroScene, Pet } from "@/ui";

/** The frame of all pages before the door: Ember beside one card. */
export function Entry({ title, words, children, stage = "young" }: { title: string; words?: ReactNode; children: ReactNode; stage?: "egg" | "shell" | "young" | "grown" }) {
  return (
    <main className="entry">
      <div className="entry-picture" aria-hidden>
        <HeroScene sun={480} className="absolute inset-0 size-full" />
        <div className="relative">
          <Pet stage={stage} mood="happy" size={220} />
        </div>
      </div>
      <div className="sticker entry-card">
        <p className="mb-3 flex items-center gap-2 font-display text-xl">
          <img src="/icon.svg" alt="" width={32} height={32} /> Questhall
        </p>
        <h1 className="font-display text-3xl leading-tight">{title}</h1>
        {words && <div className="mt-2 text-ink-2">{words}</div>}
        <div className="mt-5">{children}</div>
      </div>
    </main>
  );
}
