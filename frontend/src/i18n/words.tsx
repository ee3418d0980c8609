import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from "react";

import {
  type Catalog,
  type CatalogKey,
  keepLanguage,
  type Key,
  type Language,
  loadAll,
  localeOf,
  translate,
  type Values,
} from "./catalog";

export interface Words {
  language: Language;
  /** How numbers and dates are written. */
  locale: string;
  t: (key: Key, values?: Values) => string;
  /** Words for something that the API names, if there are any. */
  known: (key: string, values?: Values) => string | null;
  speak: (language: Language) => void;
}

const Context = createContext<Words | null>(null);

export function useWords(): Words {
  const words = useContext(Context);
  if (words === null) {
    throw new Error("There are no words outside of WordsProvider.");
  }
  return words;
}

interface Props {
  language: Language;
  catalog: Catalog;
  children: ReactNode;
}

export function WordsProvider({ language: first, catalog, children }: Props) {
  const [spoken, setSpoken] = useState({ language: first, catalog });
  const speak = useCallback((language: Language) => {
    keepLanguage(language);
    void loadAll(language).then((all) => setSpoken({ language, catalog: all }));
  }, []);
  useEffect(() => {
    document.documentElement.lang = spoken.language;
  }, [spoken.language]);
  const words = useMemo<Words>(() => {
    const { language, catalog: all } = spoken;
    const say = (key: string, values?: Values) => translate(all, language, key, values);
    const isKnown = (key: string) => key in all || `${key}_other` in all;
    return {
      language,
      locale: localeOf(language),
      t: say,
      known: (key, values) => (isKnown(key as CatalogKey) ? say(key, values) : null),
      speak,
    };
  }, [spoken, speak]);
  return <Context value={words}>{children}</Context>;
}
