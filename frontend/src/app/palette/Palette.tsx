import { CloseButton, Modal, Text, TextInput } from "@mantine/core";
import { type KeyboardEvent, useEffect, useId, useState } from "react";

import { useWords } from "@/i18n/words";
import { Icon } from "@/ui/icons";
import { useFocusReturned } from "@/ui/useFocusReturned";

import { matching, type Offer, useCommands } from "./commands";
import { useHits } from "./hits";
import classes from "./Palette.module.css";

/** Finds everything by keyboard. */
export default function Palette({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useWords();
  return (
    <Modal.Root opened={opened} onClose={onClose} returnFocus={false} size={600} yOffset="8dvh" padding={0}>
      <Modal.Overlay />
      <Modal.Content aria-label={t("shell.palette")}>
        <Finder onEnd={onClose} />
      </Modal.Content>
    </Modal.Root>
  );
}

/** Begins anew each time that the palette opens. */
function Finder({ onEnd }: { onEnd: () => void }) {
  const { t } = useWords();
  const [text, setText] = useState("");
  const [picked, setPicked] = useState<string | null>(null);
  const listId = useId();
  useFocusReturned();
  const term = text.trim();
  const commands = useCommands();
  const hits = useHits(term);
  const found = [...matching(commands, term), ...hits.groups];
  const groups = [...found, ...hits.further];
  const offers = groups.flatMap((group) => group.offers);
  const first = term === "" ? undefined : offers[0];
  const active = offers.find(({ id }) => id === picked) ?? first;
  const idOf = (offer: Offer) => `${listId}${offer.id}`;
  const activeId = active === undefined ? undefined : idOf(active);
  useEffect(() => {
    if (activeId !== undefined) {
      document.getElementById(activeId)?.scrollIntoView({ block: "nearest" });
    }
  }, [activeId]);

  const go = (offer: Offer) => {
    offer.go();
    if (offer.stays !== true) {
      onEnd();
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      const at = active === undefined ? (step > 0 ? -1 : 0) : offers.indexOf(active);
      setPicked(offers.at((at + step) % offers.length)?.id ?? null);
    } else if (event.key === "Enter" && active !== undefined && !event.nativeEvent.isComposing) {
      event.preventDefault();
      go(active);
    }
  };

  return (
    <div className={classes["finder"]}>
      <TextInput
        variant="unstyled"
        size="lg"
        className={classes["search"] ?? ""}
        aria-label={t("palette.search")}
        placeholder={t("palette.search")}
        leftSection={<Icon name="search" />}
        rightSection={<CloseButton aria-label={t("action.close")} onClick={onEnd} />}
        maxLength={100}
        data-autofocus
        role="combobox"
        aria-expanded
        aria-haspopup="listbox"
        aria-autocomplete="list"
        aria-controls={listId}
        aria-activedescendant={activeId}
        autoComplete="off"
        spellCheck={false}
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value);
          setPicked(null);
        }}
        onKeyDown={onKeyDown}
      />
      <div role="listbox" id={listId} aria-label={t("palette.found.label")} className={classes["list"]}>
        {groups.map(({ name, offers: some }) => (
          <div key={name} role="group" aria-label={name}>
            <Text size="xs" fw={600} c="dimmed" className={classes["name"] ?? ""} aria-hidden="true">
              {name}
            </Text>
            {some.map((offer) => (
              <div
                key={offer.id}
                id={idOf(offer)}
                role="option"
                aria-selected={offer === active}
                className={classes["offer"]}
                // The focus stays where one types.
                onMouseDown={(event) => event.preventDefault()}
                onClick={() => go(offer)}
              >
                <Icon name={offer.icon} />
                <span className={classes["words"]}>
                  {offer.label}
                  {offer.hint === undefined ? null : <span className={classes["hint"]}>{offer.hint}</span>}
                </span>
              </div>
            ))}
          </div>
        ))}
      </div>
      <Text role="status" size="sm" c="dimmed" className={classes["status"] ?? ""}>
        {hits.status ?? (term === "" ? t("palette.start") : t("palette.found", { count: found.flatMap((group) => group.offers).length }))}
      </Text>
    </div>
  );
}
