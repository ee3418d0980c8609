import { ActionIcon, Alert, Button, Card, Group, Stack, Text, Title } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { flushSync } from "react-dom";

import { client, type Schemas } from "@/api/client";
import { useWords } from "@/i18n/words";
import { useTellDone } from "@/ui/done";
import { type Saving, useEdited } from "@/ui/editing";
import { Icon } from "@/ui/icons";
import { LeaveGuard } from "@/ui/LeaveGuard";
import { NumberField } from "@/ui/NumberField";
import { type Entered, isWhole, wholeOf } from "@/ui/numbers";
import { Failed, Loading } from "@/ui/states";
import { VariantSearch } from "@/ui/VariantSearch";

import { refresh } from "./changes";

/** As the API has them (app/services/bundles.py). */
const MOST_PARTS = 100;
const MOST_OF_ONE = 10_000;

type Variant = Pick<Schemas["VariantDetail"], "id" | "available">;
type Component = Schemas["ComponentInput"];

/** A part as it stands in the form. */
interface Part {
  id: number;
  name: string;
  quantity: Entered;
  /** It was added just now: how many is what is said next. */
  isNew?: boolean;
}

/** Says anew what a SKU is made of, and what that does before it is done. */
export default function EditParts({ variant, onClose }: { variant: Variant; onClose: () => void }) {
  const { t } = useWords();
  const queries = useQueryClient();
  const tell = useTellDone();
  const params = { path: { variant_id: variant.id } };
  const { found, save } = useEdited({
    key: ["bundle-parts", variant.id],
    read: (signal) => client.GET("/api/v1/bundles/{variant_id}", { params, signal }),
    write: (components: Component[], headers) =>
      client.PUT("/api/v1/bundles/{variant_id}", { params, headers, body: { components } }),
    onSaved: async () => {
      await refresh(queries);
      tell(t("action.saved"));
      onClose();
    },
  });
  if (found.isPending) {
    return <Loading rows={3} />;
  }
  if (found.data === undefined) {
    return <Failed error={found.error} retry={() => void found.refetch()} retrying={found.isFetching} />;
  }
  const { data, version } = found.data;
  return <Form key={version} variant={variant} before={partsOf(data)} save={save} onClose={onClose} />;
}

interface FormProps {
  variant: Variant;
  before: readonly Part[];
  save: Saving<Component[]>;
  onClose: () => void;
}

function Form({ variant, before, save, onClose }: FormProps) {
  const { t } = useWords();
  const [parts, setParts] = useState(before);
  const components = componentsOf(parts);
  const isChanged = JSON.stringify(components) !== JSON.stringify(componentsOf(before));
  const isSaved = parts.every(({ quantity }) => isQuantity(quantity)) && isChanged;
  const form = useRef<HTMLFormElement>(null);
  const change = (id: number, quantity: Entered) =>
    setParts(parts.map((part) => (part.id === id ? { ...part, quantity } : part)));
  const remove = (index: number) => {
    flushSync(() => setParts(parts.toSpliced(index, 1)));
    // What had the focus is gone.
    const left = form.current?.querySelectorAll<HTMLElement>("[data-act=remove]") ?? [];
    const next = left[Math.min(index, left.length - 1)] ?? form.current?.querySelector<HTMLElement>("[type=search]");
    next?.focus();
  };
  return (
    <Card withBorder>
      <form
        ref={form}
        onSubmit={(event) => {
          event.preventDefault();
          if (isSaved) {
            save.mutate(components);
          }
        }}
        noValidate
      >
        <Stack gap="md">
          {parts.length === 0 ? null : (
            <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: "none" }} aria-label={t("parts.madeOf")}>
              {parts.map(({ id, name, quantity, isNew = false }, index) => (
                <Group key={id} component="li" gap="xs" wrap="nowrap" align="flex-start">
                  <NumberField
                    aria-label={t("parts.quantity", { name })}
                    autoFocus={isNew || index === 0}
                    w={96}
                    min={1}
                    max={MOST_OF_ONE}
                    readOnly={save.isPending}
                    value={quantity}
                    onChange={(value) => change(id, value)}
                    error={isQuantity(quantity) ? undefined : t("rules.wrong")}
                  />
                  <Text size="sm" lh="36px" style={{ flex: 1 }} truncate>
                    × {name}
                  </Text>
                  <ActionIcon
                    variant="subtle"
                    color="gray"
                    size="lg"
                    data-act="remove"
                    aria-label={t("parts.remove", { name })}
                    onClick={() => remove(index)}
                  >
                    <Icon name="trash" />
                  </ActionIcon>
                </Group>
              ))}
            </Stack>
          )}
          {parts.length >= MOST_PARTS ? null : (
            <Stack gap="sm" component="section" aria-label={t("parts.add")}>
              <Title order={3} size="h6">
                {t("parts.add")}
              </Title>
              <VariantSearch
                go={t("action.add")}
                label={(title) => t("parts.add.one", { name: title })}
                plain
                autoFocus={before.length === 0}
                without={new Set([variant.id, ...parts.map(({ id }) => id)])}
                onPick={({ id, sku, title }) =>
                  setParts([...parts, { id, name: sku ?? title, quantity: 1, isNew: true }])
                }
              />
            </Stack>
          )}
          {isChanged ? <Means before={before.length} after={parts.length} counted={variant.available} /> : null}
          {save.isError ? <Failed error={save.error} /> : null}
          <Group gap="xs">
            <Button type="submit" disabled={!isSaved} loading={save.isPending}>
              {t("action.save")}
            </Button>
            <Button variant="default" onClick={onClose}>
              {t("action.cancel")}
            </Button>
          </Group>
        </Stack>
      </form>
      <LeaveGuard isChanged={isChanged && !save.isPending} />
    </Card>
  );
}

/** What it does to the stock, before it is done. */
function Means({ before, after, counted }: { before: number; after: number; counted: number }) {
  const { t } = useWords();
  const becomes = before === 0 && after > 0;
  return (
    <Alert color="yellow" icon={<Icon name="warn" />} title={t("parts.means")}>
      <Stack gap={4}>
        <Text size="sm">{t(after === 0 ? "parts.means.plain" : "parts.means.bundle")}</Text>
        {becomes && counted > 0 ? <Text size="sm">{t("parts.means.off", { count: counted })}</Text> : null}
        <Text size="sm">{t("parts.means.orders")}</Text>
      </Stack>
    </Alert>
  );
}

function partsOf({ components }: Schemas["Bundle"]): Part[] {
  return components.map(({ variant_id: id, sku, title, quantity }) => ({ id, name: sku ?? title, quantity }));
}

function componentsOf(parts: readonly Part[]): Component[] {
  return parts.map(({ id, quantity }) => ({ variant_id: id, quantity: wholeOf(quantity) ?? 0 }));
}

function isQuantity(value: Entered): boolean {
  return isWhole(value, 1, MOST_OF_ONE);
}
