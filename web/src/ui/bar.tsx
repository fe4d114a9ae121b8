interface Props {
  /** 0 to 1. */
  value: number;
  /** Said to those who can't see it. */
  label: string;
  tone?: "primary" | "xp" | "gold";
  small?: boolean;
}

/** A bar of progress with a gleam. */
export function Bar({ value, label, tone = "primary", small = false }: Props) {
  const percent = Math.round(Math.min(1, Math.max(0, value)) * 1000) / 10;
  return (
    <div role="progressbar" aria-label={label} aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.round(percent)} className={small ? "bar bar-small" : "bar"}>
      <div className={`bar-fill bar-${tone}`} style={{ width: `${percent}%` }} />
    </div>
  );
}
