/*
 * A certificate chain drawn as a chain: a box for each certificate from the leaf to the root, arrows from the issued to the issuer, and where
 * it is broken, what is missing. The texts of the picture are texts; the same stands in a table below it.
 */
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { nameOf, shown } from "../base/names";
import { go } from "../base/route";
import { t, tOr } from "../base/text";
import { dateOnly } from "../base/time";
import type { ChainLink, Missing } from "../base/types";
import { Mark, Shape, stateKind, StateMark, type Kind } from "./Mark";
import { Table } from "./Table";
import { When } from "./When";

export interface ChainProps {
  links: ChainLink[];
  complete: boolean;
  missing: Missing | null;
  /* Where a certificate of the chain is shown; null for the one that one is looking at. */
  hrefOf: (link: ChainLink, i: number) => string | null;
}

/* ---- measures ---- */

const NARROWEST = 216;
const WIDEST = 320;
const WIDEST_DOWN = 480;
const GAP = 56;
const GAP_DOWN = 44;
const PAD = 12;
const LINE = 19;

let pen: CanvasRenderingContext2D | null = null;

function widthOf(text: string, bold: boolean): number {
  pen ??= document.createElement("canvas").getContext("2d");
  if (!pen) return text.length * 8;
  const style = getComputedStyle(document.body);
  pen.font = `${bold ? 600 : 400} ${bold ? "14px" : "13px"} ${style.fontFamily}`;
  return pen.measureText(text).width;
}

/* At most so many lines of that width; what does not fit ends with an ellipsis. Names have few blanks: they break anywhere. */
function wrap(text: string, width: number, lines: number, bold: boolean): string[] {
  const out: string[] = [];
  let line = "";
  for (const char of text) {
    if (widthOf(line + char, bold) <= width || !line) {
      line += char;
      continue;
    }
    if (out.length === lines - 1) return [...out, `${line.slice(0, -1)}…`];
    out.push(line);
    line = char.trim();
  }
  return [...out, line];
}

/* ---- boxes ---- */

interface Box {
  title: string;
  /* All of its name, for who points at it. */
  whole: string;
  kind: Kind;
  state: string;
  until: string;
  place: string;
  href: string | null;
  /* The one that lacks. */
  ghost: boolean;
  fault: boolean;
}

function faultText(link: ChainLink): string {
  return tOr(`chain.fault.${link.link}`, link.link);
}

function placeText(link: ChainLink, i: number): string {
  if (link.in_store) return t("chain.in-store", { store: link.in_store });
  return i === 0 ? t("chain.this") : t("chain.not-in-store");
}

function boxesOf({ links, missing, hrefOf }: ChainProps): Box[] {
  const boxes = links.map((link, i): Box => {
    /* An issuer that lacks has a box of its own. */
    const fault = link.link !== "ok" && !(missing && link.link === "issuer-missing");
    return {
      title: shown(link.label),
      whole: shown(link.subject),
      kind: fault ? "danger" : stateKind(link.state),
      state: fault ? faultText(link) : tOr(`state.${link.state}`, link.state),
      until: link.not_after ? t("chain.until", { date: dateOnly(link.not_after) }) : "",
      place: placeText(link, i),
      href: hrefOf(link, i),
      ghost: false,
      fault,
    };
  });
  if (!missing) return boxes;
  const place = missing.store ? t("chain.missing.store", { store: missing.store }) : "";
  return [...boxes, { title: nameOf(missing.subject), whole: shown(missing.subject), kind: "danger", state: t("chain.missing"), until: "", place, href: null, ghost: true, fault: true }];
}

/* Where and how large the boxes are: from left to right where there is room, else from top to bottom with fewer lines. */
interface Layout {
  down: boolean;
  width: number;
  height: number;
  /* Of the picture. */
  total: number;
  titles: string[][];
  at: (i: number) => { x: number; y: number };
}

function layoutOf(boxes: Box[], room: number): Layout {
  const count = boxes.length;
  const down = room < count * NARROWEST + (count - 1) * GAP + 2;
  const width = down ? Math.min(room - 2, WIDEST_DOWN) : Math.min(WIDEST, (room - 2 - (count - 1) * GAP) / count);
  const titles = boxes.map((one) => wrap(one.title, width - 2 * PAD, 2, true));
  const lines = Math.max(...titles.map((one) => one.length)) + (down ? 2 : 3);
  const height = lines * LINE + 16;
  const at = (i: number) => (down ? { x: 1, y: 1 + i * (height + GAP_DOWN) } : { x: 1 + i * (width + GAP), y: 1 });
  return { down, width, height, total: at(count - 1).y + height + 1, titles, at };
}

function fitted(text: string, width: number): string {
  return wrap(text, width, 1, false)[0]!;
}

function BoxView({ box, layout, i }: { box: Box; layout: Layout; i: number }) {
  const { x, y } = layout.at(i);
  const room = layout.width - 2 * PAD;
  const title = layout.titles[i]!;
  const lineAt = (n: number) => 23 + (title.length - 1 + n) * LINE;
  const state = layout.down && box.until ? `${box.state}, ${box.until}` : box.state;
  const below = layout.down || !box.until ? [box.place] : [box.until, box.place];
  const follow = (e: MouseEvent) => {
    if (e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
    e.preventDefault();
    go(box.href!);
  };
  return (
    <g transform={`translate(${x} ${y})`} class={box.ghost ? "chain-box ghost" : box.fault ? "chain-box fault" : "chain-box"}>
      <title>{box.whole}</title>
      <rect width={layout.width} height={layout.height} rx="6" />
      <text class="chain-title">
        {title.map((line, k) => (
          <tspan key={k} x={PAD} y={23 + k * LINE}>
            {line}
          </tspan>
        ))}
      </text>
      <g transform={`translate(${PAD} ${lineAt(1) - 12})`}>
        <Shape kind={box.kind} />
      </g>
      <text class={`chain-state ${box.kind}`} x={PAD + 20} y={lineAt(1)}>
        {fitted(state, room - 20)}
      </text>
      {below.map((text, k) => (
        <text key={k} class={k === below.length - 1 ? "chain-place" : undefined} x={PAD} y={lineAt(2 + k)}>
          {fitted(text, box.href ? room - 72 : room)}
        </text>
      ))}
      {box.href && (
        <a href={box.href} onClick={follow} aria-label={t("chain.open.what", { name: box.title })}>
          <rect class="chain-target" x={layout.width - PAD - 64} y={layout.height - 32} width={64 + PAD - 2} height="28" />
          <text x={layout.width - PAD} y={lineAt(layout.down ? 2 : 3)} text-anchor="end">
            {t("chain.open")}
          </text>
        </a>
      )}
    </g>
  );
}

function Arrow({ broken, down }: { broken: boolean; down: boolean }) {
  const length = down ? GAP_DOWN : GAP;
  const line = down ? `M0 4V${length - 4}` : `M6 0H${length - 8}`;
  const head = down ? `M-5 ${length - 8}L0 ${length}L5 ${length - 8}z` : `M${length - 12} -5L${length - 2} 0L${length - 12} 5z`;
  return (
    <g class={broken ? "chain-arrow broken" : "chain-arrow"}>
      <path d={line} />
      <path class="head" d={head} />
      {broken && <path d={down ? `M-7 ${length / 2 - 7}l14 10M-7 ${length / 2 + 3}l14 -10` : `M${length / 2 - 7} -6l10 12M${length / 2 - 7} 6l10 -12`} />}
    </g>
  );
}

function useWidth(): [{ current: HTMLDivElement | null }, number] {
  const frame = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const element = frame.current!;
    const measure = () => setWidth(element.clientWidth);
    measure();
    const watch = new ResizeObserver(measure);
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  return [frame, width];
}

function Picture(props: ChainProps) {
  const [frame, width] = useWidth();
  return (
    <div class="chain-frame" ref={frame}>
      {width > 0 && <Drawing {...props} width={width} />}
    </div>
  );
}

function Drawing(props: ChainProps & { width: number }) {
  const boxes = boxesOf(props);
  const layout = layoutOf(boxes, props.width);
  const { down, width, height } = layout;
  /* An issuer that is not there, or did not sign: the arrow to it is what is broken. */
  const broken = (i: number) => !!boxes[i + 1]?.ghost || props.links[i]?.link === "bad-signature";
  const start = ({ x, y }: { x: number; y: number }) => (down ? `translate(${x + 32} ${y + height})` : `translate(${x + width} ${y + height / 2})`);
  return (
    <svg class="chain" role="group" aria-label={t(props.complete ? "chain.label" : "chain.label.broken")} width={props.width} height={layout.total}>
      {boxes.slice(1).map((_, i) => (
        <g key={i} transform={start(layout.at(i))}>
          <Arrow broken={broken(i)} down={down} />
          <text class="chain-issued" x={down ? 16 : GAP / 2} y={down ? 26 : -10} text-anchor={down ? "start" : "middle"}>
            {t(down ? "chain.issued-by" : "chain.issued-by.short")}
          </text>
        </g>
      ))}
      {boxes.map((one, i) => (
        <BoxView key={i} box={one} layout={layout} i={i} />
      ))}
    </svg>
  );
}

/* ---- the same as a table ---- */

interface TableRow extends ChainLink {
  n: number;
  href: string | null;
}

function LinkState({ link }: { link: ChainLink }) {
  return link.link === "ok" ? <Mark kind="ok">{t("chain.ok")}</Mark> : <Mark kind="danger">{faultText(link)}</Mark>;
}

function AsTable({ links, hrefOf, missing }: ChainProps) {
  const rows = links.map((link, i): TableRow => ({ ...link, n: i + 1, href: hrefOf(link, i) }));
  return (
    <details>
      <summary>{t("chain.table")}</summary>
      <Table
        caption={t("chain.label")}
        rows={rows}
        rowKey={(one) => String(one.n)}
        columns={[
          { key: "n", title: t("chain.position"), cell: (one) => one.n, tight: true },
          { key: "subject", title: t("side.subject"), cell: (one) => (one.href ? <a href={one.href}>{shown(one.subject || one.label)}</a> : shown(one.subject || one.label)) },
          { key: "state", title: t("chain.state"), cell: (one) => <StateMark state={one.state} /> },
          { key: "link", title: t("chain.link"), cell: (one) => <LinkState link={one} /> },
          { key: "until", title: t("side.not_after"), cell: (one) => <When at={one.not_after} short /> },
          { key: "place", title: t("chain.place"), cell: (one) => one.in_store ?? t("chain.not-in-store") },
        ]}
      />
      {missing && <p>{t("chain.missing.what", { subject: shown(missing.subject) })}</p>}
    </details>
  );
}

export function Chain(props: ChainProps) {
  return (
    <>
      <Picture {...props} />
      <AsTable {...props} />
    </>
  );
}
