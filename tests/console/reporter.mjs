// A line for each test, for scripts/check: "pass|fail|skip NAME", and what a failure said, indented below it.
export default async function* reporter(events) {
  for await (const { type, data } of events) {
    if (type === "test:stdout" || type === "test:stderr") yield data.message.replace(/^/gm, "  ");
    if (type !== "test:pass" && type !== "test:fail") continue;
    // Suites and, in Node 18, files are reported as well: their tests speak for themselves, unless a file failed by itself.
    const wrapper = data.details?.type === "suite" || /\.test\.mjs$/.test(data.name);
    const error = data.details?.error;
    if (wrapper && (type === "test:pass" || error?.failureType === "subtestsFailed")) continue;
    const outcome = data.skip !== undefined ? "skip" : type === "test:pass" ? "pass" : "fail";
    yield `${outcome} ${data.name}\n`;
    if (outcome === "fail") yield `${String(error?.cause?.stack ?? error?.stack ?? error).replace(/^/gm, "  ")}\n`;
  }
}
