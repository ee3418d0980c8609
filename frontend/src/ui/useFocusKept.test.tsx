import { render, screen } from "@testing-library/react";
import { expect, it } from "vitest";

import { useFocusKept } from "./useFocusKept";

function Doing({ isDone }: { isDone: boolean }) {
  const heading = useFocusKept<HTMLHeadingElement>(isDone);
  return (
    <>
      <h2 ref={heading} tabIndex={-1}>
        Done
      </h2>
      {isDone ? null : <button type="button">Do it</button>}
      <button type="button">Else</button>
    </>
  );
}

function Saving({ isSaved }: { isSaved: boolean }) {
  const actions = useFocusKept<HTMLFieldSetElement>(isSaved);
  return (
    <fieldset ref={actions} tabIndex={-1}>
      <button type="button" disabled={isSaved}>
        Save
      </button>
    </fieldset>
  );
}

it("keeps the focus where what had it went away", () => {
  const { rerender } = render(<Doing isDone={false} />);
  screen.getByText("Do it").focus();
  rerender(<Doing isDone />);
  expect(screen.getByText("Done")).toHaveFocus();
});

it("does not wait until the browser takes the focus from what cannot be used", () => {
  const { rerender } = render(<Saving isSaved={false} />);
  screen.getByText("Save").focus();
  rerender(<Saving isSaved />);
  expect(screen.getByRole("group")).toHaveFocus();
});

it("leaves the focus where it is, and takes none as the page comes", () => {
  const { rerender } = render(<Doing isDone={false} />);
  expect(document.body).toHaveFocus();
  screen.getByText("Else").focus();
  rerender(<Doing isDone />);
  expect(screen.getByText("Else")).toHaveFocus();
});
