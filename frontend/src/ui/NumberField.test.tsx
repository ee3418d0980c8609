import { MantineProvider } from "@mantine/core";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { describe, expect, it } from "vitest";

import de from "@/i18n/de.json";
import en from "@/i18n/en.json";
import { WordsProvider } from "@/i18n/words";

import { NumberField } from "./NumberField";
import type { Entered } from "./numbers";

let last: Entered;

function Form({ from, digits }: { from: Entered; digits: number }) {
  const [value, setValue] = useState(from);
  const change = (entered: Entered) => {
    last = entered;
    setValue(entered);
  };
  return <NumberField label="Price" min={0} max={1_000_000} digits={digits} value={value} onChange={change} />;
}

function field(language: "en" | "de", from: Entered = "", digits = 2) {
  const form = (now: number) => (
    <MantineProvider env="test">
      <WordsProvider language={language} catalog={language === "de" ? de : en}>
        <Form from={from} digits={now} />
      </WordsProvider>
    </MantineProvider>
  );
  const { rerender } = render(form(digits));
  return { box: screen.getByRole("textbox", { name: "Price" }), withDigits: (now: number) => rerender(form(now)) };
}

describe("a number's field", () => {
  it.each([
    ["en", "1,234.50", 1234.5, "1234.50"],
    ["de", "1.234,50", 1234.5, "1234,50"],
    ["de", "12,5", 12.5, "12,50"],
  ] as const)("takes what is written in %s: %s, and shows what it understood", async (language, text, number, shown) => {
    const { box } = field(language);
    await userEvent.type(box, text);
    expect(box).toHaveValue(text);
    await userEvent.tab();
    expect(last).toBe(number);
    expect(box).toHaveValue(shown);
    expect(box).toBeValid();
  });

  it.each([
    ["en", "1.234,50", "That is not certain as a number. Write it like 1,234.50 or 1234.50."],
    ["de", "12.50", "Als Zahl nicht eindeutig. Bitte so schreiben: 1.234,50 oder 1234,50."],
    ["en", "1000001", "A number from 0 to 1,000,000, please."],
  ] as const)("refuses in %s %s, with words once it is left", async (language, text, words) => {
    const { box } = field(language);
    await userEvent.type(box, text);
    expect(box).toBeValid();
    expect(last).toBe(text);
    await userEvent.tab();
    expect(box).toBeInvalid();
    expect(box).toHaveAccessibleDescription(words);
    expect(box).toHaveValue(text);
  });

  it("shows what there is as the language writes it", () => {
    expect(field("de", 1234.5).box).toHaveValue("1234,50");
  });

  it("reads again what was typed before its currency was known", async () => {
    const { box, withDigits } = field("en");
    await userEvent.type(box, "1.250");
    expect(last).toBe("1.250");
    withDigits(3);
    expect(last).toBe(1.25);
    expect(box).toHaveValue("1.250");
    withDigits(0);
    expect(box).toHaveValue("1.25");
  });

  it("goes up and down by the arrows where it is whole", async () => {
    const { box } = field("en", 1, 0);
    await userEvent.type(box, "{ArrowUp}{ArrowUp}");
    expect(last).toBe(3);
    await userEvent.type(box, "{ArrowDown}{ArrowDown}{ArrowDown}{ArrowDown}");
    expect(last).toBe(0);
  });
});
