import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { client, type Schemas } from "@/api/client";
import { problemOf } from "@/api/problem";
import { useWords } from "@/i18n/words";
import { useTellDone } from "@/ui/done";
import { Failed, Loading } from "@/ui/states";

import { refresh } from "./changes";
import { changesOf, type Fields, fieldsOf } from "./fields";
import { VariantForm } from "./VariantForm";

interface Versioned {
  before: Fields;
  /** A change is refused where somebody else changed it meanwhile. */
  version: string | null;
}

/** Says anew what a SKU is called, costs, and when it is low. */
export default function EditVariant({ variantId, onClose }: { variantId: number; onClose: () => void }) {
  const { t } = useWords();
  const params = { path: { variant_id: variantId } };
  const found = useQuery({
    // Not what events make old: who is editing is not disturbed, unless somebody else has saved meanwhile.
    queryKey: ["variant-fields", variantId],
    queryFn: async ({ signal }): Promise<Versioned> => {
      const { data, response } = await client.GET("/api/v1/variants/{variant_id}", { params, signal });
      return { before: fieldsOf(data as Schemas["VariantDetail"]), version: response.headers.get("ETag") };
    },
    staleTime: Infinity,
    gcTime: 0,
  });
  const save = useSave(variantId, () => void found.refetch(), onClose);
  if (found.isPending) {
    return <Loading rows={3} />;
  }
  if (found.data === undefined) {
    return <Failed error={found.error} retry={() => void found.refetch()} retrying={found.isFetching} />;
  }
  const { before, version } = found.data;
  return (
    <VariantForm
      key={version}
      title={t("action.edit")}
      lead={t("variant.means")}
      before={before}
      go={t("action.save")}
      busy={save.isPending}
      // Not the form's own: it stays where the form begins anew by what somebody else has saved.
      error={save.error}
      onSave={(fields) => save.mutateAsync({ version, changes: changesOf(fields, before) })}
      onCancel={onClose}
    />
  );
}

interface Change {
  version: string | null;
  changes: Schemas["ChangeVariantInput"];
}

function useSave(variantId: number, onOutdated: () => void, onSaved: () => void) {
  const { t } = useWords();
  const queries = useQueryClient();
  const tell = useTellDone();
  return useMutation({
    mutationFn: ({ version, changes }: Change) =>
      client.PATCH("/api/v1/variants/{variant_id}", {
        params: { path: { variant_id: variantId } },
        headers: version === null ? {} : { "If-Match": version },
        body: changes,
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
