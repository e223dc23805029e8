/* A file: chosen by its button, dropped anywhere on the page, or pasted. It is read at once, so that what is sent is what was chosen. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Chosen } from "../base/files";
import { size } from "../base/size";
import { t } from "../base/text";
import { Frame } from "./Field";

/*
 * Files are dropped and pasted by people who aim at the page, not at a field; text is pasted so as well, as long as no field takes it. Answers
 * whether a file is being dragged over the page.
 */
export function useFileDrop(onFiles: (files: File[]) => void, onText: (text: string) => void): boolean {
  const [over, setOver] = useState(false);
  const handler = useRef({ onFiles, onText });
  handler.current = { onFiles, onText };
  useEffect(() => {
    const holdsFiles = (e: DragEvent) => !!e.dataTransfer?.types.includes("Files");
    const drag = (e: DragEvent) => {
      if (!holdsFiles(e)) return;
      e.preventDefault();
      setOver(true);
    };
    /* Leaving one element for another within the page is no leaving. */
    const leave = (e: DragEvent) => {
      if (!e.relatedTarget) setOver(false);
    };
    const drop = (e: DragEvent) => {
      if (!holdsFiles(e)) return;
      e.preventDefault();
      setOver(false);
      handler.current.onFiles([...e.dataTransfer!.files]);
    };
    const paste = (e: ClipboardEvent) => {
      const files = [...(e.clipboardData?.files ?? [])];
      const text = e.clipboardData?.getData("text/plain") ?? "";
      const inField = (e.target as Element | null)?.closest?.("input, textarea, select");
      if (files.length === 0 && (inField || !text.trim())) return;
      e.preventDefault();
      if (files.length > 0) handler.current.onFiles(files);
      else handler.current.onText(text);
    };
    addEventListener("dragover", drag);
    addEventListener("dragleave", leave);
    addEventListener("drop", drop);
    addEventListener("paste", paste);
    return () => {
      removeEventListener("dragover", drag);
      removeEventListener("dragleave", leave);
      removeEventListener("drop", drop);
      removeEventListener("paste", paste);
    };
  }, []);
  return over;
}

interface Props {
  name: string;
  label: string;
  help?: ComponentChildren;
  chosen: Chosen | null;
  over: boolean;
  onFiles: (files: File[]) => void;
  /* Further files, to those that are there. */
  onAdd: (files: File[]) => void;
  onRemove: () => void;
}

export function FileField({ name, label, help, chosen, over, onFiles, onAdd, onRemove }: Props) {
  const input = useRef<HTMLInputElement>(null);
  /* What the dialog was opened for. */
  const adding = useRef(false);
  const add = () => {
    adding.current = true;
    input.current!.click();
  };
  return (
    <Frame name={name} label={label} help={help}>
      {({ id, describedBy, invalid }) => (
        <div class={over ? "drop over" : "drop"}>
          <span class="drop-button">
            <input
              ref={input}
              type="file"
              class="sr-only"
              id={id}
              name={name}
              multiple
              aria-describedby={[describedBy, `${id}-file`].filter(Boolean).join(" ")}
              aria-invalid={invalid}
              onChange={(e) => {
                const files = [...(e.currentTarget.files ?? [])];
                /* The same file can be chosen again when it has changed. */
                e.currentTarget.value = "";
                const take = adding.current ? onAdd : onFiles;
                adding.current = false;
                if (files.length > 0) take(files);
              }}
              onCancel={() => {
                adding.current = false;
              }}
            />
            <label for={id} class="button">
              {chosen ? t("file.another") : t("file.choose")}
            </label>
          </span>
          <span id={`${id}-file`} class={chosen ? "drop-name" : "muted"}>
            {chosen ? `${chosen.names.join(", ")} (${size(chosen.content.size)})` : t("file.drop")}
          </span>
          {chosen && (
            <span class="buttons">
              <button type="button" class="quiet small" onClick={add}>
                {t("file.add")}
              </button>
              <button type="button" class="quiet small" onClick={onRemove}>
                {t("file.remove")}
              </button>
            </span>
          )}
        </div>
      )}
    </Frame>
  );
}
