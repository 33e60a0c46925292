/** Who is in front of the screen decides what is shown: nothing yet, sign-in, a first password, or the pages. */
import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider, useQuery } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { onSignedOut } from "@/api/client";
import { asProblem } from "@/api/problem";
import { meQuery } from "@/api/session";
import { ContractOver, mayWork } from "@/parts/ContractOver";
import { usePreferences } from "@/parts/preferences";
import { FirstPasswordScreen, SignInAgain, SignInScreen } from "@/parts/SignIn";
import { Failed } from "@/parts/States";
import { router } from "@/router";
import { theme } from "@/theme";

/** Tries after a failure that may pass by itself; refusals are answers and are not repeated. */
const RETRIES = 2;

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      retry: (failures, error) => failures < RETRIES && asProblem(error).transient,
    },
    mutations: { retry: false },
  },
});

function Gatekeeper() {
  const me = useQuery(meQuery);
  const [expired, setExpired] = useState(false);
  const signedIn = me.data ?? null;

  useEffect(() => {
    onSignedOut(() => {
      if (queryClient.getQueryData(meQuery.queryKey)) setExpired(true);
    });
  }, []);

  if (me.isPending) return null;
  if (!signedIn) {
    const failed = me.isError && asProblem(me.error).status !== 401;
    return failed ? <Failed error={me.error} retry={() => me.refetch()} /> : <SignInScreen />;
  }
  if (signedIn.must_change_password) return <FirstPasswordScreen />;
  if (!mayWork(signedIn.organization)) return <ContractOver organization={signedIn.organization} />;
  return (
    <>
      <RouterProvider router={router} />
      <SignInAgain login={signedIn.user.login} opened={expired} onDone={() => setExpired(false)} />
    </>
  );
}

export function App() {
  const { scheme } = usePreferences();
  return (
    // Variables and helper classes come from style sheets (see styles.ts): the content policy allows no inline <style>.
    <MantineProvider
      theme={theme}
      forceColorScheme={scheme}
      withCssVariables={false}
      withGlobalClasses={false}
    >
      <QueryClientProvider client={queryClient}>
        <Gatekeeper />
      </QueryClientProvider>
    </MantineProvider>
  );
}
