import { useQueryClient } from "@tanstack/react-query";

import { client, type Schemas } from "@/api/client";
import { useWords } from "@/i18n/words";
import { useTellDone } from "@/ui/done";
import { useEdited } from "@/ui/editing";
import { Failed, Loading } from "@/ui/states";

import { refresh } from "./changes";
import { changesOf, fieldsOf } from "./fields";
import { VariantForm } from "./VariantForm";

/** Says anew what a SKU is called, costs, and when it is low. */
export default function EditVariant({ variantId, onClose }: { variantId: number; onClose: () => void }) {
  const { t } = useWords();
  const queries = useQueryClient();
  const tell = useTellDone();
  const params = { path: { variant_id: variantId } };
  const { found, save } = useEdited({
    key: ["variant-fields", variantId],
    read: (signal) => client.GET("/api/v1/variants/{variant_id}", { params, signal }),
    write: (body: Schemas["ChangeVariantInput"], headers) =>
      client.PATCH("/api/v1/variants/{variant_id}", { params, headers, body }),
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
  const before = fieldsOf(found.data.data);
  return (
    <VariantForm
      title={t("action.edit")}
      lead={t("variant.means")}
      before={before}
      go={t("action.save")}
      busy={save.isPending}
      error={save.error}
      onSave={(fields) => save.mutateAsync(changesOf(fields, before))}
      onCancel={onClose}
    />
  );
}
