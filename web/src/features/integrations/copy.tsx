import { useState } from "react";
import { Button } from "@/ui";

/** A value with a button that copies it. */
export function Copy({ label, value, once = false }: { label: string; value: string; once?: boolean }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(value);
    setCopied(true);
  };
  return (
    <div className="grid gap-1.5">
      <p className="font-bold">
        {label}
        {once && ": shown this once"}
      </p>
      <div className="flex flex-wrap items-center gap-2">
        <code className="min-w-0 flex-1 basis-60 rounded-xl bg-card p-3 text-sm wrap-anywhere select-all">{value}</code>
        <Button type="button" size="small" variant="plain" onClick={() => void copy()}>
          {copied ? "Copied" : "Copy"}
          <span className="sr-only">: {label}</span>
        </Button>
      </div>
    </div>
  );
}
