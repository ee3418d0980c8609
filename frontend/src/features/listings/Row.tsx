import { Alert, Badge, Box, Button, Checkbox, Group, Radio, Stack, Text } from "@mantine/core";

import type { Sentence } from "@/api/sentence";
import { useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";
import { Said } from "@/ui/Said";

import { type Candidate, compared, isSure, type Suggestion } from "./evidence";
import classes from "./Matching.module.css";

interface Props {
  suggestion: Suggestion;
  /** The candidate that it would be linked to. */
  chosen: number | null;
  ticked: boolean;
  problem: Sentence | undefined;
  mayChange: boolean;
  onTick: (ticked: boolean) => void;
  onChoose: (variantId: number) => void;
  onLink: () => void;
  onMake: () => void;
  onKeepApart: () => void;
  onSearch: () => void;
}

/** A listing that is linked to nothing, what it may be, and what speaks for it. */
export function Row(props: Props) {
  const { suggestion, chosen, ticked, problem, mayChange } = props;
  const { t } = useWords();
  const first = suggestion.candidates[0];
  return (
    <Group wrap="nowrap" align="flex-start" gap="sm">
      <Checkbox
        mt={2}
        checked={ticked}
        disabled={!mayChange}
        aria-label={t("matching.tick", { title: suggestion.title })}
        data-row={suggestion.listing_id}
        onChange={(event) => props.onTick(event.currentTarget.checked)}
      />
      <div className={classes["body"]}>
        <div>
          <Text size="sm" fw={600}>
            {suggestion.title}
          </Text>
          <Text size="sm" c="dimmed">
            {suggestion.sku === null ? "" : `${suggestion.sku} · `}
            {t(`unlinked.${suggestion.unlinked_reason}`)}
          </Text>
        </div>
        {first === undefined ? (
          <Text size="sm" c="dimmed">
            {t("matching.noCandidate")}
          </Text>
        ) : (
          <Radio.Group
            value={String(chosen)}
            onChange={(value) => props.onChoose(Number(value))}
            aria-label={t("matching.candidates", { title: suggestion.title })}
          >
            <Stack gap={6}>
              {suggestion.candidates.map((candidate, index) => (
                <Radio
                  key={candidate.variant_id}
                  value={String(candidate.variant_id)}
                  disabled={!mayChange}
                  label={<Evidence candidate={candidate} listing={suggestion} number={index + 1} />}
                />
              ))}
            </Stack>
          </Radio.Group>
        )}
        <Group gap="xs" className={classes["actions"] ?? ""}>
          {isSure(suggestion) ? (
            <Badge variant="default" tt="none">
              {t("matching.sure")}
            </Badge>
          ) : null}
          {mayChange ? <Actions {...props} hasCandidate={first !== undefined} /> : null}
        </Group>
        {problem === undefined ? null : (
          <Alert color="red" p="xs" role="alert">
            <Text size="sm">
              <Said line={problem} />
            </Text>
          </Alert>
        )}
      </div>
    </Group>
  );
}

function Actions({ suggestion, onLink, onMake, onKeepApart, onSearch, hasCandidate }: Props & { hasCandidate: boolean }) {
  const { t } = useWords();
  const of = (action: string) => `${action}: ${suggestion.title}`;
  return (
    <Group gap="xs">
      {hasCandidate ? (
        <Button size="xs" onClick={onLink} aria-label={of(t("matching.link"))}>
          {t("matching.link")}
        </Button>
      ) : null}
      <Button size="xs" variant="default" onClick={onSearch} aria-label={of(t("matching.other"))}>
        {t("matching.other")}
      </Button>
      <Button size="xs" variant="default" onClick={onMake} aria-label={of(t("matching.new"))}>
        {t("matching.new")}
      </Button>
      {suggestion.unlinked_reason === "by_hand" ? null : (
        <Button size="xs" variant="subtle" onClick={onKeepApart} aria-label={of(t("matching.keepApart"))}>
          {t("matching.keepApart")}
        </Button>
      )}
    </Group>
  );
}

/** The candidate's title with the words marked that the listing does not have, and how like they are. */
function Evidence({ candidate, listing, number }: { candidate: Candidate; listing: Suggestion; number: number }) {
  const { t } = useWords();
  const format = useFormat();
  const facts = [
    candidate.sku ?? t("line.noSku"),
    candidate.sku !== null && candidate.sku === listing.sku ? t("matching.sameSku") : "",
    t("matching.likeness", { percent: format.number(candidate.likeness, { style: "percent" }) }),
    candidate.available === null
      ? t("matching.neverCounted")
      : t("matching.available", { count: candidate.available }),
  ];
  return (
    <>
      <Text size="sm" span>
        <Box component="span" className={classes["number"] ?? ""} aria-hidden="true">
          {number}
        </Box>
        {compared(candidate.title, listing.title).map(({ text, differs }, index) =>
          differs ? (
            <mark key={index} className={classes["differs"] ?? ""}>
              {text}
            </mark>
          ) : (
            text
          ),
        )}
      </Text>
      <Text size="sm" c="dimmed">
        {facts.filter((fact) => fact !== "").join(" · ")}
      </Text>
      {candidate.listed_here ? <Text size="sm">{t("matching.listedHere")}</Text> : null}
    </>
  );
}
