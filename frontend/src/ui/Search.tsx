import { TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useEffect, useRef, useState } from "react";

import { useWords } from "@/i18n/words";

import { Icon } from "./icons";

const TYPING_MS = 300;

interface Props {
  value: string;
  hint: string;
  onChange: (value: string) => void;
  autoFocus?: boolean;
}

/** Asks once typing pauses; follows the address when that changes by itself. */
export function Search({ value, hint, onChange, autoFocus = false }: Props) {
  const { t } = useWords();
  const [typed, setTyped] = useState(value);
  const asked = useRef(value);
  const ask = useDebouncedCallback((term: string) => {
    asked.current = term;
    onChange(term);
  }, TYPING_MS);
  useEffect(() => {
    if (value !== asked.current) {
      asked.current = value;
      setTyped(value);
    }
  }, [value]);
  return (
    <TextInput
      type="search"
      label={t("filters.search")}
      placeholder={hint}
      leftSection={<Icon name="search" />}
      maxLength={100}
      autoFocus={autoFocus}
      data-autofocus={autoFocus || undefined}
      value={typed}
      onChange={(event) => {
        setTyped(event.currentTarget.value);
        ask(event.currentTarget.value.trim());
      }}
      style={{ flex: "1 1 220px" }}
    />
  );
}
