import { useNavigate } from "@tanstack/react-router";

import { Connect } from "@/features/connections/Connect";
import { goTo } from "@/ui/leaving";
import { TrySandbox } from "@/features/sandbox_shops/TrySandbox";

export function ConnectScreen() {
  const navigate = useNavigate();
  return (
    <Connect
      sandbox={
        <TrySandbox
          isSection
          onAsked={goTo}
          onConnected={(id) =>
            void navigate({ to: "/connections/$connectionId", params: { connectionId: String(id) } })
          }
        />
      }
    />
  );
}
