/*
 * Fields of forms. A problem of the API that names a field is shown at that field: the form gives its problem by the context Form, and each
 * field knows itself by the name that the API has for it.
 */
import { createContext, type ComponentChildren } from "preact";
import { useContext, useEffect, useId, useRef, useState } from "preact/hooks";
import { say, t } from "../base/text";
import type { ProblemBody } from "../base/types";

export const Form = createContext<ProblemBody | undefined>(undefined);

export interface Common {
  name: string;
  label: string;
  /* What the field is for, or what a good value looks like. */
  help?: ComponentChildren;
  required?: boolean;
}

export interface Wired {
  id: string;
  describedBy: string | undefined;
  invalid: boolean;
}

/* Label, help and error of a field, around its input. */
export function Frame({ name, label, help, required, children }: Common & { children: (wired: Wired) => ComponentChildren }) {
  const id = useId();
  const problem = useContext(Form);
  const own = problem?.field === name ? problem : undefined;
  const describedBy = [help && `${id}-help`, own && `${id}-error`].filter(Boolean).join(" ") || undefined;
  return (
    <div class={own ? "field bad" : "field"}>
      <label for={id}>
        {label}
        {required && <span class="muted"> {t("field.required")}</span>}
      </label>
      {children({ id, describedBy, invalid: !!own })}
      {own && (
        <p class="field-error" id={`${id}-error`} role="alert">
          {say(own.detail)}
          {own.hint && <span class="field-hint"> {say(own.hint)}</span>}
        </p>
      )}
      {help && (
        <p class="field-help" id={`${id}-help`}>
          {help}
        </p>
      )}
    </div>
  );
}

interface TextProps extends Common {
  value: string;
  onValue: (value: string) => void;
  type?: "text" | "password" | "date" | "number" | "search";
  placeholder?: string;
  autocomplete?: string;
  mono?: boolean;
  autofocus?: boolean;
  min?: number;
  max?: number;
  /* It holds a secret: it can be seen when one asks for it. */
  secret?: boolean;
}

export function TextField({ value, onValue, type = "text", placeholder, autocomplete, mono, autofocus, min, max, secret, ...common }: TextProps) {
  const input = useRef<HTMLInputElement>(null);
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    if (autofocus) input.current?.focus();
  }, [autofocus]);
  const box = ({ id, describedBy, invalid }: Wired) => (
    <input
      ref={input}
      id={id}
      name={common.name}
      /* The attributes of all these kinds are alike; the types of Preact know each kind only by itself. */
      type={(secret && !seen ? "password" : type) as "text"}
      class={mono ? "mono" : undefined}
      value={value}
      placeholder={placeholder}
      autocomplete={autocomplete ?? "off"}
      spellcheck={false}
      min={min}
      max={max}
      required={common.required}
      aria-describedby={describedBy}
      aria-invalid={invalid}
      onInput={(e) => onValue(e.currentTarget.value)}
    />
  );
  const withButton = (wired: Wired) => (
    <div class="with-button">
      {box(wired)}
      <button type="button" aria-pressed={seen} aria-controls={wired.id} onClick={() => setSeen(!seen)}>
        {t("field.show")}
      </button>
    </div>
  );
  return <Frame {...common}>{secret ? withButton : box}</Frame>;
}

interface AreaProps extends Common {
  value: string;
  onValue: (value: string) => void;
  rows?: number;
  placeholder?: string;
  mono?: boolean;
}

export function AreaField({ value, onValue, rows = 4, placeholder, mono, ...common }: AreaProps) {
  return (
    <Frame {...common}>
      {({ id, describedBy, invalid }) => (
        <textarea
          id={id}
          name={common.name}
          rows={rows}
          class={mono ? "mono" : undefined}
          value={value}
          placeholder={placeholder}
          spellcheck={false}
          aria-describedby={describedBy}
          aria-invalid={invalid}
          onInput={(e) => onValue(e.currentTarget.value)}
        />
      )}
    </Frame>
  );
}

export interface Choice {
  value: string;
  text: string;
  /* Choices of a select that stand next to each other and have the same group are shown under its name. */
  group?: string;
}

interface SelectProps extends Common {
  value: string;
  onValue: (value: string) => void;
  choices: Choice[];
}

function grouped(choices: Choice[]): [string | undefined, Choice[]][] {
  const out: [string | undefined, Choice[]][] = [];
  for (const one of choices) {
    const last = out[out.length - 1];
    if (last && last[0] === one.group) last[1].push(one);
    else out.push([one.group, [one]]);
  }
  return out;
}

function options(choices: Choice[]) {
  return choices.map((one) => (
    <option key={one.value} value={one.value}>
      {one.text}
    </option>
  ));
}

export function SelectField({ value, onValue, choices, ...common }: SelectProps) {
  return (
    <Frame {...common}>
      {({ id, describedBy, invalid }) => (
        <select id={id} name={common.name} value={value} aria-describedby={describedBy} aria-invalid={invalid} onChange={(e) => onValue(e.currentTarget.value)}>
          {grouped(choices).map(([group, members]) => (group ? <optgroup key={group} label={group}>{options(members)}</optgroup> : options(members)))}
        </select>
      )}
    </Frame>
  );
}

/* A few choices, each with a line that says what it means. */
export function RadioField({ name, label, value, onValue, choices }: { name: string; label: string; value: string; onValue: (value: string) => void; choices: (Choice & { help?: ComponentChildren })[] }) {
  const id = useId();
  const problem = useContext(Form);
  const own = problem?.field === name ? problem : undefined;
  return (
    <fieldset class={own ? "field bad" : "field"} aria-describedby={own ? `${id}-error` : undefined}>
      <legend>{label}</legend>
      {choices.map((one) => (
        <label class="choice" key={one.value}>
          <input type="radio" name={id} value={one.value} checked={one.value === value} onChange={() => onValue(one.value)} />
          <span>
            {one.text}
            {one.help && <span class="field-help">{one.help}</span>}
          </span>
        </label>
      ))}
      {own && (
        <p class="field-error" id={`${id}-error`} role="alert">
          {say(own.detail)} {own.hint && say(own.hint)}
        </p>
      )}
    </fieldset>
  );
}

export function CheckField({ label, checked, onChecked, help }: { label: ComponentChildren; checked: boolean; onChecked: (checked: boolean) => void; help?: ComponentChildren }) {
  return (
    <label class="choice">
      <input type="checkbox" checked={checked} onChange={(e) => onChecked(e.currentTarget.checked)} />
      <span>
        {label}
        {help && <span class="field-help">{help}</span>}
      </span>
    </label>
  );
}

/* Names of fields that a form shows: a problem of another field is shown above the form. */
export function otherProblem(problem: ProblemBody | undefined, fields: string[]): ProblemBody | undefined {
  return problem && !(problem.field && fields.includes(problem.field)) ? problem : undefined;
}
