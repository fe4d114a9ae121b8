import type { ComponentProps } from "react";

export type Variant = "primary" | "plain" | "gold" | "danger" | "quiet";
export type Size = "small" | "medium";

/** The look of a button, for links that act like one. */
export const buttonClass = (variant: Variant = "primary", size: Size = "medium"): string => `button button-${variant} button-${size}`;

interface Props extends ComponentProps<"button"> {
  variant?: Variant;
  size?: Size;
  /** Something is under way: it can't be pressed again. */
  busy?: boolean;
}

export function Button({ variant, size, busy = false, className = "", type = "button", disabled, ...rest }: Props) {
  return <button type={type} aria-busy={busy || undefined} disabled={busy || disabled} className={`${buttonClass(variant, size)} ${className}`} {...rest} />;
}
