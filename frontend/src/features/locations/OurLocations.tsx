import { Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api, client, type Schemas } from "@/api/client";
import { useWords } from "@/i18n/words";
import { changeAsShown } from "@/ui/editing";
import { NameDialog } from "@/ui/NameDialog";
import { useTellProblem } from "@/ui/notify";
import { usePlaces } from "@/ui/places";
import { Section } from "@/ui/Section";
import { Failed, Loading, TooMuch } from "@/ui/states";

/** As the API has it (app/services/locations.py). */
const LONGEST_NAME = 200;
const LIST = ["get", "/api/v1/locations"] as const;

type Location = Schemas["Location"];

/** Where the account keeps stock: what each place is called, and another one. */
export function OurLocations() {
  const { t } = useWords();
  const { query: found, hasMore } = usePlaces();
  return (
    <Section title={t("locations.ours")} lead={t("locations.ours.lead")}>
      {found.data !== undefined ? (
        <>
          <Names locations={found.data.items} />
          {hasMore ? <TooMuch shown={found.data.items.length}>{t("locations.tooMuch")}</TooMuch> : null}
          <NewLocation />
        </>
      ) : found.isError ? (
        <Failed error={found.error} retry={() => void found.refetch()} retrying={found.isFetching} />
      ) : (
        <Loading rows={2} />
      )}
    </Section>
  );
}

function Names({ locations }: { locations: readonly Location[] }) {
  const { t } = useWords();
  const [asked, setAsked] = useState<number | null>(null);
  const close = () => setAsked(null);
  // Meanwhile the dialog may be about another one.
  const rename = useRename((id) => setAsked((now) => (now === id ? null : now)));
  const renamed = locations.find(({ id }) => id === asked);
  return (
    <>
      <Stack component="ul" gap={4} p={0} m={0} style={{ listStyle: "none" }}>
        {locations.map((location) => (
          <Group key={location.id} component="li" justify="space-between" wrap="nowrap">
            <Text size="sm">{location.name}</Text>
            <Button
              variant="subtle"
              size="compact-sm"
              aria-label={t("locations.rename.one", { name: location.name })}
              onClick={() => setAsked(location.id)}
            >
              {t("locations.rename")}
            </Button>
          </Group>
        ))}
      </Stack>
      <NameDialog
        opened={renamed !== undefined}
        title={t("locations.rename.title")}
        action={t("action.save")}
        name={renamed?.name ?? ""}
        longest={LONGEST_NAME}
        busy={rename.isPending && rename.variables.location.id === asked}
        onName={(name) =>
          renamed === undefined || name === renamed.name ? close() : rename.mutate({ location: renamed, name })
        }
        onClose={close}
      />
    </>
  );
}

function useRename(onDone: (id: number) => void) {
  const queries = useQueryClient();
  const tell = useTellProblem();
  return useMutation({
    mutationFn: ({ location, name }: { location: Location; name: string }) => {
      const params = { path: { location_id: location.id } };
      return changeAsShown({
        read: () => client.GET("/api/v1/locations/{location_id}", { params }),
        isAsShown: (now) => now.name === location.name,
        write: (headers) => client.PATCH("/api/v1/locations/{location_id}", { params, headers, body: { name } }),
      });
    },
    onSuccess: async (_, { location }) => {
      onDone(location.id);
      // Most of what is shown names it.
      await queries.invalidateQueries();
    },
    onError: (error) => {
      tell(error);
      void queries.invalidateQueries({ queryKey: LIST });
    },
  });
}

function NewLocation() {
  const { t } = useWords();
  const queries = useQueryClient();
  const tell = useTellProblem();
  const [name, setName] = useState("");
  const make = api.useMutation("post", "/api/v1/locations", {
    onSuccess: async () => {
      setName("");
      await queries.invalidateQueries({ queryKey: LIST });
    },
    onError: tell,
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (name.trim() !== "") {
          make.mutate({ body: { name: name.trim() } });
        }
      }}
    >
      <Group gap="xs" align="flex-end">
        <TextInput
          label={t("locations.new")}
          value={name}
          maxLength={LONGEST_NAME}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Button type="submit" variant="default" disabled={name.trim() === ""} loading={make.isPending}>
          {t("action.add")}
        </Button>
      </Group>
    </form>
  );
}
