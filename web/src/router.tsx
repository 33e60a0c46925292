/**
 * Every address of the page. A page is one lazy chunk: to add one, write `src/pages/Name.tsx` with a default
 * export, add a route here, and a link where people will look for it.
 */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { readFilter } from "@/pages/project/filter";
import { Shell } from "@/parts/Shell";
import { Empty, Failed, Loading } from "@/parts/States";

const root = createRootRoute({ component: Shell });

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  component: lazyRouteComponent(() => import("@/pages/Home")),
});
const projects = createRoute({
  getParentRoute: () => root,
  path: "/projects",
  component: lazyRouteComponent(() => import("@/pages/Projects")),
});
const project = createRoute({
  getParentRoute: () => root,
  path: "/projects/$projectId",
  component: lazyRouteComponent(() => import("@/pages/project/Project")),
});
const projectTabs = project.addChildren([
  createRoute({
    getParentRoute: () => project,
    path: "/",
    component: lazyRouteComponent(() => import("@/pages/project/Overview")),
  }),
  createRoute({
    getParentRoute: () => project,
    path: "/items",
    validateSearch: readFilter,
    component: lazyRouteComponent(() => import("@/pages/project/Items")),
  }),
  createRoute({
    getParentRoute: () => project,
    path: "/ingest",
    component: lazyRouteComponent(() => import("@/pages/project/Ingest")),
  }),
  createRoute({
    getParentRoute: () => project,
    path: "/gate",
    component: lazyRouteComponent(() => import("@/pages/project/Gate")),
  }),
  createRoute({
    getParentRoute: () => project,
    path: "/subjects",
    component: lazyRouteComponent(() => import("@/pages/project/Subjects")),
  }),
  createRoute({
    getParentRoute: () => project,
    path: "/gate/rules",
    component: lazyRouteComponent(() => import("@/pages/project/GateRules")),
  }),
  createRoute({
    getParentRoute: () => project,
    path: "/gate/models",
    component: lazyRouteComponent(() => import("@/pages/project/FaceModels")),
  }),
  createRoute({
    getParentRoute: () => project,
    path: "/oversight",
    component: lazyRouteComponent(() => import("@/pages/project/Oversight")),
  }),
  createRoute({
    getParentRoute: () => project,
    path: "/quality",
    component: lazyRouteComponent(() => import("@/pages/project/Quality")),
  }),
  createRoute({
    getParentRoute: () => project,
    path: "/quality/studies/$studyId",
    component: lazyRouteComponent(() => import("@/pages/project/Study")),
  }),
  createRoute({
    getParentRoute: () => project,
    path: "/quality/studies/$studyId/judge",
    component: lazyRouteComponent(() => import("@/pages/project/StudyJudge")),
  }),
  createRoute({
    getParentRoute: () => project,
    path: "/overdue",
    component: lazyRouteComponent(() => import("@/pages/project/Overdue")),
  }),
  createRoute({
    getParentRoute: () => project,
    path: "/appeals",
    component: lazyRouteComponent(() => import("@/pages/project/Appeals")),
  }),
  createRoute({
    getParentRoute: () => project,
    path: "/gold",
    component: lazyRouteComponent(() => import("@/pages/project/Gold")),
  }),
  createRoute({
    getParentRoute: () => project,
    path: "/tiers",
    component: lazyRouteComponent(() => import("@/pages/project/Tiers")),
  }),
  createRoute({
    getParentRoute: () => project,
    path: "/vendors",
    component: lazyRouteComponent(() => import("@/pages/project/Vendors")),
  }),
  createRoute({
    getParentRoute: () => project,
    path: "/releases",
    component: lazyRouteComponent(() => import("@/pages/project/Releases")),
  }),
  createRoute({
    getParentRoute: () => project,
    path: "/evidence",
    component: lazyRouteComponent(() => import("@/pages/project/Evidence")),
  }),
  createRoute({
    getParentRoute: () => project,
    path: "/people",
    component: lazyRouteComponent(() => import("@/pages/project/People")),
  }),
  createRoute({
    getParentRoute: () => project,
    path: "/guideline",
    component: lazyRouteComponent(() => import("@/pages/project/Guideline")),
  }),
  createRoute({
    getParentRoute: () => project,
    path: "/ontology",
    component: lazyRouteComponent(() => import("@/pages/project/Ontology")),
  }),
  createRoute({
    getParentRoute: () => project,
    path: "/qualifications",
    component: lazyRouteComponent(() => import("@/pages/project/Qualifications")),
  }),
  createRoute({
    getParentRoute: () => project,
    path: "/protocol",
    component: lazyRouteComponent(() => import("@/pages/project/Protocol")),
  }),
  createRoute({
    getParentRoute: () => project,
    path: "/protocol/document",
    component: lazyRouteComponent(() => import("@/pages/project/ProtocolEditor")),
  }),
]);
const release = createRoute({
  getParentRoute: () => root,
  path: "/releases/$releaseId",
  component: lazyRouteComponent(() => import("@/pages/Release")),
});
const item = createRoute({
  getParentRoute: () => root,
  path: "/items/$itemId",
  component: lazyRouteComponent(() => import("@/pages/item/Item")),
});
const users = createRoute({
  getParentRoute: () => root,
  path: "/users",
  component: lazyRouteComponent(() => import("@/pages/Users")),
});
const account = createRoute({
  getParentRoute: () => root,
  path: "/account",
  component: lazyRouteComponent(() => import("@/pages/Account")),
});
const findings = createRoute({
  getParentRoute: () => root,
  path: "/findings",
  component: lazyRouteComponent(() => import("@/pages/Findings")),
});
const returned = createRoute({
  getParentRoute: () => root,
  path: "/returned",
  component: lazyRouteComponent(() => import("@/pages/Returned")),
});
const log = createRoute({
  getParentRoute: () => root,
  path: "/log",
  component: lazyRouteComponent(() => import("@/pages/Log")),
});
/** The workspace: the only route without the frame of the others. */
const work = createRoute({
  getParentRoute: () => root,
  path: "/work/$taskId",
  component: lazyRouteComponent(() => import("@/pages/Work")),
});

export const router = createRouter({
  routeTree: root.addChildren([
    home,
    projects,
    projectTabs,
    release,
    item,
    users,
    account,
    findings,
    returned,
    log,
    work,
  ]),
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
