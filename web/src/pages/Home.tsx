/** One start page for every role: what waits, with one primary button per role. */
import { Button } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useRouter } from "@tanstack/react-router";
import { homeQuery } from "@/api/home";
import { asProblem } from "@/api/problem";
import { isOwner, useMe } from "@/api/session";
import { claimTask } from "@/api/tasks";
import type { HomeCard, Role } from "@/api/types";
import { count, title } from "@/format";
import { AccessAlerts } from "@/parts/AccessAlerts";
import { Status } from "@/parts/bits";
import { EvidenceLight } from "@/parts/EvidenceLight";
import { Feedback } from "@/parts/FeedbackCard";
import { EndingNotice } from "@/parts/Qualifications";
import { Empty, Failed, Loading, Refused } from "@/parts/States";
import { takeUp } from "@/workspace/preload";
import styles from "./Home.module.css";

/** What the number of a card counts. */
const WAITS: Record<string, string> = {
  overdue: "longer than the protocol gives it",
  continue: "begun by you",
  sign_protocol: "waiting for your signature; nobody is given work before",
  decisions: "sent back more often than the protocol allows",
  claim: "ready for you",
  findings: "waiting for your answer",
  appraisals: "to be judged in a study of your eyes",
  appeals: "waiting for a decision",
  alarms: "waiting for a decision",
  gate: "at the gate",
  holds: "on hold",
  release: "accepted, not released",
  manage: "on hold",
  vault: "waiting for the vault",
  requests: "waiting for a second person",
};
/** Who answers for the evidence of a project. */
const EVIDENCE_ROLES = new Set<Role>(["auditor", "privacy_officer"]);
/** What a card without work says, where it is not just that there is none. */
const IDLE: Record<string, string> = {
  claim: "Nothing waits for you",
  unsigned: "Work is given out once an owner has signed the protocol",
};
/** Cards that are worth a press even when nothing waits. */
const ALWAYS = new Set(["ingest", "evidence", "manage", "vault"]);
/** Which card of a role is the primary one when several have work: what was begun comes first. */
const ORDER = [
  "vault",
  "overdue",
  "continue",
  "sign_protocol",
  "decisions",
  "findings",
  "appraisals",
  "appeals",
  "alarms",
  "claim",
  "unsigned",
  "requests",
  "gate",
  "holds",
  "release",
  "ingest",
  "evidence",
  "manage",
];

export function byRole(cards: HomeCard[]): { role: Role; cards: HomeCard[] }[] {
  const groups = new Map<Role, HomeCard[]>();
  for (const card of cards) groups.set(card.role, [...(groups.get(card.role) ?? []), card]);
  const rank = (card: HomeCard) => (card.count > 0 ? 0 : ORDER.length) + ORDER.indexOf(card.kind);
  return [...groups].map(([role, list]) => ({ role, cards: [...list].sort((a, b) => rank(a) - rank(b)) }));
}

/** The one button of the page that stands out: what is most urgent of everything that waits, else what is always there. */
export function primaryOf(groups: { cards: HomeCard[] }[]): HomeCard | null {
  const firsts = groups.flatMap((group) => group.cards.slice(0, 1));
  const byOrder = [...firsts].sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind));
  return byOrder.find((card) => card.count > 0) ?? byOrder.find((card) => ALWAYS.has(card.kind)) ?? null;
}

function Card({ card, first }: { card: HomeCard; first: boolean }) {
  const navigate = useNavigate();
  const router = useRouter();
  const client = useQueryClient();
  const claim = useMutation({
    mutationFn: (project: string) => claimTask(project, { role: card.role }),
    onSuccess: (work) => {
      takeUp(client, work);
      return navigate({ to: "/work/$taskId", params: { taskId: work.task.id } });
    },
  });
  const open = () => {
    if (card.kind === "claim") claim.mutate(card.project);
    else if (card.href.startsWith("/") && !card.href.startsWith("//")) router.history.push(card.href);
  };
  const waits = card.count > 0;
  return (
    <article className={`${styles.card} ${first ? styles.first : ""}`}>
      <h3>{card.project_name}</h3>
      {card.cannot_assess ? (
        <Status tone="warn" mark="diamond">
          Cannot be assessed
        </Status>
      ) : null}
      {waits ? (
        <p>
          <span className={styles.count}>{count(card.count)}</span>{" "}
          <span className="dim">{WAITS[card.kind] ?? ""}</span>
        </p>
      ) : null}
      <Refused
        error={claim.error}
        action={
          claim.error && asProblem(claim.error).code === "guideline_unacknowledged" ? (
            <Link to="/projects/$projectId/guideline" params={{ projectId: card.project }}>
              Read the guideline
            </Link>
          ) : null
        }
      />
      <div className={styles.act}>
        {waits || ALWAYS.has(card.kind) ? (
          <Button variant={first ? "filled" : "default"} onClick={open} loading={claim.isPending}>
            {card.title}
          </Button>
        ) : (
          <span className="dim">{IDLE[card.kind] ?? "Nothing waits"}</span>
        )}
      </div>
    </article>
  );
}

export default function Home() {
  const me = useMe();
  const home = useQuery(homeQuery);
  const navigate = useNavigate();
  if (home.isPending) return <Loading />;
  if (home.isError) return <Failed error={home.error} retry={() => home.refetch()} />;
  if (home.data.length === 0) {
    return isOwner(me) ? (
      <div className="stack loose">
        <AccessAlerts />
        <Empty
          title="No project yet"
          action={<Button onClick={() => navigate({ to: "/projects" })}>Create the first project</Button>}
        >
          A project is one dataset under construction. Choose its protocol, bring data in, and give people
          their roles.
        </Empty>
      </div>
    ) : (
      <Empty title="No work for you yet">
        Nobody has given you a role in a project so far. Ask the person who invited you; this page changes by
        itself.
      </Empty>
    );
  }
  const groups = byRole(home.data);
  // Whoever answers for a project's evidence sees at the start whether it can be relied on: one log, so one light is enough.
  const answered = home.data.find((card) => EVIDENCE_ROLES.has(card.role));
  const primary = primaryOf(groups);
  return (
    <div className="stack loose">
      <h1>Hello, {me?.user.printed_name}</h1>
      <AccessAlerts />
      {answered ? <EvidenceLight project={answered.project} name="Evidence log" /> : null}
      <EndingNotice />
      <Feedback />
      <p>
        <Link to="/findings">Findings</Link> · <Link to="/returned">My returned work</Link>
      </p>
      <div className={styles.roles}>
        {groups.map((group) => (
          <section key={group.role} aria-label={title(group.role)}>
            <h2 className={styles.role}>{title(group.role)}</h2>
            <div className={styles.cards}>
              {group.cards.map((card) => (
                <Card
                  key={`${card.project}/${card.kind}/${card.title}`}
                  card={card}
                  first={card === primary}
                />
              ))}
            </div>
          </section>
        ))}
      </div>
    </div>
  );
}
