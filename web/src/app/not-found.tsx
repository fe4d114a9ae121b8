import { type ErrorComponentProps, Link, useRouter } from "@tanstack/react-router";
import { wordsOf } from "@/lib/client";
import { Button, buttonClass, Nowhere, Pet } from "@/ui";

export function NotFound() {
  return (
    <Nowhere>
      <Link to="/" className={buttonClass("primary")}>
        Back to the camp
      </Link>
    </Nowhere>
  );
}

export function Failed({ error }: ErrorComponentProps) {
  const router = useRouter();
  return (
    <div role="alert" className="grid justify-items-center gap-4 py-12 text-center">
      <Pet stage="young" mood="asleep" size={180} />
      <h1 className="font-display text-3xl">Something stumbled</h1>
      <p className="max-w-prose text-ink-2">{wordsOf(error)}</p>
      <Button onClick={() => void router.invalidate()}>Try again</Button>
    </div>
  );
}
