import { X } from "lucide-react";
import { type ReactNode, useEffect, useId, useRef } from "react";

interface Props {
  open: boolean;
  onClose: () => void;
  title: string;
  children: ReactNode;
}

/** The browser's own dialog: focus is kept in it, Escape closes it, what is below is inert. */
export function Dialog({ open, onClose, title, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const element = dialog.current;
    if (open && element && !element.open) element.showModal();
    if (!open) element?.close();
  }, [open]);
  return (
    <dialog ref={dialog} aria-labelledby={id} onClose={onClose} className="dialog sticker">
      {open && (
        <>
          <div className="mb-3 flex items-center justify-between gap-3">
            <h2 id={id} className="font-display text-2xl">
              {title}
            </h2>
            <button type="button" className="grid size-11 place-items-center rounded-xl" aria-label="Close" onClick={onClose}>
              <X size={20} aria-hidden />
            </button>
          </div>
          {children}
        </>
      )}
    </dialog>
  );
}
