/* Does "/" lead to the search? Keys that are single characters get in the way of some ways to type, so that they can be switched off (WCAG 2.1.4). */
import { watched } from "./store";

const CHOICE = "ucpki-slash";

export const slash = watched(localStorage.getItem(CHOICE) !== "off");

export function chooseSlash(on: boolean): void {
  localStorage.setItem(CHOICE, on ? "on" : "off");
  slash.set(on);
}
