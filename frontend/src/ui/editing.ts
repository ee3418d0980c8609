/** Forms that change what is there: they say of which version, and are refused where somebody else was faster. */

import type { UseFormReturnType } from "@mantine/form";
import { type QueryKey, useMutation, useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";

import { ApiProblem, problemOf } from "@/api/problem";

interface Options<Data, Change> {
  /** Another than that of what is shown. */
  key: QueryKey;
  read: (signal: AbortSignal) => Promise<{ data?: Data; response: Response }>;
  write: (change: Change, headers: Headers) => Promise<unknown>;
  /** The form is busy until it is over. Where it stays open, `readAgain` makes what was saved its beginning. */
  onSaved: (readAgain: () => Promise<unknown>) => Promise<void>;
}

type Headers = { "If-Match"?: string };

/** How something is as the form opens, and the way to save a change of it. Where it was changed by somebody else it is
 *  read again: a form for which `version` is the key begins anew by that, and `useTyped` keeps what was typed. */
export function useEdited<Data, Change>({ key, read, write, onSaved }: Options<Data, Change>) {
  const found = useQuery({
    queryKey: key,
    queryFn: async ({ signal }) => {
      const { data, response } = await read(signal);
      return { data: data as Data, version: response.headers.get("ETag") };
    },
    // Who is editing is not disturbed: neither by events nor by whoever has everything asked for again.
    enabled: ({ state }) => state.data === undefined,
    gcTime: 0,
  });
  const version = found.data?.version ?? null;
  const save = useMutation({
    mutationFn: (change: Change) => write(change, version === null ? {} : { "If-Match": version }),
    onSuccess: () => onSaved(found.refetch),
    onError: (error) => {
      if (problemOf(error).code === "precondition_failed") {
        void found.refetch();
      }
    },
  });
  return { found, save };
}

/** Not a form's own: what it says stays where the form begins anew. */
export type Saving<Change> = ReturnType<typeof useEdited<unknown, Change>>["save"];

interface Step<Data> {
  read: () => Promise<{ data?: Data; response: Response }>;
  /** Whether it is still what it was changed from. */
  isAsShown: (data: Data) => boolean;
  write: (headers: Headers) => Promise<unknown>;
}

/** Changes one thing of a list, which tells no versions: refused where somebody else changed it after it was shown. */
export async function changeAsShown<Data>({ read, isAsShown, write }: Step<Data>): Promise<void> {
  const { data, response } = await read();
  if (!isAsShown(data as Data)) {
    throw new ApiProblem("precondition_failed", 412);
  }
  const version = response.headers.get("ETag");
  await write(version === null ? {} : { "If-Match": version });
}

/** Where somebody else has saved meanwhile: what was typed stays, all else is as they left it, and so is what both
 *  have changed. Fields that say something only `together` are all typed here, or all theirs. */
export function useTyped<Values extends object>(
  form: UseFormReturnType<Values>,
  before: Values,
  together: readonly (keyof Values)[] = [],
): void {
  const last = useRef(before);
  const { values, setInitialValues, setValues } = form;
  useEffect(() => {
    const seen = last.current;
    const names = Object.keys(before) as (keyof Values)[];
    const isTheirs = (name: keyof Values) => before[name] !== seen[name];
    if (names.some(isTheirs)) {
      const theirs = together.some(isTheirs) ? together : [];
      const typed = names.filter((name) => values[name] !== seen[name] && !isTheirs(name) && !theirs.includes(name));
      last.current = before;
      setInitialValues(before);
      setValues({ ...before, ...Object.fromEntries(typed.map((name) => [name, values[name]])) });
    }
  }, [before, together, values, setInitialValues, setValues]);
}
