/* Times for people: local time with its zone, and how far off it is. */
import { language } from "./language";

const DAY = 86400;

/* Making a formatter takes far longer than using it: a list has hundreds of times. */
const made = new Map<string, Intl.DateTimeFormat | Intl.RelativeTimeFormat>();

function kept<T extends Intl.DateTimeFormat | Intl.RelativeTimeFormat>(key: string, make: (language: string) => T): T {
  const whole = `${language.get()} ${key}`;
  let found = made.get(whole) as T | undefined;
  if (!found) made.set(whole, (found = make(language.get())));
  return found;
}

function format(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  return kept(JSON.stringify(options), (lang) => new Intl.DateTimeFormat(lang, options));
}

/* A malformed time of a certificate is shown as it is. */
export function parseTime(text: string): Date | null {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? null : date;
}

/* "5 Nov 2026, 14:03 CET" */
export function dateTime(text: string): string {
  const date = parseTime(text);
  if (!date) return text;
  return format({ year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short" }).format(date);
}

export function dateOnly(text: string): string {
  const date = parseTime(text);
  return date ? format({ year: "numeric", month: "short", day: "numeric" }).format(date) : text;
}

/* "in 23 days", "2 hours ago", in the largest unit of which there are at least two. */
export function relative(text: string, now = Date.now()): string {
  const date = parseTime(text);
  if (!date) return "";
  const seconds = (date.getTime() - now) / 1000;
  const units: [Intl.RelativeTimeFormatUnit, number][] = [
    ["year", 365.25 * DAY],
    ["month", 30.44 * DAY],
    ["day", DAY],
    ["hour", 3600],
    ["minute", 60],
  ];
  const words = kept("relative", (lang) => new Intl.RelativeTimeFormat(lang, { numeric: "auto" }));
  for (const [unit, length] of units) {
    if (Math.abs(seconds) < 2 * length) continue;
    /* Of days and less the whole ones count; a certificate for five years made a moment ago ends "in 5 years". */
    const count = seconds / length;
    return words.format(length > DAY ? Math.round(count) : Math.trunc(count), unit);
  }
  return words.format(Math.trunc(seconds), "second");
}

/* "December 2026", "December 2026 – February 2027": from one date of a calendar (UTC) to before another. */
export function monthSpan(from: string, to: string): string {
  const last = Date.parse(to) - DAY * 1000;
  return format({ year: "numeric", month: "long", timeZone: "UTC" }).formatRange(Math.min(Date.parse(from), last), last);
}

/* "Dec", or "12" where there is no room for it. */
export function monthName(from: string, width: number): string {
  const month = format({ month: "short", timeZone: "UTC" }).format(Date.parse(from));
  return width >= 12 * month.length ? month : month.replace("月", "");
}

/* "7", "12K": where there is no room for a long number. */
export function compact(n: number): string {
  return new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 0 }).format(n);
}
