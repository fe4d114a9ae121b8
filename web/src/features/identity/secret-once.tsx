import { useState } from "react";
import { Button } from "@/ui";

/** A secret that is shown this once, ready to be copied. */
export function SecretOnce({ label, secret }: { label: string; secret: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(secret);
    setCopied(true);
  };
  return (
    <div role="status" className="grid gap-2 rounded-2xl border-2 border-edge bg-sunk p-4">
      <p className="font-bold">{label}: shown this once</p>
      <code className="block rounded-xl bg-card p-3 text-sm wrap-anywhere select-all">{secret}</code>
      <Button size="small" variant="plain" className="justify-self-start" onClick={() => void copy()}>
        {copied ? "Copied" : "Copy"}
      </Button>
    </div>
  );
}
