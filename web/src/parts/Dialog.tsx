/* A dialog over the page, which stays as it is below. The browser keeps the focus inside and gives it back. */
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

/* onClose: Escape, or a click beside it; without it the dialog must be answered. */
export function Dialog({ title, onClose, children }: { title: string; onClose?: () => void; children: ComponentChildren }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const element = dialog.current!;
    element.showModal();
    return () => element.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby={id}
      onCancel={(e) => {
        e.preventDefault();
        onClose?.();
      }}
      onClose={() => {
        /* Browsers close it at a second Escape, whatever was answered to the first. */
        if (onClose) onClose();
        else dialog.current?.showModal();
      }}
      onClick={(e) => {
        if (e.target === dialog.current) onClose?.();
      }}
    >
      <div class="dialog-body">
        <h2 id={id}>{title}</h2>
        {children}
      </div>
    </dialog>
  );
}
