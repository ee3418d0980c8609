import { useMutation } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useEffect } from "react";

import { actFor } from "@/api/acting";
import { Failed } from "@/ui/states";

import { Waiting } from "./Fallbacks";
import { useSwitched } from "./switching";

const here = getRouteApi("/inside/switch/$accountId");

/** Acts for another account from here on. A step of its own, which one is asked about where something is not saved: who
 *  stays there goes on acting for the account that is shown. */
export function SwitchScreen() {
  const accountId = Number(here.useParams().accountId);
  const navigate = here.useNavigate();
  const switched = useSwitched();
  const { mutate, error } = useMutation({
    mutationFn: () => actFor(accountId),
    onSuccess: async () => {
      await navigate({ to: "/overview", replace: true });
      await switched();
    },
  });
  useEffect(mutate, [mutate]);
  return error === null ? <Waiting /> : <Failed error={error} retry={mutate} />;
}
