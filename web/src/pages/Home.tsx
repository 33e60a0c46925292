/** One start page for every role: what waits, with one primary button per role. */
import { Button } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate, useRouter } from "@tanstack/react-router";
import { homeQuery } from "@/api/home";
import { isOwner, useMe } from "@/api/session";
import { claimTask } from "@/api/tasks";
import type { HomeCard, Role } from "@/api/types";
import { count, title } from "@/format";
import { Feedback } from "@/parts/FeedbackCard";
import { Empty, Failed, Loading, Refused } from "@/parts/States";
import styles from "./Home.module.css";

/** What the number of a card counts. */
const WAITS: Record<string, string> = {
  continue: "begun by you",
  claim: "ready for you",
  gate: "at the gate",
  holds: "on hold",
  release: "accepted, not released",
  manage: "on hold",
  vault: "waiting for the vault",
  requests: "waiting for a second person",
};
/** Cards that are worth a press even when nothing waits. */
const ALWAYS = new Set(["ingest", "evidence", "manage", "vault"]);
/** Which card of a role is the primary one when several have work: what was begun comes first. */
const ORDER = [
  "vault",
  "continue",
  "claim",
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

function Card({ card, first }: { card: HomeCard; first: boolean }) {
  const navigate = useNavigate();
  const router = useRouter();
  const claim = useMutation({
    mutationFn: (project: string) => claimTask(project, { role: card.role }),
    onSuccess: (work) => navigate({ to: "/work/$taskId", params: { taskId: work.task.id } }),
  });
  const open = () => {
    if (card.kind === "claim") claim.mutate(card.project);
    else if (card.href.startsWith("/") && !card.href.startsWith("//")) router.history.push(card.href);
  };
  const waits = card.count > 0;
  return (
    <article className={`${styles.card} ${first ? styles.first : ""}`}>
      <h3>{card.project_name}</h3>
      {waits ? (
        <p>
          <span className={styles.count}>{count(card.count)}</span>{" "}
          <span className="dim">{WAITS[card.kind] ?? ""}</span>
        </p>
      ) : null}
      <Refused error={claim.error} />
      <div className={styles.act}>
        {waits || ALWAYS.has(card.kind) ? (
          <Button variant={first ? "filled" : "default"} onClick={open} loading={claim.isPending}>
            {card.title}
          </Button>
        ) : (
          <span className="dim">{card.kind === "claim" ? "Nothing waits for you" : "Nothing waits"}</span>
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
      <Empty
        title="No project yet"
        action={<Button onClick={() => navigate({ to: "/projects" })}>Create the first project</Button>}
      >
        A project is one dataset under construction. Choose its protocol, bring data in, and give people their
        roles.
      </Empty>
    ) : (
      <Empty title="No work for you yet">
        Nobody has given you a role in a project so far. Ask the person who invited you; this page changes by
        itself.
      </Empty>
    );
  }
  const groups = byRole(home.data);
  return (
    <div className="stack loose">
      <h1>Hello, {me?.user.printed_name}</h1>
      <Feedback />
      <div className={styles.roles}>
        {groups.map((group) => (
          <section key={group.role} aria-label={title(group.role)}>
            <h2 className={styles.role}>{title(group.role)}</h2>
            <div className={styles.cards}>
              {group.cards.map((card, index) => (
                <Card
                  key={`${card.project}/${card.kind}/${card.title}`}
                  card={card}
                  first={index === 0 && (card.count > 0 || ALWAYS.has(card.kind))}
                />
              ))}
            </div>
          </section>
        ))}
      </div>
    </div>
  );
}
