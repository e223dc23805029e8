/* A value that several parts of the page watch. */
import { useEffect, useState } from "preact/hooks";

export interface Watched<T> {
  get(): T;
  set(value: T): void;
  watch(seen: (value: T) => void): () => void;
}

export function watched<T>(initial: T): Watched<T> {
  let value = initial;
  const watchers = new Set<(value: T) => void>();
  return {
    get: () => value,
    set(next) {
      if (next === value) return;
      value = next;
      for (const seen of [...watchers]) seen(value);
    },
    watch(seen) {
      watchers.add(seen);
      return () => watchers.delete(seen);
    },
  };
}

export function useWatched<T>(source: Watched<T>): T {
  const [value, setValue] = useState(source.get());
  useEffect(() => {
    setValue(source.get());
    return source.watch(setValue);
  }, [source]);
  return value;
}
