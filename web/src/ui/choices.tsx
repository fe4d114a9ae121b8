interface Props {
  label: string;
  hint?: string;
  error?: string;
  options: { value: string; label: string }[];
  value: string[];
  onChange: (value: string[]) => void;
}

/** Any number out of a list, as boxes to tick; what is chosen but no longer on the list stays. */
export function Choices({ label, hint, error, options, value, onChange }: Props) {
  const lost = value.filter((one) => !options.some((option) => option.value === one)).map((one) => ({ value: one, label: one }));
  const all = [...options, ...lost];
  const toggle = (one: string) => onChange(value.includes(one) ? value.filter((other) => other !== one) : [...value, one]);
  return (
    <fieldset className="min-w-0">
      <legend className="font-bold">{label}</legend>
      {(error || hint) && <p className={error ? "text-sm font-bold text-bad" : "text-sm text-ink-2"}>{error || hint}</p>}
      {all.length > 0 && (
        <ul className="mt-1 grid max-h-52 gap-x-4 overflow-y-auto rounded-2xl bg-sunk px-4 py-1 sm:grid-cols-2" tabIndex={-1}>
          {all.map((option) => (
            <li key={option.value}>
              <label className="flex min-h-11 items-center gap-3">
                <input type="checkbox" className="size-5" checked={value.includes(option.value)} onChange={() => toggle(option.value)} />
                <span className="min-w-0 wrap-anywhere">{option.label}</span>
              </label>
            </li>
          ))}
        </ul>
      )}
    </fieldset>
  );
}
