import { goTo } from "@/ui/leaving";
import type { Schemas } from "@/api/client";
import { LookAround } from "@/features/sample_data/LookAround";
import { TrySandbox } from "@/features/sandbox_shops/TrySandbox";
import { ConnectShop } from "@/ui/NoShop";

interface Props {
  role: Schemas["Me"]["role"];
  onSample: (accountId: number) => void;
}

/** What somebody without a shop may do. */
export default function Beginnings({ role, onSample }: Props) {
  return (
    <>
      <ConnectShop />
      <TrySandbox onAsked={goTo} onConnected={() => undefined} />
      <LookAround role={role} onMade={onSample} />
    </>
  );
}
