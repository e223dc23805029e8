/* Sizes of files, as people write them. */
import { language } from "./text";

export function size(bytes: number): string {
  const small = bytes < 1000;
  const format = new Intl.NumberFormat(language.get(), { style: "unit", unit: small ? "byte" : "kilobyte", unitDisplay: small ? "long" : "short", maximumFractionDigits: 1 });
  return format.format(small ? bytes : bytes / 1000);
}
