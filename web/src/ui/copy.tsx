import { useRef, useState } from "react";
import { Button } from "./button";

interface Props {
  label: string;
  value: string;
  /** It can't be shown again. */
  once?: boolean;
}

/** A value with a button that copies it; where the browser does not let us (plain http), it is selected instead. */
export function Copy({ label, value, once = false }: Props) {
  const [state, setState] = useState<"" | "copied" | "selected">("");
  const code = useRef<HTMLElement>(null);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(value);
      setState("copied");
    } catch {
      if (code.current) getSelection()?.selectAllChildren(code.current);
      setState("selected");
    }
  };
  return (
    <div className="grid min-w-0 gap-1.5">
      <p className="font-bold">
        {label}
        {once && ": shown this once"}
      </p>
      <div className="flex flex-wrap items-center gap-2">
        <code ref={code} className="min-w-0 flex-1 basis-60 rounded-xl bg-card p-3 text-sm wrap-anywhere whitespace-pre-wrap select-all">
          {value}
        </code>
        <Button size="small" variant="plain" onClick={() => void copy()}>
          {state === "copied" ? "Copied" : "Copy"}
          <span className="sr-only">: {label}</span>
        </Button>
      </div>
      <p role="status" className={state === "selected" ? "text-sm text-ink-2" : "sr-only"}>
        {state === "copied" ? `${label} copied` : state === "selected" ? "It is selected: copy it with the keys of your system." : ""}
      </p>
    </div>
  );
}
