import { type ReactNode } from "react";
import { Button } from "./button";
import { Pet } from "./drawing";

/** The place of what is on its way, as high as it will be: nothing jumps when it comes. */
export const Skeleton = ({ height, className = "" }: { height: number; className?: string }) => (
  <div className={`skeleton ${className}`} style={{ minHeight: height }} role="status" aria-busy>
    <span className="sr-only">Loading</span>
  </div>
);

/** What did not come, in plain words, and the way to try again. */
export function Trouble({ words, again, page = false, children }: { words: string; again?: () => void; page?: boolean; children?: ReactNode }) {
  const Heading = page ? "h1" : "p";
  return (
    <div role="alert" className="grid justify-items-center gap-3 py-6 text-center">
      <Pet stage="young" mood="curious" size={page ? 180 : 110} />
      <Heading className={page ? "font-display text-3xl" : "font-display text-xl"}>That did not work</Heading>
      <p className="max-w-prose text-ink-2">{words}</p>
      {again && (
        <Button variant="plain" onClick={again}>
          Try again
        </Button>
      )}
      {children}
    </div>
  );
}

/** An address that leads to nothing, and the way to what is there. */
export function Nowhere({ children }: { children: ReactNode }) {
  return (
    <div className="grid justify-items-center gap-4 py-12 text-center">
      <Pet stage="young" mood="calm" size={180} />
      <h1 className="font-display text-3xl">No trail leads here</h1>
      <p className="text-ink-2">Ember sniffed around and found only moss.</p>
      {children}
    </div>
  );
}
