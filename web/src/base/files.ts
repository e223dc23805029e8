/* Files that are handed over: read at once, so that what is inspected, planned and sent is the same even if the file changes meanwhile. */
import { t } from "./text";
import { size } from "./size";
import type { ProblemBody } from "./types";

export interface Chosen {
  /* The names of what was chosen, usually one. */
  names: string[];
  content: Blob;
}

/* As the API has it. */
export const MAX_FILE = 4 * 1024 * 1024;

export class FileProblem extends Error {
  constructor(readonly problem: ProblemBody) {
    super(problem.detail);
  }
}

function problem(code: string, detail: string, hint: string): FileProblem {
  return new FileProblem({ type: "about:blank", title: detail, status: 400, code, field: "file", detail, hint });
}

async function bytesOf(file: File): Promise<ArrayBuffer> {
  if (file.size > MAX_FILE) throw problem("too-large", t("file.too-large", { name: file.name, size: size(file.size), limit: size(MAX_FILE) }), t("file.too-large.hint"));
  try {
    return await file.arrayBuffer();
  } catch {
    throw problem("unreadable", t("file.unreadable", { name: file.name }), t("file.unreadable.hint"));
  }
}

function isPem(bytes: ArrayBuffer): boolean {
  return new TextDecoder().decode(bytes).includes("-----BEGIN");
}

/* Several files, as CAs hand them out, are one bundle when they are PEM. */
export async function readFiles(files: File[]): Promise<Chosen> {
  const all = await Promise.all(files.map(bytesOf));
  const binary = all.length > 1 ? all.findIndex((one) => !isPem(one)) : -1;
  if (binary >= 0) throw problem("several-files", t("file.several", { name: files[binary]!.name }), t("file.several.hint"));
  return { names: files.map((one) => one.name), content: new Blob(all.flatMap((one) => [one, "\n"]).slice(0, -1)) };
}

/* One more file to those that are there, as readFiles() would have taken them together. */
export async function addFiles(former: Chosen, files: File[]): Promise<Chosen> {
  const { content } = await readFiles([new File([former.content], former.names.join(", ")), ...files]);
  return { names: [...former.names, ...files.map((one) => one.name)], content };
}

/* A password as a header's value: headers carry bytes, and those are UTF-8. */
export function headerBytes(text: string): string {
  return Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join("");
}
