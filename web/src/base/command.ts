/* The command that does the same as a page: every page shows it. */

/* Quotes a word for a POSIX shell where it must be. */
export function word(text: string): string {
  return /^[A-Za-z0-9_@%+=:,.\/-]+$/.test(text) ? text : `'${text.replace(/'/g, `'\\''`)}'`;
}

/* command("set cert regen", ["tomcat"], { key: "rsa-3072", node: undefined, yes: true }) */
export function command(words: string, args: string[] = [], options: Record<string, string | number | boolean | string[] | null | undefined> = {}): string {
  const parts = ["ucpki", words, ...args.map(word)];
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || value === null || value === false || value === "") continue;
    for (const one of Array.isArray(value) ? value : [value]) parts.push(one === true ? `--${name}` : `--${name} ${word(String(one))}`);
  }
  return parts.join(" ");
}
