import { TextInput, type TextInputProps } from "@mantine/core";
import { type FocusEvent, type KeyboardEvent, useEffect, useEffectEvent, useState } from "react";

import { useWords } from "@/i18n/words";

import { type Entered, isUncertain, numberFrom, written } from "./numbers";

interface Props extends Omit<TextInputProps, "value" | "onChange" | "min" | "max" | "type" | "inputMode"> {
  value?: Entered;
  /** The number once it is certain and fits, else what is typed; empty for none. */
  onChange?: (value: Entered) => void;
  min: number;
  max: number;
  /** Behind the separator, of an amount; whole numbers have none. */
  digits?: number;
  /** As many of them are always written: all, as of an amount, where nothing else is said. */
  fewest?: number;
}

/** A number, typed as the reader's language writes it. What is not certain is not taken, and says so once the field is
 *  left. */
export function NumberField({ value = "", onChange, min, max, digits = 0, fewest = digits, ...props }: Props) {
  const { error, onBlur, onKeyDown, ...others } = props;
  const { t, locale } = useWords();
  const [typed, setTyped] = useState("");
  const [left, setLeft] = useState(false);
  const read = (text: string): Entered => {
    const number = numberFrom(text, locale, digits);
    return number === null || number < min || number > max ? text.trim() : number;
  };
  const readAgain = useEffectEvent(() => {
    if (isUncertain(value) && read(String(value)) !== value) {
      onChange?.(read(String(value)));
    }
  });
  useEffect(() => readAgain(), [digits]);

  const type = (text: string) => {
    setTyped(text);
    onChange?.(read(text));
  };
  const step = (event: KeyboardEvent<HTMLInputElement>) => {
    onKeyDown?.(event);
    if (event.key === "Enter") {
      setLeft(true);
    }
    const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (by !== undefined && digits === 0 && typeof value === "number" && others.readOnly !== true) {
      event.preventDefault();
      type(written(Math.min(max, Math.max(min, value + by)), locale, 0));
    }
  };
  const fault = () => {
    if (numberFrom(String(value), locale, digits) !== null) {
      return t("number.range", { min, max });
    }
    const example = digits === 0 ? 1234 : 1234.5;
    const options = { minimumFractionDigits: fewest };
    return t("number.uncertain", {
      grouped: new Intl.NumberFormat(locale, options).format(example),
      plain: written(example, locale, fewest),
    });
  };
  return (
    <TextInput
      autoComplete="off"
      inputMode={min < 0 ? "text" : digits > 0 ? "decimal" : "numeric"}
      {...others}
      value={read(typed) === value ? typed : written(value, locale, fewest)}
      onChange={(event) => type(event.currentTarget.value)}
      onKeyDown={step}
      onFocus={(event) => {
        setLeft(false);
        others.onFocus?.(event);
      }}
      onBlur={(event: FocusEvent<HTMLInputElement>) => {
        setLeft(true);
        // As it was understood.
        setTyped("");
        onBlur?.(event);
      }}
      error={isUncertain(value) && (left || Boolean(error)) ? fault() : error}
    />
  );
}
