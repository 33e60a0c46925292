/**
 * Every address of the page. A page is one lazy chunk: to add one, write `src/pages/Name.tsx` with a default
 * export, add a route here, and a link where people will look for it.
 */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { Shell } from "@/parts/Shell";
import { Empty, Failed, Loading } from "@/parts/States";

const root = createRootRoute({ component: Shell });

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  component: lazyRouteComponent(() => import("@/pages/Home")),
});

/** The workspace: the only route without the frame of the others. */
export const workRoute = createRoute({
  getParentRoute: () => root,
  path: "/work/$taskId",
  component: lazyRouteComponent(() => import("@/pages/Work")),
});

const routes = root.addChildren([home, workRoute]);

export const router = createRouter({
  routeTree: routes,
  defaultPreload: "intent",
  defaultPendingComponent: () => <Loading />,
  defaultErrorComponent: ({ error, reset }) => <Failed error={error} retry={reset} />,
  defaultNotFoundComponent: () => (
    <Empty title="Not here">This address does not exist, or it is not yours to see.</Empty>
  ),
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
