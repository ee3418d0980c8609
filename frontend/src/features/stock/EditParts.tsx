import { ActionIcon, Alert, Button, Card, Group, NumberInput, Stack, Text, Title } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { client, type Schemas } from "@/api/client";
import { problemOf } from "@/api/problem";
import { useWords } from "@/i18n/words";
import { useTellDone } from "@/ui/done";
import { Icon } from "@/ui/icons";
import { LeaveGuard } from "@/ui/LeaveGuard";
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
  quantity: number | string;
  /** It was added just now: how many is what is said next. */
  isNew?: boolean;
}

interface Versioned {
  parts: Part[];
  /** A change is refused where somebody else changed them meanwhile. */
  version: string | null;
}

/** Says anew what a SKU is made of, and what that does before it is done. */
export default function EditParts({ variant, onClose }: { variant: Variant; onClose: () => void }) {
  const params = { path: { variant_id: variant.id } };
  const found = useQuery({
    // Not what events make old: who is editing is not disturbed, unless somebody else has saved meanwhile.
    queryKey: ["bundle-parts", variant.id],
    queryFn: async ({ signal }): Promise<Versioned> => {
      const [{ data, response }, named] = await Promise.all([
        client.GET("/api/v1/bundles/{variant_id}", { params, signal }),
        client.GET("/api/v1/variants/{variant_id}", { params, signal }),
      ]);
      const titles = new Map(named.data?.components.map((part) => [part.variant_id, part.title]));
      const parts = (data?.components ?? []).map(({ variant_id: id, sku, quantity }) => ({
        ...{ id, quantity },
        name: sku ?? titles.get(id) ?? String(id),
      }));
      return { parts, version: response.headers.get("ETag") };
    },
    staleTime: Infinity,
    gcTime: 0,
  });
  const save = useSave(variant.id, () => void found.refetch(), onClose);
  if (found.isPending) {
    return <Loading rows={3} />;
  }
  if (found.data === undefined) {
    return <Failed error={found.error} retry={() => void found.refetch()} retrying={found.isFetching} />;
  }
  return <Form key={found.data.version} variant={variant} found={found.data} save={save} onClose={onClose} />;
}

interface FormProps {
  variant: Variant;
  found: Versioned;
  /** Not the form's own: what it says stays where the form begins anew by what somebody else has saved. */
  save: ReturnType<typeof useSave>;
  onClose: () => void;
}

function Form({ variant, found, save, onClose }: FormProps) {
  const { t } = useWords();
  const [parts, setParts] = useState(found.parts);
  const components = componentsOf(parts);
  const isChanged = JSON.stringify(components) !== JSON.stringify(componentsOf(found.parts));
  const isSaved = parts.every(({ quantity }) => isQuantity(quantity)) && isChanged;
  const change = (id: number, quantity: number | string) =>
    setParts(parts.map((part) => (part.id === id ? { ...part, quantity } : part)));
  return (
    <Card withBorder>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (isSaved) {
            save.mutate({ version: found.version, components });
          }
        }}
        noValidate
      >
        <Stack gap="md">
          {parts.length === 0 ? null : (
            <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: "none" }} aria-label={t("parts.madeOf")}>
              {parts.map(({ id, name, quantity, isNew = false }) => (
                <Group key={id} component="li" gap="xs" wrap="nowrap" align="flex-start">
                  <NumberInput
                    aria-label={t("parts.quantity", { name })}
                    autoFocus={isNew}
                    w={96}
                    min={1}
                    max={MOST_OF_ONE}
                    clampBehavior="none"
                    allowDecimal={false}
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
                    aria-label={t("members.remove.of", { email: name })}
                    onClick={() => setParts(parts.filter((part) => part.id !== id))}
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
                go={t("locations.add")}
                label={(title) => t("parts.add.one", { name: title })}
                plain
                without={new Set([variant.id, ...parts.map(({ id }) => id)])}
                onPick={({ id, sku, title }) =>
                  setParts([...parts, { id, name: sku ?? title, quantity: 1, isNew: true }])
                }
              />
            </Stack>
          )}
          {isChanged ? <Means before={found.parts.length} after={parts.length} counted={variant.available} /> : null}
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
    <Alert color="yellow" icon={<Icon name="warn" />}>
      <Stack gap={4}>
        <Text size="sm" fw={600}>
          {t("parts.means")}
        </Text>
        <Text size="sm">{t(after === 0 ? "parts.means.plain" : "parts.means.bundle")}</Text>
        {becomes && counted > 0 ? <Text size="sm">{t("parts.means.off", { count: counted })}</Text> : null}
        <Text size="sm">{t("parts.means.orders")}</Text>
      </Stack>
    </Alert>
  );
}

interface Change {
  version: string | null;
  components: Component[];
}

function useSave(variantId: number, onOutdated: () => void, onSaved: () => void) {
  const { t } = useWords();
  const queries = useQueryClient();
  const tell = useTellDone();
  return useMutation({
    mutationFn: ({ version, components }: Change) =>
      client.PUT("/api/v1/bundles/{variant_id}", {
        params: { path: { variant_id: variantId } },
        headers: version === null ? {} : { "If-Match": version },
        body: { components },
      }),
    onSuccess: async () => {
      await refresh(queries);
      tell(t("action.saved"));
      onSaved();
    },
    onError: (error) => {
      if (problemOf(error).code === "precondition_failed") {
        onOutdated();
      }
    },
  });
}

function componentsOf(parts: readonly Part[]): Component[] {
  return parts.map(({ id, quantity }) => ({ variant_id: id, quantity: Number(quantity) }));
}

function isQuantity(value: number | string): boolean {
  return Number.isInteger(Number(value)) && Number(value) >= 1 && Number(value) <= MOST_OF_ONE;
}
