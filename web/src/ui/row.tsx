import type { ReactNode } from "react";

interface Props {
  picture?: ReactNode;
  title: ReactNode;
  text: ReactNode;
  /** What was said about it, below the text. */
  note?: ReactNode;
  /** Pills and buttons: beside the words, and on phones in a line of their own. */
  children: ReactNode;
}

/** A thing in a list: what it is, where it stands, what can be done. */
export function Row({ picture, title, text, note, children }: Props) {
  return (
    <li className="row">
      {picture}
      <div className="row-words">
        <p className="font-bold wrap-anywhere">{title}</p>
        <p className="text-sm text-ink-2 wrap-anywhere">{text}</p>
        {note}
      </div>
      <div className="row-acts">{children}</div>
    </li>
  );
}
