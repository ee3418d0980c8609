import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";

import { client, type Schemas } from "@/api/client";
import { useWords } from "@/i18n/words";
import { BackLink } from "@/ui/links";
import { Page } from "@/ui/Page";
import { For } from "@/ui/role";
import { type ConnectedShop, useShops } from "@/ui/shops";
import { Loading } from "@/ui/states";

import { refresh } from "./changes";
import { changesOf, type Fields, NOTHING } from "./fields";
import { VariantForm } from "./VariantForm";

/** A SKU that no shop has yet. Its page is where one goes on. */
export function NewVariant() {
  const { t } = useWords();
  return (
    <Page title={t("stock.new")} lead={<BackLink to="/stock">{t("stock.back")}</BackLink>}>
      <For least="staff">
        <Form />
      </For>
    </Page>
  );
}

function Form() {
  const { t } = useWords();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const shops = useShops();
  const make = useMutation({
    mutationFn: async ({ title, ...more }: Schemas["ChangeVariantInput"]) => {
      const { data } = await client.POST("/api/v1/variants", { body: { ...more, title: title ?? "", product_id: null } });
      return data as Schemas["VariantDetail"];
    },
    onSuccess: async ({ id }) => {
      const params = { variantId: String(id) };
      // Nothing is lost any more, and the step back is to the list, not to the form.
      await navigate({ to: "/stock/$variantId", params, replace: true, ignoreBlocker: true });
      void refresh(queries);
    },
  });
  if (shops.query.isPending) {
    return <Loading rows={3} />;
  }
  const nothing = { ...NOTHING, currency: currencyOf(shops.list) };
  return (
    <VariantForm
      title={t("stock.new")}
      before={nothing}
      go={t("stock.new.go")}
      busy={make.isPending}
      error={make.error}
      onSave={(fields: Fields) => make.mutateAsync(changesOf(fields, NOTHING))}
      onCancel={() => void navigate({ to: "/stock" })}
    />
  );
}

/** The one that all shops sell in, where there is one. */
function currencyOf(shops: readonly ConnectedShop[]): string {
  const all = new Set(shops.map(({ currency }) => currency));
  const [first] = all;
  return all.size === 1 && first !== undefined ? first : "";
}
