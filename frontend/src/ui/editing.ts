/** Forms that change what is there: they say of which version, and are refused where somebody else was faster. */

import type { UseFormReturnType } from "@mantine/form";
import { type QueryKey, useMutation, useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";

import { problemOf } from "@/api/problem";

interface Options<Data, Change> {
  /** Another than that of what is shown, which events make old. */
  key: QueryKey;
  read: (signal: AbortSignal) => Promise<{ data?: Data; response: Response }>;
  write: (change: Change, headers: Headers) => Promise<unknown>;
  onSaved: () => unknown;
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
    // Who is editing is not disturbed.
    staleTime: Infinity,
    gcTime: 0,
  });
  const version = found.data?.version ?? null;
  const save = useMutation({
    mutationFn: (change: Change) => write(change, version === null ? {} : { "If-Match": version }),
    onSuccess: onSaved,
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

/** Where somebody else has saved meanwhile: what was typed stays, all else is as they left it, and so is what both
 *  have changed. */
export function useTyped<Values extends object>(form: UseFormReturnType<Values>, before: Values): void {
  const last = useRef(before);
  const { values, setInitialValues, setValues } = form;
  useEffect(() => {
    const seen = last.current;
    const names = Object.keys(before) as (keyof Values)[];
    if (names.some((name) => before[name] !== seen[name])) {
      const typed = names.filter((name) => values[name] !== seen[name] && before[name] === seen[name]);
      last.current = before;
      setInitialValues(before);
      setValues({ ...before, ...Object.fromEntries(typed.map((name) => [name, values[name]])) });
    }
  }, [before, values, setInitialValues, setValues]);
}
