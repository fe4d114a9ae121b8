import { type ComponentProps, type ReactNode, useId } from "react";

interface Ids {
  id: string;
  "aria-describedby"?: string;
  "aria-invalid"?: boolean;
}

interface FieldProps {
  label: string;
  hint?: string;
  error?: string;
  children: (ids: Ids) => ReactNode;
}

/** A label, what it is about, and what is wrong with it. */
export function Field({ label, hint, error, children }: FieldProps) {
  const id = useId();
  const note = error || hint;
  return (
    <div className="grid min-w-0 content-start gap-1.5">
      <label htmlFor={id} className="font-bold">
        {label}
      </label>
      {children({ id, "aria-describedby": note ? `${id}-note` : undefined, "aria-invalid": error ? true : undefined })}
      {note && (
        <p id={`${id}-note`} className={error ? "text-sm font-bold text-bad" : "text-sm text-ink-2"}>
          {note}
        </p>
      )}
    </div>
  );
}

export const Input = ({ className = "", ...rest }: ComponentProps<"input">) => <input className={`box ${className}`} {...rest} />;
export const Textarea = ({ className = "", ...rest }: ComponentProps<"textarea">) => <textarea className={`box py-2.5 ${className}`} {...rest} />;
export const Select = ({ className = "", ...rest }: ComponentProps<"select">) => <select className={`box ${className}`} {...rest} />;

interface SwitchProps {
  checked: boolean;
  onChange: (checked: boolean) => void;
  label: string;
  hint?: string;
}

export function Switch({ checked, onChange, label, hint }: SwitchProps) {
  return (
    <label className="switch">
      <input type="checkbox" role="switch" className="sr-only" checked={checked} onChange={(event) => onChange(event.target.checked)} />
      <span className="switch-track" aria-hidden />
      <span>
        <span className="font-bold">{label}</span>
        {hint && <span className="block text-sm text-ink-2">{hint}</span>}
      </span>
    </label>
  );
}
